//! What is refused, each with its status, code and pointer (interfaces.md, "Status codes, everywhere").

use http::Method;
use serde_json::Value;

use crate::stand::{Dmp, Gives};

const PROFILE: &str = "/user/u1/profile";
const EVENTS: &str = "/user/u1/events";
const MEMBERS: &str = "/segments/high_value/members";

struct Case {
    says: &'static str,
    method: Method,
    path: String,
    kind: &'static str,
    body: String,
    status: u16,
    code: &'static str,
    pointer: Option<&'static str>,
}

impl Case {
    fn new(says: &'static str, method: Method, path: &str, body: &str) -> Self {
        Self {
            says,
            method,
            path: path.to_owned(),
            kind: "application/json",
            body: body.to_owned(),
            status: 0,
            code: "",
            pointer: None,
        }
    }

    /// Not JSON at all.
    fn not_json(says: &'static str, path: &str, body: &str) -> Self {
        let method = if path == PROFILE {
            Method::PUT
        } else {
            Method::POST
        };
        Self::new(says, method, path, body).gives(400, "not_json", Some(""))
    }

    /// JSON of the wrong form.
    fn form(says: &'static str, path: &str, body: &str, pointer: &'static str) -> Self {
        Self::not_json(says, path, body).gives(400, "wrong_form", Some(pointer))
    }

    /// JSON that says what cannot be.
    fn meaning(says: &'static str, path: &str, body: &str, pointer: &'static str) -> Self {
        Self::not_json(says, path, body).gives(422, "not_valid", Some(pointer))
    }

    fn get(says: &'static str, path: &str) -> Self {
        Self::new(says, Method::GET, path, "").gives(404, "not_found", None)
    }

    fn of_kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    fn gives(mut self, status: u16, code: &'static str, pointer: Option<&'static str>) -> Self {
        (self.status, self.code, self.pointer) = (status, code, pointer);
        self
    }
}

fn cases() -> Vec<Case> {
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let ahead = r#"{"events":[{"event_type":"a","timestamp":"2999-01-01T00:00:00Z"}]}"#;
    let long_id = format!("/user/{}/profile", "x".repeat(257));
    vec![
        Case::not_json("not JSON", PROFILE, "{"),
        Case::not_json("nothing", PROFILE, ""),
        Case::not_json("trailing bytes", EVENTS, "{} {}"),
        Case::not_json("a byte order mark", EVENTS, "\u{feff}{}"),
        Case::not_json("1e999", PROFILE, r#"{"demographics":{"age":1e999}}"#),
        Case::not_json("a lone surrogate", PROFILE, r#"{"interests":["\ud800"]}"#),
        Case::not_json("a depth of 20,000", EVENTS, &deep),
        Case::form("not an object", PROFILE, "[]", ""),
        Case::form(
            "a word for a list",
            PROFILE,
            r#"{"interests":"a"}"#,
            "/interests",
        ),
        Case::form("no events", EVENTS, "{}", "/events"),
        Case::form(
            "no type",
            EVENTS,
            r#"{"events":[{}]}"#,
            "/events/0/event_type",
        ),
        Case::meaning(
            "age 200",
            PROFILE,
            r#"{"demographics":{"age":200}}"#,
            "/demographics/age",
        ),
        Case::meaning("somebody else", PROFILE, r#"{"user_id":"u2"}"#, "/user_id"),
        Case::meaning("far ahead", EVENTS, ahead, "/events/0/timestamp"),
        Case::new("text", Method::POST, EVENTS, "{}")
            .of_kind("text/plain")
            .gives(415, "unsupported_media_type", None),
        Case::new("members in JSON", Method::POST, MEMBERS, "[]").gives(
            415,
            "unsupported_media_type",
            None,
        ),
        Case::new("wrong method", Method::POST, PROFILE, "{}").gives(
            405,
            "method_not_allowed",
            None,
        ),
        Case::get("no such path", "/users"),
        Case::get("no such user", "/user/nobody/profile"),
        Case::get("no such segment", "/segments/nothing"),
        Case::get("no such other", "/segments/high_value/overlap/nothing"),
        Case::get("an id too long", &long_id).gives(400, "bad_user_id", None),
        Case::get("a control character", "/user/a%00b/profile").gives(400, "bad_user_id", None),
        Case::get("an id that is no UTF-8", "/user/%ff/profile").gives(400, "bad_address", None),
        Case::get("a page of none", "/segments?limit=0").gives(400, "bad_address", None),
    ]
}

#[tokio::test]
async fn what_is_refused() {
    let dmp = Dmp::start().await;
    for case in cases() {
        let says = case.says;
        let kind = [("content-type", case.kind)];
        let answer = dmp.send(case.method, &case.path, &kind, case.body).await;
        assert_eq!(answer.status, case.status, "{says}: {answer}");
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{says}");
        let problem = answer.json();
        assert_eq!(problem["code"], case.code, "{says}");
        let pointer = problem.get("pointer").and_then(Value::as_str);
        assert_eq!(pointer, case.pointer, "{says}");
    }
    dmp.get(PROFILE).await.gives(404);
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_413() {
    let dmp = Dmp::start().await;
    let kind = [("content-type", "application/json")];
    let answer = dmp
        .send(Method::PUT, PROFILE, &kind, vec![b' '; 10 << 20])
        .await;
    assert_eq!(answer.status, 413);
    dmp.get(PROFILE).await.gives(404);
}
