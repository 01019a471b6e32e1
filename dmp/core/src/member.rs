//! Lists of a segment's members, as they are uploaded: one user a line.

use serde::Serialize;
use serde_json::Value;
use units::UserId;

use crate::user::refuse_id;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON value a line: `{"user_id":"u1"}`, or `"u1"`.
    Ndjson,
    /// Comma-separated; the user's id comes first, a heading `user_id` is skipped.
    Csv,
}

/// A line that names no user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its number, from 1.
    pub line: usize,
    /// Why.
    pub reason: &'static str,
}

/// Reads a list; blank lines are skipped, each user counts once.
#[must_use]
pub fn read(list: &str, format: Format) -> (Vec<UserId>, Vec<Rejected>) {
    let mut seen = std::collections::BTreeSet::new();
    let (mut users, mut rejected) = (Vec::new(), Vec::new());
    for (at, line) in list.lines().enumerate() {
        let line = line.trim().trim_start_matches('\u{feff}');
        if line.is_empty() || (format == Format::Csv && at == 0 && first_field(line) == "user_id") {
            continue;
        }
        let id = match format {
            Format::Ndjson => json_id(line),
            Format::Csv => Ok(first_field(line).to_owned()),
        };
        match id.and_then(|id| refuse_id(&id).map_or(Ok(id), Err)) {
            Ok(id) => {
                if seen.insert(id.clone()) {
                    users.push(UserId::from(id));
                }
            }
            Err(reason) => rejected.push(Rejected {
                line: at + 1,
                reason,
            }),
        }
    }
    (users, rejected)
}

fn json_id(line: &str) -> Result<String, &'static str> {
    let value: Value = serde_json::from_str(line).map_err(|_malformed| "is not JSON")?;
    match value.get("user_id").unwrap_or(&value) {
        Value::String(id) => Ok(id.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err("has no user_id")
        }
    }
}

/// The first field, quotes taken off. Ids with a comma or a quote in them come as NDJSON.
fn first_field(line: &str) -> &str {
    let field = line.split(',').next().unwrap_or_default().trim();
    field
        .strip_prefix('"')
        .and_then(|field| field.strip_suffix('"'))
        .unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let cases = [
            (
                "NDJSON, objects and ids",
                "{\"user_id\":\"u1\"}\n\"u2\"\n\n{\"user_id\":\"u1\"}\n",
                Format::Ndjson,
                vec!["u1", "u2"],
                vec![],
            ),
            (
                "NDJSON, lines that name nobody",
                "{\"id\":1}\nu1\n\"\"\n7",
                Format::Ndjson,
                vec![],
                vec![1, 2, 3, 4],
            ),
            (
                "CSV with a heading",
                "user_id,since\r\nu1,2024\r\n\"u2\",2025\r\n",
                Format::Csv,
                vec!["u1", "u2"],
                vec![],
            ),
            (
                "CSV without one",
                "u1\n,x\nu3",
                Format::Csv,
                vec!["u1", "u3"],
                vec![2],
            ),
        ];
        for (says, list, format, users, lines) in cases {
            let (found, rejected) = read(list, format);
            let found: Vec<&str> = found.iter().map(UserId::as_str).collect();
            let found_lines: Vec<usize> = rejected.iter().map(|line| line.line).collect();
            assert_eq!((found, found_lines), (users, lines), "{says}");
        }
    }
}
