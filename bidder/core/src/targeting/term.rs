//! One condition in the form in which it is compared.

use std::fmt::Write as _;
use std::sync::Arc;

use contracts::catalog::{Circle, ListKind, SizeRange, Within};
use openrtb::Raw;

use super::path::Path;
use super::program::Truth;
use super::version::Version;
use super::{Words, distance, is_among};
use crate::daypart::WeekHours;
use crate::eligibility::schedule::WeekHour;
use crate::facts::{Dimension, Facts, is_of_taxonomy};

/// What conditions are judged by.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What the request and its user say.
    pub facts: &'a Facts,
    /// The hour of the week in each of the market's time zones.
    pub hours: &'a [WeekHour],
    /// The request itself, where a condition may look at a place of it.
    pub request: Option<Raw<'a>>,
}

/// Versions of one operating system.
#[derive(Debug, Clone)]
pub(super) struct Versions {
    pub(super) os: Arc<str>,
    pub(super) min: Option<Version>,
    pub(super) max: Option<Version>,
}

/// A segment that the user was in lately, or often.
#[derive(Debug, Clone)]
pub(super) struct Visited {
    pub(super) segment: Arc<str>,
    pub(super) within: Option<Within>,
    pub(super) at_least: u32,
}

#[derive(Debug, Clone)]
pub(super) enum Condition {
    /// One of these is among the values of a dimension.
    Values(Dimension, Words),
    /// One of these categories of a taxonomy.
    Categories(Words, i32),
    /// The hour of a time zone of the market, or the user's.
    Hours(WeekHours, Option<usize>),
    Versions(Box<[Versions]>),
    Sizes(Box<[SizeRange]>),
    Circles(Box<[Circle]>),
    Visits(Box<[Visited]>),
    /// One of these lists holds something of the request; their kinds.
    Lists(Words, Box<[ListKind]>),
    Path(Box<Path>),
}

/// A condition, and what it is where the request does not say.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) condition: Condition,
    /// True where it would be unknown.
    pub(super) unknown_matches: bool,
    /// Its key and values, as the catalog writes them.
    pub(super) words: Box<str>,
}

impl Term {
    /// Whether it may differ from imp to imp.
    pub(super) const fn is_of_imp(&self) -> bool {
        match &self.condition {
            Condition::Values(dimension, _) => dimension.is_of_imp(),
            Condition::Sizes(_) => true,
            Condition::Categories(..)
            | Condition::Hours(..)
            | Condition::Versions(_)
            | Condition::Circles(_)
            | Condition::Visits(_)
            | Condition::Lists(..)
            | Condition::Path(_) => false,
        }
    }

    pub(super) fn truth(&self, view: &View<'_>) -> Truth {
        let truth = self.condition.truth(view);
        if truth == Truth::Unknown && self.unknown_matches {
            return Truth::True;
        }
        truth
    }

    /// What the request says of it.
    pub(super) fn seen(&self, view: &View<'_>) -> String {
        let facts = view.facts;
        match &self.condition {
            Condition::Values(dimension, _) => listed(facts.values(*dimension)),
            Condition::Categories(..) => listed(facts.values(Dimension::Category)),
            Condition::Hours(_, zone) => match hour(view, *zone) {
                Some(WeekHour { day, hour }) => format!("day {day} hour {hour} of the week"),
                None => "nothing".to_owned(),
            },
            Condition::Versions(_) => {
                let mut seen = listed(facts.values(Dimension::Os));
                if let Some(version) = facts.os_version {
                    let _ = write!(seen, " {version}");
                }
                seen
            }
            Condition::Sizes(_) => listed(facts.values(Dimension::Size)),
            Condition::Circles(_) => match facts.place {
                Some((lat, lon)) => format!("{lat}, {lon}"),
                None => "nothing".to_owned(),
            },
            Condition::Visits(_) => listed(facts.values(Dimension::Segment)),
            Condition::Lists(..) => listed(facts.values(Dimension::List)),
            Condition::Path(path) => match path.truth(view.request) {
                Truth::Unknown => "nothing".to_owned(),
                Truth::True | Truth::False => "a value".to_owned(),
            },
        }
    }
}

