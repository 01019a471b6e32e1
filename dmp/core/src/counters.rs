//! How often a user's events were seen, by UTC day: as much as the segment rules ask for.

use std::collections::{BTreeMap, BTreeSet};

use contracts::profile::{Rule, SegmentRule};
use serde::{Deserialize, Serialize};
use units::UnixMillis;

/// Days that are counted at most, whatever a rule asks for: bidders read the counters with the profile.
const MOST_DAYS: i64 = 90;
const DAY_MS: i64 = 86_400_000;

/// Events of each type by day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counters(BTreeMap<String, BTreeMap<i64, u32>>);

impl Counters {
    /// Counts one event, unless no rule asks for its type or it is too old to matter.
    pub(crate) fn note(
        &mut self,
        event_type: &str,
        at: UnixMillis,
        now: UnixMillis,
        wanted: &Wanted<'_>,
    ) {
        if !wanted.types.contains(event_type) || day(at) <= day(now).saturating_sub(wanted.days) {
            return;
        }
        let count = self
            .0
            .entry(event_type.to_owned())
            .or_default()
            .entry(day(at))
            .or_default();
        *count = count.saturating_add(1);
    }

    /// Forgets days and types that no rule asks for.
    pub(crate) fn forget(&mut self, now: UnixMillis, wanted: &Wanted<'_>) {
        let first = day(now).saturating_sub(wanted.days);
        self.0.retain(|event_type, days| {
            days.retain(|day, _count| *day > first);
            wanted.types.contains(event_type.as_str()) && !days.is_empty()
        });
    }

    /// Events of a type within the last `days` UTC days, today included.
    #[must_use]
    pub fn count(&self, event_type: &str, days: u32, now: UnixMillis) -> u32 {
        let first = day(now).saturating_sub(i64::from(days));
        self.0.get(event_type).map_or(0, |by_day| {
            by_day
                .iter()
                .filter(|(day, _count)| **day > first)
                .fold(0, |sum, (_day, count)| sum.saturating_add(*count))
        })
    }
}

/// Which events the rules ask for.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    types: BTreeSet<&'a str>,
    days: i64,
}

impl<'a> Wanted<'a> {
    pub(crate) fn by(rules: &'a [SegmentRule]) -> Self {
        let mut wanted = Self::default();
        for rule in rules.iter().filter_map(|segment| segment.rule.as_ref()) {
            wanted.add(rule);
        }
        wanted
    }

    fn add(&mut self, rule: &'a Rule) {
        match rule {
            Rule::All(rules) | Rule::Any(rules) => {
                for rule in rules {
                    self.add(rule);
                }
            }
            Rule::Not(rule) => self.add(rule),
            Rule::Event {
                event_type,
                within_days,
                ..
            } => {
                self.types.insert(event_type);
                self.days = self.days.max(i64::from(*within_days).min(MOST_DAYS));
            }
            Rule::Behavior(_)
            | Rule::Interest(_)
            | Rule::Age { .. }
            | Rule::DeviceType(_)
            | Rule::Country(_) => {}
        }
    }
}

fn day(at: UnixMillis) -> i64 {
    at.0.div_euclid(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(20_000 * DAY_MS + 5);

    fn rules() -> Vec<SegmentRule> {
        vec![SegmentRule {
            id: "buyers".into(),
            name: String::new(),
            rule: Some(Rule::Not(Box::new(Rule::Event {
                event_type: "purchase".into(),
                at_least: 2,
                within_days: 3,
            }))),
        }]
    }

    #[test]
    fn counts_what_rules_ask_for() {
        let rules = rules();
        let wanted = Wanted::by(&rules);
        let mut counters = Counters::default();
        for (event_type, days_ago) in [
            ("purchase", 0),
            ("purchase", 2),
            ("purchase", 3),
            ("page_view", 0),
        ] {
            let at = UnixMillis(NOW.0 - days_ago * DAY_MS);
            counters.note(event_type, at, NOW, &wanted);
        }
        assert_eq!(
            counters.count("purchase", 3, NOW),
            2,
            "today and two days ago"
        );
        assert_eq!(counters.count("purchase", 1, NOW), 1, "today");
        assert_eq!(
            counters.count("page_view", 3, NOW),
            0,
            "no rule asks for it"
        );
        let later = UnixMillis(NOW.0 + DAY_MS);
        counters.forget(later, &wanted);
        assert_eq!(counters.count("purchase", 90, later), 1);
        counters.forget(later, &Wanted::default());
        assert_eq!(counters, Counters::default());
    }
}
