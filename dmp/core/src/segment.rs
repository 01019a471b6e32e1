//! Who belongs to a segment, and what changed.

use contracts::profile::{Membership, Profile, Rule, SegmentRule};
use units::{SegmentId, UnixMillis};

use crate::counters::Counters;
use crate::user::User;

/// Why the segments are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// The user did something: the count of each membership that holds grows.
    Seen,
    /// A profile was written.
    Told,
    /// Rules changed, or time went by.
    Reconsidered,
}

/// Memberships that came and went, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The user is in, and was not.
    pub gained: Vec<SegmentId>,
    /// The user was in, and is not.
    pub lost: Vec<SegmentId>,
}

/// Whether a rule holds for a user.
#[must_use]
pub fn holds(rule: &Rule, profile: &Profile, counters: &Counters, now: UnixMillis) -> bool {
    match rule {
        Rule::All(rules) => rules.iter().all(|rule| holds(rule, profile, counters, now)),
        Rule::Any(rules) => rules.iter().any(|rule| holds(rule, profile, counters, now)),
        Rule::Not(rule) => !holds(rule, profile, counters, now),
        Rule::Behavior(wanted) => profile.behaviors.contains(wanted),
        Rule::Interest(wanted) => profile.interests.contains(wanted),
        Rule::Age { min, max } => profile
            .demographics
            .age
            .is_some_and(|age| (*min..=*max).contains(&age)),
        Rule::DeviceType(wanted) => profile
            .demographics
            .device_type
            .as_ref()
            .is_some_and(|device| device.eq_ignore_ascii_case(wanted)),
        Rule::Country(wanted) => profile
            .demographics
            .country
            .as_ref()
            .is_some_and(|country| country.eq_ignore_ascii_case(wanted)),
        Rule::Event {
            event_type,
            at_least,
            within_days,
        } => counters.count(event_type, *within_days, now) >= *at_least,
    }
}

/// Brings a user's memberships up to date with the rules.
///
/// A membership that was told stays, whatever the rules say. One of a segment that is gone is lost.
pub fn refresh(user: &mut User, rules: &[SegmentRule], now: UnixMillis, touch: Touch) -> Changes {
    let mut changes = Changes::default();
    let User { profile, memory } = user;

    let mut kept = Vec::with_capacity(profile.segments.len());
    for membership in std::mem::take(&mut profile.segments) {
        let by_rule = rule_of(rules, &membership.id)
            .is_some_and(|rule| holds(rule, profile, &memory.counters, now));
        if by_rule {
            kept.push(again(membership, now, touch));
        } else if memory.told.contains(&membership.id) {
            kept.push(membership);
        } else {
            changes.lost.push(membership.id);
        }
    }
    for segment in rules {
        let Some(rule) = &segment.rule else { continue };
        let is_in = kept.iter().any(|member| member.id == segment.id);
        if !is_in && holds(rule, profile, &memory.counters, now) {
            changes.gained.push(segment.id.clone());
            kept.push(Membership {
                id: segment.id.clone(),
                last_seen: now,
                count: 1,
            });
        }
    }
    profile.segments = kept;
    changes
}

/// Puts a user into a segment because a list says so.
pub fn tell(user: &mut User, segment: &SegmentId, now: UnixMillis) {
    let User { profile, memory } = user;
    memory.told.insert(segment.clone());
    match profile
        .segments
        .iter_mut()
        .find(|known| known.id == *segment)
    {
        Some(known) => *known = again(known.clone(), now, Touch::Seen),
        None => profile.segments.push(Membership {
            id: segment.clone(),
            last_seen: now,
            count: 1,
        }),
    }
}

fn rule_of<'a>(rules: &'a [SegmentRule], id: &SegmentId) -> Option<&'a Rule> {
    rules
        .iter()
        .find(|segment| segment.id == *id)
        .and_then(|segment| segment.rule.as_ref())
}

