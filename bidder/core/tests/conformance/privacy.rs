//! Section 15: no identity without leave. Line items that want to know the user do not match; the others bid.

use serde_json::{Value, json};

use super::shop::request;
use super::{Row, Want, any_bid, refused, row};

const CONSENT: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";

pub(crate) fn rows() -> Vec<Row> {
    // Targets the year of birth that the request tells, which counts as identity.
    let knows = || json!({"targeting": {"age_range": {"min_age": 18, "max_age": 60}}});
    let of = |user: Value, more: Value| {
        let mut all = json!({"user": {"id": "u1", "yob": 1990}});
        for (key, value) in user.as_object().unwrap() {
            all["user"][key] = value.clone();
        }
        for (key, value) in more.as_object().unwrap() {
            all[key] = value.clone();
        }
        request(all)
    };
    let unknown = || Want::NoBid("nothing_matches");
    let none = json!({});
    let cases: Vec<(&'static str, Value, Value, Want)> = vec![
        (
            "C-160 no flag: nothing is claimed",
            none.clone(),
            none.clone(),
            any_bid(),
        ),
        (
            "C-160 gdpr 0",
            none.clone(),
            json!({"regs": {"gdpr": 0}}),
            any_bid(),
        ),
        (
            "C-161 coppa",
            none.clone(),
            json!({"regs": {"coppa": 1}}),
            unknown(),
        ),
        (
            "C-162 no string",
            none.clone(),
            json!({"regs": {"gdpr": 1}}),
            unknown(),
        ),
        (
            "C-162 a broken string",
            json!({"consent": "X"}),
            json!({"regs": {"gdpr": 1}}),
            unknown(),
        ),
        (
            "C-162 consent",
            json!({"consent": CONSENT}),
            json!({"regs": {"gdpr": 1}}),
            any_bid(),
        ),
        (
            "C-170 the 2.5 places",
            json!({"ext": {"consent": CONSENT}}),
            json!({"regs": {"ext": {"gdpr": 1}}}),
            any_bid(),
        ),
        (
            "C-170 where both differ, the new place counts",
            json!({"ext": {"consent": CONSENT}}),
            json!({"regs": {"gdpr": 1, "ext": {"gdpr": 0}}, "user": {"id": "u1", "yob": 1990}}),
            unknown(),
        ),
        (
            "C-163 sale opted out",
            none.clone(),
            json!({"regs": {"us_privacy": "1YYN"}}),
            unknown(),
        ),
        (
            "C-163 not opted out",
            none.clone(),
            json!({"regs": {"us_privacy": "1YNN"}}),
            any_bid(),
        ),
        (
            "C-142 lmt",
            none.clone(),
            json!({"device": {"lmt": 1}}),
            unknown(),
        ),
        (
            "C-142 dnt",
            none.clone(),
            json!({"device": {"dnt": 1}}),
            unknown(),
        ),
    ];
    let mut rows: Vec<Row> = cases
        .into_iter()
        .map(|(says, user, more, want)| row(says, knows(), of(user, more), want))
        .collect();
    rows.push(row(
        "C-162 whoever wants to know nobody bids",
        json!({}),
        request(json!({"regs": {"gdpr": 1}})),
        any_bid(),
    ));
    rows.push(row(
        "C-162 a cap cannot be counted, and stands",
        json!({"caps": [{"scope": "campaign", "count": 3, "window": "calendar_day"}]}),
        request(json!({"regs": {"gdpr": 1}})),
        refused("cap_unknown"),
    ));
    rows
}
