//! Tables of `profile`: what is refused, and how profiles are merged.

use serde_json::json;

use super::*;
use crate::public;

/// 2026-01-01T00:00:00Z.
const NOW: UnixMillis = UnixMillis(1_767_225_600_000);

fn read(body: &Value) -> Result<ProfilePatch, Faults> {
    ProfilePatch::read(body, &"u1".into(), NOW)
}

#[test]
fn what_is_refused() {
    // Body; whether the shape is wrong; the pointers.
    let cases: [(Value, bool, &[&str]); 15] = [
        (json!("x"), true, &[""]),
        (json!({"user_id": "u2"}), false, &["/user_id"]),
        (json!({"user_id": 1}), true, &["/user_id"]),
        (json!({"demographics": []}), true, &["/demographics"]),
        (
            json!({"demographics": {"age": "27"}}),
            true,
            &["/demographics/age"],
        ),
        (
            json!({"demographics": {"age": -1}}),
            false,
            &["/demographics/age"],
        ),
        (
            json!({"demographics": {"age": 121}}),
            false,
            &["/demographics/age"],
        ),
        (
            json!({"demographics": {"age": 27.5}}),
            false,
            &["/demographics/age"],
        ),
        (
            json!({"demographics": {"gender": "X"}}),
            false,
            &["/demographics/gender"],
        ),
        (
            json!({"demographics": {"country": "ZZ"}}),
            false,
            &["/demographics/country"],
        ),
        (json!({"interests": "a"}), true, &["/interests"]),
        (
            json!({"behaviors": ["ok", 3, ""]}),
            true,
            &["/behaviors/1", "/behaviors/2"],
        ),
        (
            json!({"segments": [{"count": 1}, 7, {"id": "s", "last_seen": "x", "count": -1}]}),
            true,
            &[
                "/segments/0/id",
                "/segments/1",
                "/segments/2/last_seen",
                "/segments/2/count",
            ],
        ),
        (
            json!({"consent": {"a/b~c": "yes"}}),
            true,
            &["/consent/a~1b~0c"],
        ),
        (json!({"interests": vec!["a"; 257]}), false, &["/interests"]),
    ];
    for (body, form, pointers) in cases {
        let faults = read(&body).unwrap_err();
        let found: Vec<&str> = faults.0.iter().map(|fault| &*fault.pointer).collect();
        assert_eq!(found, pointers, "{body}");
        assert_eq!(faults.is_form(), form, "{body}");
    }
}

#[test]
fn profiles_are_merged() {
    let first = json!({
        "user_id": "u1",
        "demographics": {"age": 27, "gender": "male", "device_type": "Mobile", "country": "USA"},
        "interests": ["technology", "shopping"],
        "behaviors": ["buyer"],
        "segments": [{"id": "vip", "last_seen": "2025-12-31T00:00:00Z", "count": 3}, "list"],
        "consent": {"profiling": true},
    });
    // What is put on top of it; what is different then.
    let cases = [
        ("nothing", json!({}), json!({})),
        (
            "each of the demographics counts for itself",
            json!({"demographics": {"age": 28, "gender": null}}),
            json!({"demographics": {"age": 28, "device_type": "mobile", "country": "US"}}),
        ),
        (
            "lists add, each word once",
            json!({"interests": ["sports", "shopping"]}),
            json!({"interests": ["technology", "shopping", "sports"]}),
        ),
        (
            "null removes",
            json!({"behaviors": null}),
            json!({"behaviors": []}),
        ),
        (
            "null removes what was told of segments",
            json!({"segments": null}),
            json!({"segments": []}),
        ),
        (
            "consent by purpose",
            json!({"consent": {"profiling": false, "ads": true}}),
            json!({"consent": {"ads": true, "profiling": false}}),
        ),
        (
            "consent taken out",
            json!({"consent": {"profiling": null}}),
            json!({"consent": {}}),
        ),
        (
            "an unknown key says nothing",
            json!({"shoe_size": 43}),
            json!({}),
        ),
    ];
    let base = json!({
        "user_id": "u1",
        "demographics": {"age": 27, "gender": "M", "device_type": "mobile", "country": "US"},
        "interests": ["technology", "shopping"],
        "behaviors": ["buyer"],
        "segments": [
            {"id": "vip", "last_seen": "2025-12-31T00:00:00.000Z", "count": 3},
            {"id": "list", "last_seen": "2026-01-01T00:00:00.000Z", "count": 1},
        ],
        "consent": {"profiling": true},
    });
    for (says, second, difference) in cases {
        let mut user = User::unknown("u1".into());
        read(&first).unwrap().apply(&mut user);
        read(&second).unwrap().apply(&mut user);
        let mut expect = base.clone();
        for (key, value) in difference.as_object().unwrap() {
            expect[key] = value.clone();
        }
        assert_eq!(public::profile(&user.profile), expect, "{says}");
    }
}

#[test]
fn what_is_got_may_be_put() {
    let mut user = User::unknown("u1".into());
    let body = json!({"interests": ["a"], "segments": ["list"], "demographics": {"age": 30}});
    read(&body).unwrap().apply(&mut user);
    // A rule's finding, which the PUT of the GET must not turn into something told.
    user.profile.segments.push(Membership {
        id: "by_rule".into(),
        last_seen: NOW,
        count: 2,
    });
    let before = user.clone();
    let got = public::profile(&user.profile);
    read(&got).unwrap().apply(&mut user);
    assert_eq!(user, before);
}