fn again(mut membership: Membership, now: UnixMillis, touch: Touch) -> Membership {
    match touch {
        Touch::Reconsidered => return membership,
        Touch::Told => {}
        Touch::Seen => membership.count = membership.count.saturating_add(1),
    }
    membership.last_seen = membership.last_seen.max(now);
    membership
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_767_225_600_000);

    fn segment(id: &str, rule: Rule) -> SegmentRule {
        SegmentRule {
            id: id.into(),
            name: String::new(),
            rule: Some(rule),
        }
    }

    fn person(age: Option<u8>, device: Option<&str>, behaviors: &[&str]) -> User {
        let mut user = User::unknown("u".into());
        user.profile.demographics.age = age;
        user.profile.demographics.device_type = device.map(ToOwned::to_owned);
        user.profile.demographics.country = Some("US".into());
        user.profile.interests = vec!["technology".into()];
        user.profile.behaviors = behaviors.iter().map(|word| (*word).to_owned()).collect();
        user
    }

    #[test]
    fn rules() {
        let adults = Rule::Age { min: 18, max: 35 };
        let cases = [
            ("the lower end is included", adults.clone(), Some(18), true),
            ("the upper end is included", adults.clone(), Some(35), true),
            ("under", adults.clone(), Some(17), false),
            ("over", adults.clone(), Some(36), false),
            ("unknown does not match", adults.clone(), None, false),
            ("behaviour", Rule::Behavior("buyer".into()), None, true),
            (
                "no such behaviour",
                Rule::Behavior("thief".into()),
                None,
                false,
            ),
            ("interest", Rule::Interest("technology".into()), None, true),
            ("device", Rule::DeviceType("mobile".into()), None, true),
            ("other device", Rule::DeviceType("ctv".into()), None, false),
            ("country", Rule::Country("us".into()), None, true),
            ("all of nothing", Rule::All(vec![]), None, true),
            ("any of nothing", Rule::Any(vec![]), None, false),
            (
                "all",
                Rule::All(vec![adults.clone(), Rule::Country("DE".into())]),
                Some(20),
                false,
            ),
            (
                "any",
                Rule::Any(vec![adults.clone(), Rule::Country("DE".into())]),
                Some(20),
                true,
            ),
            ("not", Rule::Not(Box::new(adults)), None, true),
        ];
        for (says, rule, age, expect) in cases {
            let user = person(age, Some("Mobile"), &["buyer"]);
            let found = holds(&rule, &user.profile, &user.memory.counters, NOW);
            assert_eq!(found, expect, "{says}");
        }
    }

    #[test]
    fn what_is_gained_and_lost() {
        let rules = [
            segment("high_value", Rule::Behavior("buyer".into())),
            segment("mobile_users", Rule::DeviceType("mobile".into())),
            segment("young_adults", Rule::Age { min: 18, max: 35 }),
        ];
        let mut user = person(Some(27), Some("mobile"), &[]);
        let ids = |list: &[SegmentId]| list.iter().map(ToString::to_string).collect::<Vec<_>>();

        let changes = refresh(&mut user, &rules, NOW, Touch::Told);
        assert_eq!(ids(&changes.gained), ["mobile_users", "young_adults"]);
        assert!(changes.lost.is_empty());

        user.profile.behaviors.push("buyer".into());
        user.profile.demographics.age = Some(36);
        let changes = refresh(&mut user, &rules, NOW, Touch::Seen);
        assert_eq!(ids(&changes.gained), ["high_value"]);
        assert_eq!(ids(&changes.lost), ["young_adults"]);
        let counts: Vec<_> = user
            .profile
            .segments
            .iter()
            .map(|member| (member.id.as_str(), member.count))
            .collect();
        assert_eq!(counts, [("mobile_users", 2), ("high_value", 1)]);

        let changes = refresh(&mut user, &[], NOW, Touch::Told);
        assert_eq!(changes.lost.len(), 2, "segments that are gone are lost");
    }

    #[test]
    fn what_was_told_stays() {
        let rules = [segment("high_value", Rule::Behavior("buyer".into()))];
        let mut user = person(None, None, &[]);
        tell(&mut user, &"high_value".into(), NOW);
        tell(&mut user, &"high_value".into(), NOW);
        let changes = refresh(&mut user, &rules, NOW, Touch::Seen);
        assert_eq!(changes, Changes::default());
        assert_eq!(user.profile.segments.len(), 1);
        assert_eq!(user.profile.segments[0].count, 2);
    }
}
