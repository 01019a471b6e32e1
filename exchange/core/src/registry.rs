//! The creative registry as an auction asks it.

use contracts::catalog::{CreativeName, CreativeVerdict, MarkupHash, Verdict};
use openrtb::{Bid, Str};

/// A creative as its bid tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Creative<'b> {
    /// What names it among those of its DSP.
    pub name: CreativeName<'b>,
    /// Its markup; absent where the win notice is to bring it.
    pub markup: Option<&'b str>,
    /// A picture of it, which can be reviewed before there is markup: `iurl` (C-133).
    pub picture: Option<&'b str>,
    /// Whose picture that is: `adomain`.
    pub adomain: &'b [Str<'b>],
}

impl<'b> Creative<'b> {
    /// The creative of a bid.
    #[must_use]
    pub fn of(bid: &'b Bid<'b>) -> Self {
        let given = |text: Option<&'b str>| text.filter(|text| !text.trim().is_empty());
        Self {
            name: CreativeName::of(bid.crid.as_deref(), bid.adid.as_deref()),
            markup: bid.adm(),
            picture: given(bid.iurl.as_deref()),
            adomain: &bid.adomain,
        }
    }

    /// Whether anything tells it from other creatives of its DSP.
    #[must_use]
    pub const fn is_told_apart(&self) -> bool {
        let is_named = !matches!(self.name, CreativeName::Unnamed);
        is_named || self.markup.is_some() || self.picture.is_some()
    }

    /// What names what it shows: its markup, else its picture and advertiser.
    #[must_use]
    pub fn shown(&self) -> Option<MarkupHash> {
        let markup = self.markup.map(MarkupHash::of);
        markup.or_else(|| self.preview())
    }

    fn preview(&self) -> Option<MarkupHash> {
        let adomain = self.adomain.iter().map(|domain| &**domain);
        let picture = self.picture?;
        Some(MarkupHash::of_preview(picture, adomain))
    }
}

/// Verdicts on creatives of DSPs, in the order in which they are looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registry {
    /// Sorted by partner, name and markup; lines without markup come first of a name.
    lines: Vec<CreativeVerdict>,
}

impl Registry {
    /// The registry of these lines. Of two about the same the one that comes later counts; one that is pending
    /// decides nothing, so that what is said of its name still counts.
    #[must_use]
    pub fn new(lines: &[CreativeVerdict]) -> Self {
        let decided = lines.iter().filter(|line| line.verdict != Verdict::Pending);
        let mut lines: Vec<CreativeVerdict> = decided.cloned().collect();
        // Stable, so that the later of two equals is the last.
        lines.sort_by(|a, b| key(a).cmp(&key(b)));
        Self { lines }
    }

    /// What was decided on a creative: the verdict on this very markup, else the one on its picture and advertiser,
    /// else the one on its name.
    ///
    /// Markup is hashed only where the registry has a line about some markup of this name.
    #[must_use]
    pub fn verdict(&self, partner: &str, creative: &Creative<'_>) -> Option<Verdict> {
        let (whatever, exact) = self.lines_on(partner, creative.name);
        let on = |hash: MarkupHash| exact.iter().rfind(|line| line.markup == Some(hash));
        let shown = || {
            let markup = creative.markup.map(MarkupHash::of).and_then(on);
            markup.or_else(|| creative.preview().and_then(on))
        };
        let exact = if exact.is_empty() { None } else { shown() };
        exact.or(whatever.last()).map(|line| line.verdict)
    }

    /// What was decided on whatever comes under a name.
    #[must_use]
    pub fn verdict_on_name(&self, partner: &str, name: CreativeName<'_>) -> Option<Verdict> {
        let (whatever, _) = self.lines_on(partner, name);
        whatever.last().map(|line| line.verdict)
    }

    /// The lines about a name: those about whatever comes under it, and those about something of it.
    fn lines_on(
        &self,
        partner: &str,
        name: CreativeName<'_>,
    ) -> (&[CreativeVerdict], &[CreativeVerdict]) {
        let of =
            |line: &CreativeVerdict| (line.partner.as_str(), line.name()).cmp(&(partner, name));
        let first = self.lines.partition_point(|line| of(line).is_lt());
        let lines = self.lines.get(first..).unwrap_or_default();
        let count = lines.partition_point(|line| of(line).is_eq());
        let lines = lines.get(..count).unwrap_or_default();
        lines.split_at(lines.partition_point(|line| line.markup.is_none()))
    }
}

