//! Events as they come in.

use serde_json::{Map, Value};
use units::{DurationMillis, UnixMillis};

use crate::fault::{Faults, text};
use crate::time;

/// How far ahead of us a clock may be.
const AHEAD: DurationMillis = DurationMillis::from_secs(300);
/// Events in one call.
const MOST_EVENTS: usize = 1_000;

/// Something that a user did.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `page_view`, `purchase`, …: any word of the source's.
    pub event_type: String,
    /// Where; not kept.
    pub page_url: Option<String>,
    /// When; the instant of the call where the source does not say.
    pub at: UnixMillis,
    /// What else the source says.
    pub properties: Map<String, Value>,
}

/// Reads `{"events":[…]}`. Past instants are fine.
///
/// # Errors
/// [`Faults`]: every value of a wrong shape, and every instant more than five minutes ahead.
pub fn read_all(body: &Value, now: UnixMillis) -> Result<Vec<Event>, Faults> {
    let mut faults = Faults::default();
    let given = match body.get("events") {
        Some(Value::Array(events)) => events.as_slice(),
        Some(_) => {
            faults.form("/events", "must be a list");
            &[]
        }
        None => {
            let says = if body.is_object() {
                "is missing"
            } else {
                "the body must be an object with a list of events"
            };
            faults.form(if body.is_object() { "/events" } else { "" }, says);
            &[]
        }
    };
    if given.len() > MOST_EVENTS {
        faults.meaning("/events", format!("must have at most {MOST_EVENTS} events"));
        return faults.or(Vec::new());
    }
    let events = given
        .iter()
        .enumerate()
        .filter_map(|(index, event)| read(event, &format!("/events/{index}"), now, &mut faults))
        .collect();
    faults.or(events)
}

fn read(event: &Value, at: &str, now: UnixMillis, faults: &mut Faults) -> Option<Event> {
    let Some(event) = event.as_object() else {
        faults.form(at, "must be an object");
        return None;
    };
    let event_type = match event.get("event_type") {
        None | Some(Value::Null) => {
            faults.form(format!("{at}/event_type"), "is missing");
            None
        }
        Some(given) => text(given, 64, &format!("{at}/event_type"), faults),
    };
    let page_url = match event.get("page_url") {
        None | Some(Value::Null) => None,
        Some(given) => text(given, 2_048, &format!("{at}/page_url"), faults),
    };
    let properties = match event.get("properties") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(properties)) => properties.clone(),
        Some(_) => {
            faults.form(format!("{at}/properties"), "must be an object");
            Map::new()
        }
    };
    let instant = instant(event.get("timestamp"), at, now, faults);
    Some(Event {
        event_type: event_type?,
        page_url,
        at: instant,
        properties,
    })
}

fn instant(given: Option<&Value>, at: &str, now: UnixMillis, faults: &mut Faults) -> UnixMillis {
    let pointer = format!("{at}/timestamp");
    let instant = match given {
        None | Some(Value::Null) => return now,
        Some(Value::String(text)) => time::read(text),
        Some(_) => {
            faults.form(pointer, "must be a string: an RFC 3339 instant");
            return now;
        }
    };
    match instant {
        None => faults.meaning(
            pointer,
            "must be an RFC 3339 instant such as 2024-01-01T12:00:00Z",
        ),
        Some(instant) if instant > now.after(AHEAD) => {
            faults.meaning(pointer, "is more than five minutes ahead");
        }
        Some(instant) => return instant,
    }
    now
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// 2026-01-01T00:00:00Z.
    const NOW: UnixMillis = UnixMillis(1_767_225_600_000);

    #[test]
    fn what_is_refused() {
        // Body; whether the shape is wrong; the pointers.
        let cases: [(&str, Value, bool, &[&str]); 11] = [
            ("not an object", json!([1]), true, &[""]),
            ("no events", json!({}), true, &["/events"]),
            (
                "events not a list",
                json!({"events": {}}),
                true,
                &["/events"],
            ),
            (
                "an event not an object",
                json!({"events": [1]}),
                true,
                &["/events/0"],
            ),
            (
                "no type",
                json!({"events": [{"page_url": "x"}]}),
                true,
                &["/events/0/event_type"],
            ),
            (
                "an empty type",
                json!({"events": [{"event_type": " "}]}),
                false,
                &["/events/0/event_type"],
            ),
            (
                "six minutes ahead",
                json!({"events": [{"event_type": "a", "timestamp": "2026-01-01T00:06:00Z"}]}),
                false,
                &["/events/0/timestamp"],
            ),
            (
                "not an instant",
                json!({"events": [{"event_type": "a", "timestamp": "now"}]}),
                false,
                &["/events/0/timestamp"],
            ),
            (
                "a number for an instant",
                json!({"events": [{"event_type": "a", "timestamp": 1}]}),
                true,
                &["/events/0/timestamp"],
            ),
            (
                "all faults at once",
                json!({"events": [{"event_type": 1, "properties": []}, {"event_type": "a", "page_url": 1}]}),
                true,
                &[
                    "/events/0/event_type",
                    "/events/0/properties",
                    "/events/1/page_url",
                ],
            ),
            (
                "too many",
                json!({"events": vec![json!({"event_type": "a"}); MOST_EVENTS + 1]}),
                false,
                &["/events"],
            ),
        ];
        for (says, body, form, pointers) in cases {
            let faults = read_all(&body, NOW).unwrap_err();
            let found: Vec<&str> = faults.0.iter().map(|fault| &*fault.pointer).collect();
            assert_eq!(found, pointers, "{says}");
            assert_eq!(faults.is_form(), form, "{says}");
        }
    }

    #[test]
    fn what_is_taken() {
        let body = json!({"events": [
            {"event_type": "page_view", "page_url": "https://example.com/products", "timestamp": "2024-01-01T12:00:00Z"},
            {"event_type": "purchase", "timestamp": "2026-01-01T00:05:00Z", "properties": {"category": "books"}},
            {"event_type": "click", "timestamp": null},
        ]});
        let events = read_all(&body, NOW).unwrap();
        let at: Vec<i64> = events.iter().map(|event| event.at.0).collect();
        assert_eq!(at, [1_704_110_400_000, NOW.0 + 300_000, NOW.0]);
        assert_eq!(read_all(&json!({"events": []}), NOW), Ok(Vec::new()));
    }
}
