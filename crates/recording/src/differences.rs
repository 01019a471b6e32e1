//! Where a record and what comes of it now differ.

use serde::Serialize;
use serde_json::Value;

use crate::find::{CatalogText, Recorded};

/// Most differences that are told.
const MOST: usize = 16;

/// One place where both differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// JSON pointer into the record.
    pub pointer: String,
    /// What the record has there.
    pub recorded: Value,
    /// What there is now.
    pub again: Value,
}

/// The places, in the order of comparing; at most sixteen. None: the same, bit for bit.
#[derive(Debug, Default)]
pub struct Differences {
    told: Vec<Difference>,
    /// Members that the record does not have are not compared: its format did not have them.
    only_recorded: bool,
}

impl Differences {
    /// Begins with a record's digest.
    #[must_use]
    pub fn of<S, O>(recorded: &Recorded<S, O>) -> Self {
        let mut differences = Self {
            told: Vec::new(),
            only_recorded: recorded.is_older,
        };
        let text = |text: &str| Value::String(text.to_owned());
        let (before, now) = (text(&recorded.digest), text(&recorded.digest_now));
        differences.values("/digest", &before, &now);
        differences
    }

    /// Compares the checksums of the catalog.
    pub fn catalog(&mut self, catalog: &CatalogText) {
        let text = |text: &str| Value::String(text.to_owned());
        let recorded = catalog.sha256.as_deref().map_or(Value::Null, text);
        self.values("/catalog/sha256", &recorded, &text(&catalog.sha256_now));
    }

    /// Compares what was recorded below a pointer with what there is now.
    ///
    /// # Errors
    /// One of them is no JSON.
    pub fn compare(
        &mut self,
        pointer: &str,
        recorded: &impl Serialize,
        again: &impl Serialize,
    ) -> Result<(), serde_json::Error> {
        let recorded = serde_json::to_value(recorded)?;
        self.values(pointer, &recorded, &serde_json::to_value(again)?);
        Ok(())
    }

    /// Compares bodies as bytes; where they differ, it is shown in which member.
    pub fn compare_text(&mut self, pointer: &str, recorded: Option<String>, again: Option<String>) {
        if recorded == again {
            return;
        }
        let parsed = |text: &Option<String>| -> Option<Value> {
            serde_json::from_str(text.as_deref()?).ok()
        };
        let told = self.told.len();
        if let (Some(before), Some(after)) = (parsed(&recorded), parsed(&again)) {
            self.values(pointer, &before, &after);
        }
        if self.told.len() == told {
            let value = |text: Option<String>| text.map_or(Value::Null, Value::String);
            self.add(pointer, &value(recorded), &value(again));
        }
    }

    /// Those that were found.
    #[must_use]
    pub fn into_vec(self) -> Vec<Difference> {
        self.told
    }

    fn add(&mut self, pointer: &str, recorded: &Value, again: &Value) {
        if self.told.len() < MOST {
            self.told.push(Difference {
                pointer: pointer.to_owned(),
                recorded: recorded.clone(),
                again: again.clone(),
            });
        }
    }

    fn values(&mut self, pointer: &str, recorded: &Value, again: &Value) {
        match (recorded, again) {
            (Value::Object(before), Value::Object(after)) => {
                let is_added = |key: &&String| !self.only_recorded && !before.contains_key(*key);
                let added: Vec<&String> = after.keys().filter(is_added).collect();
                for key in before.keys().chain(added) {
                    let [before, after] =
                        [before, after].map(|it| it.get(key).unwrap_or(&Value::Null));
                    let key = key.replace('~', "~0").replace('/', "~1");
                    self.values(&format!("{pointer}/{key}"), before, after);
                }
            }
            (Value::Array(before), Value::Array(after)) => {
                for at in 0..before.len().max(after.len()) {
                    let [before, after] =
                        [before, after].map(|it| it.get(at).unwrap_or(&Value::Null));
                    self.values(&format!("{pointer}/{at}"), before, after);
                }
            }
            _ if recorded == again => {}
            _ => self.add(pointer, recorded, again),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn first(differences: Differences) -> Option<String> {
        let first = differences.into_vec().into_iter().next();
        first.map(|it| it.pointer)
    }

    #[test]
    fn the_first_difference_is_pointed_at() {
        // Where it is, and whether a record of an older format has it, too.
        #[rustfmt::skip]
        let cases = [
            ("the same", json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 2}]}), None, None),
            ("a value", json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 3}]}), Some("/x/a/1/b"), Some("/x/a/1/b")),
            ("one more", json!([1]), json!([1, 2]), Some("/x/1"), Some("/x/1")),
            ("one fewer", json!({"a": 1}), json!({}), Some("/x/a"), Some("/x/a")),
            ("a member more", json!({"a": 1}), json!({"a": 1, "b": 2}), Some("/x/b"), None),
            ("nothing, and absent", json!({"a": null}), json!({}), None, None),
            ("an escaped key", json!({"a/b": 1}), json!({"a/b": 2}), Some("/x/a~1b"), Some("/x/a~1b")),
            ("an escaped escape", json!({"a~1b": 1}), json!({"a~1b": 2}), Some("/x/a~01b"), Some("/x/a~01b")),
            ("another type", json!({"a": "1"}), json!({"a": 1}), Some("/x/a"), Some("/x/a")),
        ];
        for (says, before, after, want, of_older) in cases {
            for (only_recorded, want) in [(false, want), (true, of_older)] {
                let mut differences = Differences {
                    only_recorded,
                    ..Differences::default()
                };
                differences.compare("/x", &before, &after).unwrap();
                assert_eq!(first(differences).as_deref(), want, "{says}");
            }
        }
    }

    #[test]
    fn bodies_are_compared_as_bytes() {
        let text = |text: &str| Some(text.to_owned());
        #[rustfmt::skip]
        let cases = [
            ("the same", text("{\"a\":1}"), text("{\"a\":1}"), None),
            ("a member", text("{\"a\":1}"), text("{\"a\":2}"), Some("/r/a")),
            ("a blank", text("{\"a\":1}"), text("{\"a\": 1}"), Some("/r")),
            ("no bid any more", text("{}"), None, Some("/r")),
        ];
        for (says, before, after, want) in cases {
            // Also behind another difference.
            for earlier in [None, Some("/earlier")] {
                let mut differences = Differences::default();
                if let Some(pointer) = earlier {
                    differences.add(pointer, &json!(1), &json!(2));
                }
                differences.compare_text("/r", before.clone(), after.clone());
                let told = differences.into_vec().into_iter().map(|it| it.pointer);
                let want: Vec<&str> = earlier.into_iter().chain(want).collect();
                assert_eq!(told.collect::<Vec<_>>(), want, "{says}");
            }
        }
    }

    #[test]
    fn so_many_are_told_and_no_more() {
        let (before, after): (Vec<u8>, Vec<u8>) = ((0..99).collect(), (1..100).collect());
        let mut differences = Differences::default();
        differences.compare("", &before, &after).unwrap();
        assert_eq!(differences.into_vec().len(), MOST);
    }
}
