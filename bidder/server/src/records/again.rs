//! A recorded decision made again, and compared with what was recorded.

use std::path::Path;

use bidder_core::record::{Replayed, Unreplayable, replay};
use serde::Serialize;
use serde_json::Value;
use units::AuctionId;

use super::find::{FindError, Recorded, find};

/// Most differences that are told.
const MOST: usize = 16;

/// A record, and how the decision compares that was made again from it.
#[derive(Debug)]
pub struct Again {
    /// What was recorded.
    pub recorded: Recorded,
    /// Where they differ, in the order of the record; at most sixteen. None: the same, bit for bit.
    pub differences: Vec<Difference>,
}

/// One place where record and decision differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// JSON pointer into the record.
    pub pointer: String,
    /// What the record has there.
    pub recorded: Value,
    /// What there is now.
    pub again: Value,
}

/// Why a decision could not be made again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// The record or its catalog is not there.
    #[error(transparent)]
    Find(#[from] FindError),
    /// They do not belong together, or the request is not readable.
    #[error(transparent)]
    Unreplayable(#[from] Unreplayable),
    /// A value that is no JSON.
    #[error("comparing: {0}")]
    Json(#[from] serde_json::Error),
}

/// Finds the record of a decision in a bidder's data directory, decides again, and compares.
///
/// # Errors
/// [`AgainError`]: there is nothing to decide again from.
pub fn again(data_dir: &Path, id: AuctionId) -> Result<Again, AgainError> {
    let recorded = find(data_dir, id)?;
    let mut differences = Differences(Vec::new());
    let text = |text: &str| Value::String(text.to_owned());
    differences.compare(
        "/digest",
        &text(&recorded.digest),
        &text(&recorded.digest_now),
    );
    let made = match &recorded.seen.turned_away {
        Some(why) => Replayed::turned_away(why),
        None => {
            let catalog = recorded.catalog()?;
            let of_record = catalog.sha256.as_deref().map_or(Value::Null, text);
            let now = text(&catalog.sha256_now);
            differences.compare("/catalog/sha256", &of_record, &now);
            replay(&recorded.seen, &catalog.market)?
        }
    };
    differences.compare(
        "/seen/funds",
        &serde_json::to_value(&recorded.seen.funds)?,
        &serde_json::to_value(&made.funds)?,
    );
    let (mut before, mut after) = (recorded.outcome.clone(), made.outcome);
    let (sent, again) = (before.response.take(), after.response.take());
    differences.compare(
        "/outcome",
        &serde_json::to_value(&before)?,
        &serde_json::to_value(&after)?,
    );
    differences.compare_text("/outcome/response", sent, again);
    Ok(Again {
        recorded,
        differences: differences.0,
    })
}

struct Differences(Vec<Difference>);

impl Differences {
    fn add(&mut self, pointer: &str, recorded: &Value, again: &Value) {
        if self.0.len() < MOST {
            self.0.push(Difference {
                pointer: pointer.to_owned(),
                recorded: recorded.clone(),
                again: again.clone(),
            });
        }
    }

    fn compare(&mut self, pointer: &str, recorded: &Value, again: &Value) {
        match (recorded, again) {
            (Value::Object(before), Value::Object(after)) => {
                let added = after.keys().filter(|key| !before.contains_key(*key));
                for key in before.keys().chain(added) {
                    let [before, after] =
                        [before, after].map(|it| it.get(key).unwrap_or(&Value::Null));
                    let key = key.replace('~', "~0").replace('/', "~1");
                    self.compare(&format!("{pointer}/{key}"), before, after);
                }
            }
            (Value::Array(before), Value::Array(after)) => {
                for at in 0..before.len().max(after.len()) {
                    let [before, after] =
                        [before, after].map(|it| it.get(at).unwrap_or(&Value::Null));
                    self.compare(&format!("{pointer}/{at}"), before, after);
                }
            }
            _ if recorded == again => {}
            _ => self.add(pointer, recorded, again),
        }
    }

    /// Bodies are compared as bytes; where they differ, it is shown in which member.
    fn compare_text(&mut self, pointer: &str, recorded: Option<String>, again: Option<String>) {
        if recorded == again {
            return;
        }
        let parsed = |text: &Option<String>| -> Option<Value> {
            serde_json::from_str(text.as_deref()?).ok()
        };
        let told = self.0.len();
        if let (Some(before), Some(after)) = (parsed(&recorded), parsed(&again)) {
            self.compare(pointer, &before, &after);
        }
        if self.0.len() == told {
            let value = |text: Option<String>| text.map_or(Value::Null, Value::String);
            self.add(pointer, &value(recorded), &value(again));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_is_pointed_at() {
        let cases = [
            (
                "the same",
                json!({"a": [1, {"b": 2}]}),
                json!({"a": [1, {"b": 2}]}),
                None,
            ),
            (
                "a value",
                json!({"a": [1, {"b": 2}]}),
                json!({"a": [1, {"b": 3}]}),
                Some("/x/a/1/b"),
            ),
            ("one more", json!([1]), json!([1, 2]), Some("/x/1")),
            ("one fewer", json!({"a": 1}), json!({}), Some("/x/a")),
            (
                "an escaped key",
                json!({"a/b": 1}),
                json!({"a/b": 2}),
                Some("/x/a~1b"),
            ),
            (
                "another type",
                json!({"a": "1"}),
                json!({"a": 1}),
                Some("/x/a"),
            ),
        ];
        for (says, before, after, want) in cases {
            let mut differences = Differences(Vec::new());
            differences.compare("/x", &before, &after);
            let first = differences.0.first().map(|it| it.pointer.as_str());
            assert_eq!(first, want, "{says}");
        }
    }

    #[test]
    fn bodies_are_compared_as_bytes() {
        let text = |text: &str| Some(text.to_owned());
        let cases = [
            ("the same", text("{\"a\":1}"), text("{\"a\":1}"), None),
            (
                "a member",
                text("{\"a\":1}"),
                text("{\"a\":2}"),
                Some("/r/a"),
            ),
            ("a blank", text("{\"a\":1}"), text("{\"a\": 1}"), Some("/r")),
            ("no bid any more", text("{}"), None, Some("/r")),
        ];
        for (says, before, after, want) in cases {
            let mut differences = Differences(Vec::new());
            differences.compare_text("/r", before, after);
            let first = differences.0.first().map(|it| it.pointer.as_str());
            assert_eq!(first, want, "{says}");
        }
    }
}
