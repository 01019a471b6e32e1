//! From rounds to a figure, and from a figure to a verdict.

use std::fmt;

/// Medians with their ranges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
}

impl Range {
    /// Of at least one number; of none it is all zero.
    pub(super) fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let at = |place: usize| numbers.get(place).copied().unwrap_or_default();
        let last = numbers.len().saturating_sub(1);
        Self {
            low: at(0),
            median: f64::midpoint(at(last / 2), at(last.div_ceil(2))),
            high: at(last),
        }
    }

    pub(super) const fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    /// With so many decimals.
    pub(super) fn shown(&self, decimals: usize) -> String {
        let Self { low, median, high } = self;
        format!("**{median:.decimals$}** ({low:.decimals$} to {high:.decimals$})")
    }
}

/// Which way a figure is good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Must {
    AtLeast(f64),
    AtMost(f64),
}

impl Must {
    /// Met or missed by the whole range; by a part of it, nothing is concluded.
    pub(super) fn judge(self, range: &Range) -> Verdict {
        let (worst, best, good): (f64, f64, fn(f64, f64) -> bool) = match self {
            Self::AtLeast(_) => (range.low, range.high, |found, limit| found >= limit),
            Self::AtMost(_) => (range.high, range.low, |found, limit| found <= limit),
        };
        let limit = self.limit();
        if good(worst, limit) {
            Verdict::Met
        } else if good(best, limit) {
            Verdict::Open("the rounds lie on both sides of the figure".to_owned())
        } else {
            Verdict::Missed
        }
    }

    const fn limit(self) -> f64 {
        match self {
            Self::AtLeast(limit) | Self::AtMost(limit) => limit,
        }
    }
}

/// What the rounds say of a figure.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    Met,
    Missed,
    /// Nothing is concluded, and why.
    Open(String),
}

impl Verdict {
    /// A miss is not concluded from where there is a reason not to.
    pub(super) fn unless(self, reason: Option<String>) -> Self {
        match (self, reason) {
            (Self::Missed, Some(why)) => Self::Open(why),
            (verdict, _) => verdict,
        }
    }

    /// The worse of two: a figure with two limits keeps both.
    pub(super) fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Open(_), _) | (_, Self::Met) => self,
            (Self::Met | Self::Missed, _) if matches!(other, Self::Open(_)) => other,
            (Self::Missed, _) => self,
            (Self::Met, _) => other,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Met => f.write_str("met"),
            Self::Missed => f.write_str("**missed**"),
            Self::Open(why) => write!(f, "not concluded: {why}"),
        }
    }
}

/// Above this share of its core the generator, not the server, is measured.
const BUSIEST_GENERATOR: f64 = 0.90;

/// Why a comparison with bare hyper says nothing, if so: `busy` are the generator's shares of its core.
pub(super) fn refusal(own: &Range, hyper: &Range, busy: &[f64]) -> Option<String> {
    let busiest = busy.iter().copied().fold(0.0, f64::max);
    if busiest > BUSIEST_GENERATOR {
        return Some(format!(
            "the generator's core was {:.0} % busy with it",
            busiest * 100.0
        ));
    }
    own.overlaps(hyper)
        .then(|| "its range overlaps that of bare hyper".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: f64, median: f64, high: f64) -> Range {
        Range { low, median, high }
    }

    #[test]
    fn a_range_is_lowest_median_highest() {
        for (numbers, expect) in [
            (vec![3.0, 1.0, 2.0], range(1.0, 2.0, 3.0)),
            (vec![4.0, 1.0, 2.0, 3.0], range(1.0, 2.5, 4.0)),
            (vec![5.0], range(5.0, 5.0, 5.0)),
            (vec![], range(0.0, 0.0, 0.0)),
        ] {
            assert_eq!(Range::of(numbers.clone()), expect, "{numbers:?}");
        }
        assert_eq!(range(0.1, 0.25, 0.31).shown(2), "**0.25** (0.10 to 0.31)");
    }

    #[test]
    fn a_figure_is_met_or_missed_by_the_whole_range_only() {
        let open = Verdict::Open("the rounds lie on both sides of the figure".into());
        for (must, range, expect) in [
            (Must::AtLeast(0.25), range(0.25, 0.3, 0.4), Verdict::Met),
            (Must::AtLeast(0.25), range(0.1, 0.2, 0.24), Verdict::Missed),
            (Must::AtLeast(0.25), range(0.2, 0.26, 0.3), open.clone()),
            (Must::AtMost(12.0), range(5.0, 6.0, 12.0), Verdict::Met),
            (Must::AtMost(12.0), range(13.0, 14.0, 15.0), Verdict::Missed),
            (Must::AtMost(12.0), range(11.0, 12.5, 13.0), open),
        ] {
            assert_eq!(must.judge(&range), expect, "{must:?} {range:?}");
        }
    }

    #[test]
    fn of_two_verdicts_the_worse_stands() {
        let open = || Verdict::Open("why".into());
        for (one, other, expect) in [
            (Verdict::Met, Verdict::Met, Verdict::Met),
            (Verdict::Met, Verdict::Missed, Verdict::Missed),
            (Verdict::Missed, Verdict::Met, Verdict::Missed),
            (Verdict::Missed, open(), open()),
            (open(), Verdict::Met, open()),
            (Verdict::Met, open(), open()),
        ] {
            assert_eq!(one.clone().and(other.clone()), expect, "{one:?} {other:?}");
        }
        let why = || Some("why".to_owned());
        assert_eq!(Verdict::Missed.unless(why()), open());
        assert_eq!(Verdict::Missed.unless(None), Verdict::Missed);
        assert_eq!(Verdict::Met.unless(why()), Verdict::Met);
    }

    #[test]
    fn nothing_is_concluded_from_a_busy_generator_or_from_ranges_that_overlap() {
        let (own, hyper) = (range(80.0, 90.0, 95.0), range(10.0, 11.0, 12.0));
        assert_eq!(refusal(&own, &hyper, &[0.4, 0.9]), None);
        let busy = refusal(&own, &hyper, &[0.4, 0.91]).unwrap();
        assert!(busy.contains("91 %"), "{busy}");
        let near = range(12.0, 13.0, 14.0);
        assert!(refusal(&near, &hyper, &[0.1]).unwrap().contains("overlaps"));
    }
}