fn key(line: &CreativeVerdict) -> (&str, CreativeName<'_>, Option<MarkupHash>) {
    (line.partner.as_str(), line.name(), line.markup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use CreativeName::{Adid, Crid, Unnamed};
    use proptest::prelude::*;

    fn line(
        partner: &str,
        name: CreativeName<'_>,
        markup: Option<MarkupHash>,
        verdict: Verdict,
    ) -> CreativeVerdict {
        let (crid, adid) = match name {
            Crid(crid) => (crid, None),
            Adid(adid) => ("", Some(adid)),
            Unnamed => ("", None),
        };
        CreativeVerdict {
            partner: partner.into(),
            crid: crid.to_owned(),
            adid: adid.map(str::to_owned),
            markup,
            verdict,
        }
    }

    fn creative<'b>(
        name: CreativeName<'b>,
        markup: Option<&'b str>,
        picture: Option<&'b str>,
    ) -> Creative<'b> {
        Creative {
            name,
            markup,
            picture,
            adomain: &[],
        }
    }

    #[test]
    fn the_closest_line_counts() {
        use Verdict::{Approved, Blocked, Pending};
        let markup = |text: &str| Some(MarkupHash::of(text));
        let picture = |iurl: &str| Some(MarkupHash::of_preview(iurl, []));
        let registry = Registry::new(&[
            line("b", Crid("1"), None, Approved),
            line("a", Crid("1"), markup("<i>"), Approved),
            line("a", Crid("1"), None, Blocked),
            line("a", Crid("2"), markup("<b>"), Pending),
            line("a", Crid("3"), None, Blocked),
            line("a", Crid("3"), None, Approved),
            line("a", Crid("5"), markup("<b>"), Pending),
            line("a", Crid("5"), None, Approved),
            line("a", Crid("6"), picture("p"), Blocked),
            line("a", Crid("6"), markup("<b>"), Approved),
            line("a", Crid("6"), None, Approved),
            line("a", Crid("12"), None, Blocked),
            line("a", Adid("1"), None, Approved),
            line("a", Unnamed, markup("<i>"), Blocked),
            line("a", Unnamed, picture("p"), Approved),
        ]);
        #[rustfmt::skip]
        let cases = [
            ("this very markup", "a", Crid("1"), Some("<i>"), None, Some(Approved)),
            ("any other of the crid", "a", Crid("1"), Some("<u>"), None, Some(Blocked)),
            ("no markup yet", "a", Crid("1"), None, None, Some(Blocked)),
            ("another DSP's creative of the same name", "b", Crid("1"), Some("<u>"), None, Some(Approved)),
            ("only other markup is known", "a", Crid("2"), Some("<u>"), None, None),
            ("known and pending: nothing is decided", "a", Crid("2"), Some("<b>"), None, None),
            ("pending under a crid that is decided on", "a", Crid("5"), Some("<b>"), None, Some(Approved)),
            ("the later of two", "a", Crid("3"), None, None, Some(Approved)),
            ("unknown", "a", Crid("4"), None, None, None),
            ("unknown DSP", "c", Crid("1"), None, None, None),
            ("its picture, while there is no markup", "a", Crid("6"), None, Some("p"), Some(Blocked)),
            ("its picture, where nothing is said of the markup", "a", Crid("6"), Some("<u>"), Some("p"), Some(Blocked)),
            ("the markup goes before the picture", "a", Crid("6"), Some("<b>"), Some("p"), Some(Approved)),
            ("another picture", "a", Crid("6"), None, Some("q"), Some(Approved)),
            ("an adid is another name than the same crid", "a", Adid("1"), Some("<i>"), None, Some(Approved)),
            ("markup without a name", "a", Unnamed, Some("<i>"), None, Some(Blocked)),
            ("other markup without a name", "a", Unnamed, Some("<u>"), None, None),
            ("a picture without a name", "a", Unnamed, None, Some("p"), Some(Approved)),
            ("nothing at all", "a", Unnamed, None, None, None),
        ];
        for (says, partner, name, markup, picture, expect) in cases {
            let creative = creative(name, markup, picture);
            let found = registry.verdict(partner, &creative);
            assert_eq!(found, expect, "{says}");
        }
        assert_eq!(registry.verdict_on_name("a", Crid("1")), Some(Blocked));
        assert_eq!(registry.verdict_on_name("a", Unnamed), None);
    }

    /// Names and markup of which some are alike.
    const NAMES: [CreativeName<'static>; 5] =
        [Unnamed, Adid("1"), Adid("2"), Crid("1"), Crid("11")];
    const TEXTS: [&str; 3] = ["<b>", "<i>", "1"];

    proptest! {
        #[test]
        fn looking_up_is_the_same_as_reading_all_lines(
            told in proptest::collection::vec((0..2_usize, 0..5_usize, 0..7_usize, 0..3_usize), 0..24),
            (partner, name, markup, picture) in (0..2_usize, 0..5_usize, 0..4_usize, 0..4_usize),
        ) {
            const PARTNERS: [&str; 2] = ["a", "ab"];
            const VERDICTS: [Verdict; 3] = [Verdict::Pending, Verdict::Approved, Verdict::Blocked];
            let shown = |at: usize| match at {
                0..3 => Some(MarkupHash::of(TEXTS[at])),
                3..6 => Some(MarkupHash::of_preview(TEXTS[at - 3], [])),
                _ => None,
            };
            let lines: Vec<CreativeVerdict> = told
                .iter()
                .map(|(p, n, m, v)| line(PARTNERS[*p], NAMES[*n], shown(*m), VERDICTS[*v]))
                .collect();
            let asked = creative(NAMES[name], TEXTS.get(markup).copied(), TEXTS.get(picture).copied());
            let on = |hash: Option<MarkupHash>| {
                let mut lines = lines.iter().rev();
                lines.find(|line| {
                    line.verdict != Verdict::Pending
                        && line.partner.as_str() == PARTNERS[partner]
                        && line.name() == asked.name
                        && line.markup == hash
                })
            };
            let of_markup = asked.markup.map(MarkupHash::of).and_then(|hash| on(Some(hash)));
            let of_picture = asked.preview().and_then(|hash| on(Some(hash)));
            let expect = of_markup.or(of_picture).or(on(None)).map(|line| line.verdict);
            let found = Registry::new(&lines).verdict(PARTNERS[partner], &asked);
            prop_assert_eq!(found, expect);
        }
    }
}
