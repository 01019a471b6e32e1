//! An auction's document as its exchange wrote it, with the notices that came later.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// A notice as the exchange shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Noted {
    pub(super) kind: String,
    pub(super) dsp: String,
    pub(super) imp: String,
    pub(super) outcome: String,
    /// RFC 3339.
    pub(super) at: String,
}

/// The member of the document that they stand in.
const NOTICES: &str = "notices";

/// The document with these notices behind its own; every other byte of a value is as it was. Without notices, or
/// where it is no object, the document itself.
pub(super) fn with_notices(document: String, notices: &[Noted]) -> String {
    if notices.is_empty() {
        return document;
    }
    let merged = || {
        let mut members: Members = serde_json::from_str(&document)?;
        let late = notices.iter().map(to_raw_value);
        let late: Vec<Box<RawValue>> = late.collect::<Result<_, _>>()?;
        let own = members.0.iter_mut().find(|(name, _)| name == NOTICES);
        if let Some((_, value)) = own {
            let mut all: Vec<Box<RawValue>> = serde_json::from_str(value.get())?;
            all.extend(late);
            *value = to_raw_value(&all)?;
        } else {
            members.0.push((NOTICES.to_owned(), to_raw_value(&late)?));
        }
        serde_json::to_string(&members)
    };
    merged().unwrap_or(document)
}

/// The members of an object, in their order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_go_into_the_document_and_nothing_else_changes() {
        let noted = [Noted {
            kind: "bill".into(),
            dsp: "d".into(),
            imp: "1".into(),
            outcome: "sent".into(),
            at: "2026-01-01T00:00:00Z".into(),
        }];
        let row =
            r#"{"kind":"bill","dsp":"d","imp":"1","outcome":"sent","at":"2026-01-01T00:00:00Z"}"#;
        #[rustfmt::skip]
        let cases = [
            (r#"{"b":1.50,"notices":[],"a":"\u0000"}"#, format!(r#"{{"b":1.50,"notices":[{row}],"a":"\u0000"}}"#)),
            (r#"{"notices":[{"kind":"win"}]}"#, format!(r#"{{"notices":[{{"kind":"win"}},{row}]}}"#)),
            (r#"{"b":1.50}"#, format!(r#"{{"b":1.50,"notices":[{row}]}}"#)),
            ("[1]", "[1]".to_owned()),
        ];
        for (document, want) in cases {
            assert_eq!(with_notices(document.to_owned(), &noted), want);
            assert_eq!(with_notices(document.to_owned(), &[]), document);
        }
    }
}