impl Condition {
    fn truth(&self, view: &View<'_>) -> Truth {
        let facts = view.facts;
        match self {
            Self::Values(dimension, words) => {
                among(facts, *dimension, words, || facts.is_known(*dimension))
            }
            Self::Categories(words, cattax) => among(facts, Dimension::Category, words, || {
                facts
                    .values(Dimension::Category)
                    .any(|it| is_of_taxonomy(it, *cattax))
            }),
            Self::Hours(hours, zone) => hour(view, *zone).map_or(Truth::Unknown, |it| {
                Truth::of(hours.contains(it.day, it.hour))
            }),
            Self::Versions(ranges) => any(ranges.iter().map(|it| it.truth(facts))),
            Self::Sizes(ranges) => {
                if facts.sizes.is_empty() {
                    return Truth::Unknown;
                }
                let fits = |it: &SizeRange| facts.sizes.iter().any(|s| it.contains(s.w, s.h));
                Truth::of(ranges.iter().any(fits))
            }
            Self::Circles(circles) => facts.place.map_or(Truth::Unknown, |place| {
                Truth::of(circles.iter().any(|it| distance::contains(it, place)))
            }),
            Self::Visits(wanted) => {
                if !facts.is_known(Dimension::Segment) {
                    return Truth::Unknown;
                }
                Truth::of(wanted.iter().any(|it| it.holds(facts)))
            }
            Self::Lists(words, kinds) => among(facts, Dimension::List, words, || {
                let known = |kind: &ListKind| facts.is_known(super::looked_up(*kind));
                kinds.iter().all(known)
            }),
            Self::Path(path) => path.truth(view.request),
        }
    }
}

impl Versions {
    fn truth(&self, facts: &Facts) -> Truth {
        if !facts.is_known(Dimension::Os) {
            return Truth::Unknown;
        }
        if !facts.values(Dimension::Os).any(|it| *it == *self.os) {
            return Truth::False;
        }
        let Some(version) = facts.os_version else {
            return Truth::Unknown;
        };
        let old_enough = self.max.is_none_or(|max| version.against(&max).is_le());
        let new_enough = self.min.is_none_or(|min| version.against(&min).is_ge());
        Truth::of(old_enough && new_enough)
    }
}

impl Visited {
    fn holds(&self, facts: &Facts) -> bool {
        let since = self
            .within
            .map(|within| facts.now.0.saturating_sub(i64::from(within.0) * 1_000));
        facts.visit(&self.segment).is_some_and(|visit| {
            visit.count >= self.at_least && since.is_none_or(|since| visit.last_seen.0 >= since)
        })
    }
}

fn among(
    facts: &Facts,
    dimension: Dimension,
    words: &Words,
    is_known: impl FnOnce() -> bool,
) -> Truth {
    let there = if words.len() <= facts.count(dimension) {
        words.iter().any(|word| facts.has(dimension, word))
    } else {
        facts.values(dimension).any(|it| is_among(words, it))
    };
    if there {
        Truth::True
    } else if is_known() {
        Truth::False
    } else {
        Truth::Unknown
    }
}

/// OR in Kleene's logic.
fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    truths.fold(Truth::False, |so_far, truth| match (so_far, truth) {
        (Truth::True, _) | (_, Truth::True) => Truth::True,
        (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
        (Truth::False, Truth::False) => Truth::False,
    })
}

fn hour(view: &View<'_>, zone: Option<usize>) -> Option<WeekHour> {
    match zone {
        Some(zone) => view.hours.get(zone).copied(),
        None => view.facts.user_hour,
    }
}

/// At most the first twelve values, in words.
#[must_use]
pub fn listed<'t>(values: impl Iterator<Item = &'t str>) -> String {
    let mut out = String::new();
    for (at, value) in values.enumerate() {
        if at == 12 {
            out.push_str(", …");
            break;
        }
        if at > 0 {
            out.push_str(", ");
        }
        out.push_str(value);
    }
    if out.is_empty() {
        out.push_str("nothing");
    }
    out
}
