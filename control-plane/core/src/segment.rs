//! Segments of users and the rules that fill them.

use contracts::profile::{Rule, SegmentRule};
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;

/// Conditions one rule may have in all.
const MAX_CONDITIONS: usize = 100;

/// A segment as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentDocument<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Who belongs to it; absent for uploaded lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub rule: Option<&'a Rule>,
}

/// The API's view of a segment.
#[must_use]
pub fn document(segment: &SegmentRule) -> SegmentDocument<'_> {
    SegmentDocument {
        id: segment.id.as_str(),
        name: &segment.name,
        rule: segment.rule.as_ref(),
    }
}

/// Reads a segment, for example `{"id":"buyers","rule":{"behavior":"buyer"}}`.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(mut form: Form, edge: &mut Edge<'_>) -> Result<SegmentRule, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("seg"));
    let name = form.text("name").unwrap_or_else(|| id.clone());
    let rule: Option<Rule> = form.take("rule");
    if rule
        .as_ref()
        .is_some_and(|rule| conditions(rule) > MAX_CONDITIONS)
    {
        form.refuse(
            "rule",
            format!("must have at most {MAX_CONDITIONS} conditions"),
        );
    }
    if rule.as_ref().is_some_and(|rule| !can_hold(rule)) {
        form.refuse("rule", "has a condition that can never hold");
    }
    form.finish(Some(SegmentRule {
        id: id.into(),
        name,
        rule,
    }))
}

/// How many conditions a rule has. The body's depth is bounded before it is read.
fn conditions(rule: &Rule) -> usize {
    match rule {
        Rule::All(rules) | Rule::Any(rules) => 1 + rules.iter().map(conditions).sum::<usize>(),
        Rule::Not(rule) => 1 + conditions(rule),
        Rule::Behavior(_)
        | Rule::Interest(_)
        | Rule::Age { .. }
        | Rule::DeviceType(_)
        | Rule::Country(_)
        | Rule::Event { .. } => 1,
    }
}

fn can_hold(rule: &Rule) -> bool {
    match rule {
        Rule::All(rules) => rules.iter().all(can_hold),
        Rule::Any(rules) => !rules.is_empty() && rules.iter().all(can_hold),
        Rule::Not(rule) => can_hold(rule),
        Rule::Behavior(text) | Rule::Interest(text) | Rule::DeviceType(text) => !text.is_empty(),
        Rule::Age { min, max } => min <= max,
        Rule::Country(code) => units::country::alpha_2(code).is_some(),
        Rule::Event {
            event_type,
            at_least,
            within_days,
        } => !event_type.is_empty() && *at_least > 0 && *within_days > 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::UnixMillis;

    #[test]
    fn rules_that_can_hold() {
        let cases = [
            (r#"{"behavior":"buyer"}"#, None),
            (r#"{"age":{"min":18,"max":35}}"#, None),
            (
                r#"{"all":[{"device_type":"mobile"},{"not":{"country":"USA"}}]}"#,
                None,
            ),
            (r#"{"age":{"min":35,"max":18}}"#, Some("/rule")),
            (r#"{"any":[]}"#, Some("/rule")),
            (r#"{"country":"Atlantis"}"#, Some("/rule")),
            (r#"{"colour":"red"}"#, Some("/rule")),
        ];
        for (rule, want) in cases {
            let body = format!(r#"{{"id":"s","rule":{rule}}}"#);
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: UnixMillis(0),
                uuid: &mut uuid,
            };
            let got = read(Form::read(body.as_bytes()).unwrap(), &mut edge);
            let got = got.err().map(|faults| faults.0[0].pointer.clone());
            assert_eq!(got.as_deref(), want, "{rule}");
        }
    }
}
