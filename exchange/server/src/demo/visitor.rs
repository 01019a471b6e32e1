//! Who visits in the demo: what the caller says of the user, as an ad request tells it.

use serde_json::{Map, Value, json};
use service::Problem;

use crate::fields::{self, Fields};

/// The visitor of one demo flow; by default nobody in particular.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Visitor {
    user: Map<String, Value>,
    device: Map<String, Value>,
}

impl Visitor {
    /// Reads `{"user_context":{"user_id","device_type","location":{"country","city"}}}`; nothing at all is
    /// nobody in particular.
    ///
    /// # Errors
    /// 400: not JSON, not an object, or a value that means nothing, with pointers to all of them.
    pub(super) fn read(body: &[u8]) -> Result<Self, Box<Problem>> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let value = fields::json(body)?;
        let mut form = Fields::default();
        if value.is_null() {
            form.refuse("", "must be an object");
        }
        let mut visitor = Self::default();
        if let Some(body) = form.object("", Some(&value)) {
            visitor.take(&mut form, body);
        }
        form.done(visitor)
    }

    fn take(&mut self, form: &mut Fields, body: &Map<String, Value>) {
        let Some(context) = form.object("/user_context", body.get("user_context")) else {
            return;
        };
        if let Some(id) = form.text("/user_context/user_id", context.get("user_id")) {
            self.user.insert("id".into(), json!(id));
        }
        if let Some(kind) = form.text("/user_context/device_type", context.get("device_type")) {
            match device_type(kind) {
                Some(code) => {
                    self.device.insert("devicetype".into(), json!(code));
                }
                None => form.refuse(
                    "/user_context/device_type",
                    "must be mobile, desktop or tablet",
                ),
            }
        }
        let Some(location) = form.object("/user_context/location", context.get("location")) else {
            return;
        };
        let mut geo = Map::new();
        if let Some(told) = form.text("/user_context/location/country", location.get("country")) {
            match units::country::alpha_3(told) {
                Some(country) => {
                    geo.insert("country".into(), json!(country));
                }
                None => form.refuse(
                    "/user_context/location/country",
                    "must be a country of ISO 3166-1, alpha-2 or alpha-3",
                ),
            }
        }
        if let Some(city) = form.text("/user_context/location/city", location.get("city")) {
            geo.insert("city".into(), json!(city));
        }
        if !geo.is_empty() {
            self.device.insert("geo".into(), Value::Object(geo));
        }
    }

    /// The body of its ad request.
    pub(super) fn ad_request(&self, placement: &str) -> Value {
        json!({"placement_id": placement, "user": self.user, "device": self.device})
    }

    /// What it is known by, as the flow's first step shows it.
    pub(super) fn known(&self) -> Value {
        json!({"user": self.user, "device": self.device})
    }
}

/// The code of list 5.21.
fn device_type(name: &str) -> Option<i32> {
    match name {
        "mobile" => Some(4),
        "desktop" => Some(2),
        "tablet" => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::http::StatusCode;

    #[test]
    fn what_is_said_of_a_user_becomes_openrtb() {
        let body = br#"{"user_context": {"user_id": "user-12345", "device_type": "mobile",
            "location": {"country": "US", "city": "San Francisco"}}}"#;
        let asked = Visitor::read(body).unwrap().ad_request("top");
        assert_eq!(
            asked,
            json!({
                "placement_id": "top", "user": {"id": "user-12345"},
                "device": {"devicetype": 4, "geo": {"country": "USA", "city": "San Francisco"}},
            })
        );
        for (name, code) in [("mobile", 4), ("desktop", 2), ("tablet", 5)] {
            let body = json!({"user_context": {"device_type": name}}).to_string();
            let asked = Visitor::read(body.as_bytes()).unwrap().ad_request("top");
            assert_eq!(asked["device"]["devicetype"], code, "{name}");
        }
        for nothing in [
            "",
            "  ",
            "{}",
            r#"{"user_context":null}"#,
            r#"{"user_context":{"user_id":null}}"#,
        ] {
            assert_eq!(
                Visitor::read(nothing.as_bytes()),
                Ok(Visitor::default()),
                "{nothing}"
            );
        }
    }

    #[test]
    fn every_fault_is_pointed_at() {
        #[rustfmt::skip]
        let cases: [(&str, &[&str]); 7] = [
            ("{", &[""]),
            ("[]", &[""]),
            ("null", &[""]),
            (r#"{"user_context":7}"#, &["/user_context"]),
            (r#"{"user_context":{"user_id":7,"device_type":"fridge"}}"#, &["/user_context/user_id", "/user_context/device_type"]),
            (r#"{"user_context":{"location":{"country":"Atlantis"}}}"#, &["/user_context/location/country"]),
            (r#"{"user_context":{"location":"here"}}"#, &["/user_context/location"]),
        ];
        for (body, pointers) in cases {
            let problem = Visitor::read(body.as_bytes()).unwrap_err();
            assert_eq!(problem.status, StatusCode::BAD_REQUEST, "{body}");
            assert_eq!(
                problem.pointer.as_deref(),
                pointers.first().copied(),
                "{body}"
            );
            let found: Vec<&str> = problem.errors.iter().map(|f| f.pointer.as_str()).collect();
            assert!(found.is_empty() || found == pointers, "{body}: {found:?}");
        }
    }
}
