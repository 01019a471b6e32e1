//! A recorded auction settled again, and compared with what was recorded.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use units::AuctionId;

use super::find::{FindError, Recorded, find};
use super::seen::{Unreplayable, replay};

/// Most differences that are told.
const MOST: usize = 16;

/// A record, and how the auction compares that was settled again from it.
#[derive(Debug)]
pub struct Again {
    /// What was recorded.
    pub recorded: Recorded,
    /// Where they differ, in the order of the record; at most sixteen. None: the same, bit for bit.
    pub differences: Vec<Difference>,
}

/// One place where record and auction differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// JSON pointer into the record.
    pub pointer: String,
    /// What the record has there.
    pub recorded: Value,
    /// What there is now.
    pub again: Value,
}

/// Why an auction could not be settled again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// The record or its catalog is not there.
    #[error(transparent)]
    Find(#[from] FindError),
    /// They do not belong together, or the record is not readable.
    #[error(transparent)]
    Unreplayable(#[from] Unreplayable),
    /// A value that is no JSON.
    #[error("comparing: {0}")]
    Json(#[from] serde_json::Error),
}

/// Finds the record of an auction in an exchange's data directory, plans and settles again, and compares.
///
/// # Errors
/// [`AgainError`]: there is nothing to settle again from.
pub fn again(data_dir: &Path, id: AuctionId) -> Result<Again, AgainError> {
    let recorded = find(data_dir, id)?;
    let mut differences = Differences(Vec::new());
    let text = |text: &str| Value::String(text.to_owned());
    differences.compare(
        "/digest",
        &text(&recorded.digest),
        &text(&recorded.digest_now),
    );
    let catalog = recorded.catalog()?;
    differences.compare(
        "/catalog/sha256",
        &text(&catalog.sha256),
        &text(&catalog.sha256_now),
    );
    let settled = replay(&recorded.seen, &catalog.catalog)?;
    differences.compare(
        "/outcome",
        &serde_json::to_value(&recorded.outcome)?,
        &serde_json::to_value(&settled)?,
    );
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
}
