//! The creative registry as an auction asks it.

use contracts::catalog::{CreativeVerdict, MarkupHash, Verdict};

/// Verdicts on creatives of DSPs, in the order in which they are looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registry {
    /// Sorted by partner, `crid` and markup; lines without markup come first of a `crid`.
    lines: Vec<CreativeVerdict>,
}

impl Registry {
    /// The registry of these lines. Of two about the same the one that comes later counts; one that is pending
    /// decides nothing, so that what is said of its `crid` still counts.
    #[must_use]
    pub fn new(lines: &[CreativeVerdict]) -> Self {
        let decided = lines.iter().filter(|line| line.verdict != Verdict::Pending);
        let mut lines: Vec<CreativeVerdict> = decided.cloned().collect();
        // Stable, so that the later of two equals is the last.
        lines.sort_by(|a, b| key(a).cmp(&key(b)));
        Self { lines }
    }

    /// What was decided on a creative: the verdict on this very markup, else the one on its `crid`.
    ///
    /// Markup is hashed only where the registry has a line about some markup of this `crid`.
    #[must_use]
    pub fn verdict(&self, partner: &str, crid: &str, markup: Option<&str>) -> Option<Verdict> {
        let of = |line: &CreativeVerdict| {
            (line.partner.as_str(), line.crid.as_str()).cmp(&(partner, crid))
        };
        let first = self.lines.partition_point(|line| of(line).is_lt());
        let lines = self.lines.get(first..)?;
        let lines = lines.get(..lines.partition_point(|line| of(line).is_eq()))?;
        let whatever = lines.partition_point(|line| line.markup.is_none());
        let (whatever, exact) = lines.split_at_checked(whatever)?;
        let exact = markup
            .filter(|_| !exact.is_empty())
            .map(MarkupHash::of)
            .and_then(|hash| exact.iter().rfind(|line| line.markup == Some(hash)));
        exact.or(whatever.last()).map(|line| line.verdict)
    }
}

fn key(line: &CreativeVerdict) -> (&str, &str, Option<MarkupHash>) {
    (line.partner.as_str(), &line.crid, line.markup)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(partner: &str, crid: &str, markup: Option<&str>, verdict: Verdict) -> CreativeVerdict {
        CreativeVerdict {
            partner: partner.into(),
            crid: crid.to_owned(),
            markup: markup.map(MarkupHash::of),
            verdict,
        }
    }

    #[test]
    fn the_closest_line_counts() {
        use Verdict::{Approved, Blocked, Pending};
        let registry = Registry::new(&[
            line("b", "1", None, Approved),
            line("a", "1", Some("<i>"), Approved),
            line("a", "1", None, Blocked),
            line("a", "2", Some("<b>"), Pending),
            line("a", "3", None, Blocked),
            line("a", "3", None, Approved),
            line("a", "5", Some("<b>"), Pending),
            line("a", "5", None, Approved),
            line("a", "12", None, Blocked),
        ]);
        #[rustfmt::skip]
        let cases = [
            ("this very markup", "a", "1", Some("<i>"), Some(Approved)),
            ("any other of the crid", "a", "1", Some("<u>"), Some(Blocked)),
            ("no markup yet", "a", "1", None, Some(Blocked)),
            ("another DSP's creative of the same name", "b", "1", Some("<u>"), Some(Approved)),
            ("only other markup is known", "a", "2", Some("<u>"), None),
            ("known and pending: nothing is decided", "a", "2", Some("<b>"), None),
            ("pending under a crid that is decided on", "a", "5", Some("<b>"), Some(Approved)),
            ("the later of two", "a", "3", None, Some(Approved)),
            ("unknown", "a", "4", None, None),
            ("unknown DSP", "c", "1", None, None),
        ];
        for (says, partner, crid, markup, expect) in cases {
            assert_eq!(registry.verdict(partner, crid, markup), expect, "{says}");
        }
    }
}
