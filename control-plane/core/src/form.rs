//! Reading a JSON body field by field, so that every fault is found at once and numbers stay exact.
//!
//! Values are kept as their own text until their field is asked for: money never becomes a float on
//! the way (R11), and one bad field does not hide another. Of duplicate keys the last wins (C-31);
//! `null` equals absent (C-25).

mod scan;

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use units::{CpmMicros, DecimalError, Multiplier, Nanos, UnixMillis};

use crate::fault::{Fault, Faults};

/// Faults told at once; a body of nothing but unknown keys must not be answered by a larger one.
const MAX_FAULTS: usize = 100;
/// Longest text of a name-like field, in characters.
const MAX_TEXT: usize = 512;

/// The fields of one JSON object that have not been asked for yet, and the faults found so far.
#[derive(Debug, Default)]
pub struct Form {
    at: String,
    fields: BTreeMap<String, Box<RawValue>>,
    faults: Vec<Fault>,
}

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// One [`Fault`] of form when the body is not UTF-8, not JSON, too deep, or not an object.
    pub fn read(body: &[u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(body).map_err(|_| Fault::form("", "is not UTF-8"))?;
        scan::scan(text)?;
        let fields = serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                Fault::form("", "must be a JSON object")
            } else {
                Fault::form("", format!("is not JSON: {error}"))
            }
        })?;
        Ok(Self {
            at: String::new(),
            fields,
            faults: Vec::new(),
        })
    }

    /// Lays this body over a document: what it names replaces (JSON merge patch of the first level).
    #[must_use]
    pub fn over(mut self, document: &impl Serialize) -> Self {
        let base: Option<BTreeMap<String, Box<RawValue>>> = serde_json::to_string(document)
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok());
        for (key, value) in base.unwrap_or_default() {
            self.fields.entry(key).or_insert(value);
        }
        self
    }

    /// Whether the body names this key with a value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.fields.get(key).is_some_and(|raw| raw.get() != "null")
    }

    /// The keys that were named and not yet asked for.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Looks at a value without taking it; unreadable is `None`, and a fault once it is taken.
    #[must_use]
    pub fn peek<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.fields.get(key)?.get()).ok()
    }

    /// Notes a fault of meaning at `key`, or at the object itself for an empty key.
    pub fn refuse(&mut self, key: &str, says: impl Into<String>) {
        let pointer = self.pointer(key);
        self.note(Fault::meaning(pointer, says));
    }

    /// Notes a fault of meaning at one entry of a list.
    pub fn refuse_entry(&mut self, key: &str, index: usize, says: impl Into<String>) {
        let pointer = format!("{}/{index}", self.pointer(key));
        self.note(Fault::meaning(pointer, says));
    }

    /// Notes a fault of meaning at a place inside the value of `key`, by its JSON pointer from there.
    pub fn refuse_at(&mut self, key: &str, under: &str, says: impl Into<String>) {
        let pointer = format!("{}{under}", self.pointer(key));
        self.note(Fault::meaning(pointer, says));
    }

    /// Notes a fault of form at a place inside the value of `key`.
    pub fn refuse_form_at(&mut self, key: &str, under: &str, says: impl Into<String>) {
        let pointer = format!("{}{under}", self.pointer(key));
        self.note(Fault::form(pointer, says));
    }

    /// Takes a value of any readable type; absent and `null` are `None`.
    pub fn take<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let raw = self.raw(key)?;
        match serde_json::from_str(raw.get()) {
            Ok(value) => Some(value),
            Err(error) => {
                let pointer = self.pointer(key);
                self.note(Fault::form(pointer, without_position(&error.to_string())));
                None
            }
        }
    }

    /// Takes a text: trimmed, not empty, not too long.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let text: String = self.take(key)?;
        let trimmed = text.trim();
        if trimmed.is_empty() {
            self.refuse(key, "must not be empty");
            return None;
        }
        if trimmed.chars().count() > MAX_TEXT {
            self.refuse(key, format!("must have at most {MAX_TEXT} characters"));
            return None;
        }
        Some(trimmed.to_owned())
    }

    /// Takes a text that must be there.
    pub fn required_text(&mut self, key: &str) -> Option<String> {
        self.require(key);
        self.text(key)
    }

    /// Notes that a key must be there, if it is not.
    pub fn require(&mut self, key: &str) {
        if !self.has(key) {
            self.refuse(key, "is required");
        }
    }

    /// Takes an id as given by the caller: 1 to 64 of letters, digits, `_`, `-`, `.` and `:`.
    pub fn id(&mut self, key: &str) -> Option<String> {
        let id: String = self.take(key)?;
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        if id.is_empty() || id.len() > 64 || !id.chars().all(legal) {
            self.refuse(key, "must be 1 to 64 letters, digits, _, -, . or :");
            return None;
        }
        Some(id)
    }

    /// Takes an amount of money, never negative.
    pub fn money(&mut self, key: &str) -> Option<Nanos> {
        let amount = self.number(key, Nanos::parse)?;
        if amount < Nanos::ZERO {
            self.refuse(key, "must not be negative");
            return None;
        }
        Some(amount)
    }

    /// Takes a CPM.
    pub fn price(&mut self, key: &str) -> Option<CpmMicros> {
        self.number(key, CpmMicros::parse)
    }

    /// Takes a factor.
    pub fn multiplier(&mut self, key: &str) -> Option<Multiplier> {
        self.number(key, Multiplier::parse)
    }

    /// Takes an instant in RFC 3339.
    pub fn instant(&mut self, key: &str) -> Option<UnixMillis> {
        let text: String = self.take(key)?;
        match text.parse::<jiff::Timestamp>() {
            Ok(at) => Some(UnixMillis(at.as_millisecond())),
            Err(_) => {
                self.refuse(
                    key,
                    "must be a time in RFC 3339, such as 2026-01-31T12:00:00Z",
                );
                None
            }
        }
    }

    /// Reads a nested object with `read`, which takes the fields that it knows.
    pub fn object<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let raw = self.raw(key)?;
        let at = self.pointer(key);
        self.nested(&raw, at, read)
    }

    /// Reads a list of objects or texts with `read`; entries that are refused are left out.
    pub fn list<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let entries: Vec<Box<RawValue>> = self.take(key)?;
        let at = self.pointer(key);
        let read_all = entries
            .iter()
            .enumerate()
            .filter_map(|(index, raw)| self.nested(raw, format!("{at}/{index}"), &mut read));
        Some(read_all.collect())
    }

    /// Ends the reading: `value`, unless anything was wrong or unknown.
    ///
    /// # Errors
    /// All [`Faults`] of the body.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Faults> {
        self.refuse_unknown();
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ if self.faults.is_empty() => Err(Fault::meaning("", "is incomplete").into()),
            _ => Err(Faults(self.faults)),
        }
    }

    fn nested<T>(
        &mut self,
        raw: &RawValue,
        at: String,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let Ok(fields) = serde_json::from_str(raw.get()) else {
            self.note(Fault::form(at, "must be an object"));
            return None;
        };
        let mut inner = Self {
            at,
            fields,
            faults: Vec::new(),
        };
        let value = read(&mut inner);
        inner.refuse_unknown();
        let whole = inner.faults.is_empty();
        for fault in inner.faults {
            self.note(fault);
        }
        value.filter(|_| whole)
    }

    fn number<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, DecimalError>,
    ) -> Option<T> {
        let raw = self.raw(key)?;
        match parse(raw.get().trim_matches('"')) {
            Ok(value) => Some(value),
            Err(DecimalError::Syntax) => {
                let pointer = self.pointer(key);
                self.note(Fault::form(pointer, "must be a number"));
                None
            }
            Err(error @ (DecimalError::Negative | DecimalError::OutOfRange)) => {
                self.refuse(key, error.to_string());
                None
            }
        }
    }

    fn raw(&mut self, key: &str) -> Option<Box<RawValue>> {
        self.fields.remove(key).filter(|raw| raw.get() != "null")
    }

    fn refuse_unknown(&mut self) {
        for key in std::mem::take(&mut self.fields).into_keys() {
            let shown: String = key.chars().take(64).collect();
            let pointer = self.pointer(&shown);
            self.note(Fault::form(pointer, "is not a known key"));
        }
    }

    fn pointer(&self, key: &str) -> String {
        if key.is_empty() {
            return self.at.clone();
        }
        format!("{}/{}", self.at, key.replace('~', "~0").replace('/', "~1"))
    }

    fn note(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }
}

