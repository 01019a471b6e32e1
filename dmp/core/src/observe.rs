//! What events tell of a user: interests and behaviours, by rules that are data.

use std::collections::BTreeSet;

use contracts::profile::SegmentRule;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use units::UnixMillis;

use crate::counters::Wanted;
use crate::event::Event;
use crate::user::User;

/// The consent purpose without which nothing is learnt from events; absent counts as given.
pub const PROFILING: &str = "profiling";
/// Interests, and behaviours, that a profile holds at most.
pub const MOST_WORDS: usize = 256;
/// Longest interest or behaviour in bytes.
pub const LONGEST_WORD: usize = 64;

/// What events are turned into.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derivation {
    /// Properties whose value (a string, or a list of them) is an interest.
    #[serde(default)]
    pub interest_properties: Vec<String>,
    /// Behaviours, and the events that show them.
    #[serde(default)]
    pub behaviors: Vec<Shows>,
}

/// Events of a type show a behaviour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shows {
    /// The event's type.
    pub event_type: String,
    /// What it shows.
    pub behavior: String,
}

/// Why an event counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It is in the same call already.
    Duplicate,
    /// The user refuses profiling.
    NoConsent,
}

/// An event that counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// Its place in the call.
    pub index: usize,
    /// Why.
    pub reason: Why,
}

/// What became of the events of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// How many count.
    pub accepted: usize,
    /// Those that do not.
    pub ignored: Vec<Ignored>,
}

/// Learns from events.
pub fn observe(
    user: &mut User,
    events: &[Event],
    derivation: &Derivation,
    rules: &[SegmentRule],
    now: UnixMillis,
) -> Observed {
    let wanted = Wanted::by(rules);
    let refused = user.profile.consent.get(PROFILING) == Some(&false);
    let mut seen = BTreeSet::new();
    let mut observed = Observed::default();
    for (index, event) in events.iter().enumerate() {
        let reason = if refused {
            Some(Why::NoConsent)
        } else if seen.insert(identity(event)) {
            None
        } else {
            Some(Why::Duplicate)
        };
        if let Some(reason) = reason {
            observed.ignored.push(Ignored { index, reason });
            continue;
        }
        observed.accepted += 1;
        learn(user, event, derivation);
        user.memory
            .counters
            .note(&event.event_type, event.at, now, &wanted);
    }
    user.memory.counters.forget(now, &wanted);
    observed
}

fn learn(user: &mut User, event: &Event, derivation: &Derivation) {
    for property in &derivation.interest_properties {
        match event.properties.get(property) {
            Some(Value::String(word)) => add(&mut user.profile.interests, word),
            Some(Value::Array(words)) => {
                for word in words.iter().filter_map(Value::as_str) {
                    add(&mut user.profile.interests, word);
                }
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {}
        }
    }
    for shows in &derivation.behaviors {
        if shows.event_type == event.event_type {
            add(&mut user.profile.behaviors, &shows.behavior);
        }
    }
}

/// Adds a word once. What is not a word, or finds the profile full, is left out: the event still counts.
fn add(words: &mut Vec<String>, word: &str) {
    let word = word.trim();
    let fits = !word.is_empty()
        && word.len() <= LONGEST_WORD
        && words.len() < MOST_WORDS
        && !word.chars().any(char::is_control);
    if fits && !words.iter().any(|known| known == word) {
        words.push(word.to_owned());
    }
}

fn identity(event: &Event) -> (&str, Option<&str>, UnixMillis, String) {
    let properties = serde_json::to_string(&event.properties).unwrap_or_default();
    (
        &event.event_type,
        event.page_url.as_deref(),
        event.at,
        properties,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::read_all;

    const NOW: UnixMillis = UnixMillis(1_767_225_600_000);

    fn derivation() -> Derivation {
        Derivation {
            interest_properties: vec!["category".into()],
            behaviors: vec![Shows {
                event_type: "purchase".into(),
                behavior: "buyer".into(),
            }],
        }
    }

    #[test]
    fn events_become_interests_and_behaviours() {
        let cases = [
            (
                "a category is an interest",
                json!([{"event_type": "page_view", "properties": {"category": " books "}}]),
                (&["books"][..], &[][..]),
            ),
            (
                "each once, lists as well",
                json!([
                    {"event_type": "a", "properties": {"category": ["books", "music", 3, ""]}},
                    {"event_type": "b", "properties": {"category": "music"}},
                ]),
                (&["books", "music"][..], &[][..]),
            ),
            (
                "a purchase makes a buyer",
                json!([{"event_type": "purchase"}, {"event_type": "purchase", "page_url": "x"}]),
                (&[][..], &["buyer"][..]),
            ),
            (
                "other events and properties tell nothing",
                json!([{"event_type": "view", "properties": {"color": "red", "category": {}}}]),
                (&[][..], &[][..]),
            ),
            (
                "no word has control characters or is longer than 64 bytes",
                json!([{"event_type": "view", "properties": {"category": ["a\nb", "x".repeat(65)]}}]),
                (&[][..], &[][..]),
            ),
        ];
        for (says, events, (interests, behaviors)) in cases {
            let events = read_all(&json!({"events": events}), NOW).unwrap();
            let mut user = User::unknown("u".into());
            let observed = observe(&mut user, &events, &derivation(), &[], NOW);
            assert_eq!(observed.accepted, events.len(), "{says}");
            assert_eq!(user.profile.interests, interests, "{says}");
            assert_eq!(user.profile.behaviors, behaviors, "{says}");
        }
    }

    #[test]
    fn what_counts_for_nothing() {
        let events = json!({"events": [
            {"event_type": "a", "timestamp": "2024-01-01T12:00:00Z"},
            {"event_type": "a", "timestamp": "2024-01-01T12:00:00Z"},
            {"event_type": "a", "timestamp": "2024-01-01T12:00:01Z"},
        ]});
        let events = read_all(&events, NOW).unwrap();
        let mut user = User::unknown("u".into());
        let observed = observe(&mut user, &events, &derivation(), &[], NOW);
        let duplicate = Ignored {
            index: 1,
            reason: Why::Duplicate,
        };
        assert_eq!((observed.accepted, observed.ignored), (2, vec![duplicate]));

        user.profile.consent.insert(PROFILING.into(), false);
        let observed = observe(&mut user, &events, &derivation(), &[], NOW);
        assert_eq!((observed.accepted, observed.ignored.len()), (0, 3));
    }
}