/// serde_json's words without its position, which is that of the field's own text.
fn without_position(words: &str) -> String {
    let cut = words.find(" at line ").unwrap_or(words.len());
    words.get(..cut).unwrap_or(words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    #[test]
    fn what_is_not_a_body_is_refused_whole() {
        let deep = "[".repeat(20_000);
        let cases: &[(&str, &[u8])] = &[
            ("R34 truncated", b"{\"name\":"),
            ("R34 trailing bytes", b"{} x"),
            ("R34 BOM", b"\xef\xbb\xbf{}"),
            ("R34 empty", b""),
            ("R34 not an object", b"[]"),
            ("R34 depth", deep.as_bytes()),
            ("R35 NaN", b"{\"budget\":NaN}"),
            ("R35 leading zero", b"{\"budget\":01}"),
            ("R37 invalid UTF-8", b"{\"name\":\"\xff\"}"),
            ("R37 NUL", b"{\"name\":\"a\\u0000b\"}"),
        ];
        for (id, body) in cases {
            let fault = Form::read(body).expect_err(id);
            assert_eq!(
                (fault.kind, fault.pointer.as_str()),
                (FaultKind::Form, ""),
                "{id}"
            );
        }
        assert!(
            Form::read(br#"{"name":"a\\u0000b"}"#).is_ok(),
            "an escaped backslash is no NUL"
        );
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let body =
            br#"{"name":7,"budget":-1,"colour":"red","bid":{"cpm":"x","type":"cpm"},"a/b":1}"#;
        let mut form = Form::read(body).unwrap();
        form.text("name");
        form.money("budget");
        form.object("bid", |bid| {
            bid.text("type");
            bid.price("cpm")
        });
        form.require("advertiser_id");
        let faults = form.finish(Some(())).unwrap_err();
        assert_eq!(faults.kind(), FaultKind::Form);
        let at: Vec<_> = faults
            .0
            .iter()
            .map(|f| (f.kind, f.pointer.as_str()))
            .collect();
        assert_eq!(
            at,
            [
                (FaultKind::Form, "/name"),
                (FaultKind::Meaning, "/budget"),
                (FaultKind::Form, "/bid/cpm"),
                (FaultKind::Meaning, "/advertiser_id"),
                (FaultKind::Form, "/a~1b"),
                (FaultKind::Form, "/colour"),
            ]
        );
    }

    #[test]
    fn numbers_are_exact_and_the_last_duplicate_wins() {
        // R11, C-31
        let mut form = Form::read(br#"{"budget":1,"budget":9007199.254740993}"#).unwrap();
        assert_eq!(form.money("budget"), Some(Nanos(9_007_199_254_740_993)));
        assert_eq!(form.finish(Some(7)), Ok(7));
    }

    #[test]
    fn a_patch_lies_over_the_document() {
        #[derive(Serialize)]
        struct Document {
            name: &'static str,
            floor: u8,
        }
        let patch = Form::read(br#"{"floor":null}"#).unwrap();
        let mut whole = patch.over(&Document {
            name: "a",
            floor: 3,
        });
        assert_eq!(whole.text("name").as_deref(), Some("a"));
        assert_eq!(whole.take::<u8>("floor"), None, "null removes");
    }
}
