//! A catalog's text, taken apart: the large lists record by record, so that whoever goes through them never
//! has all of them in memory.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::Hash;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;
use units::{CreativeId, LineItemId};

use super::lines::MARK;
use super::reading::{self, Quarantined};
use super::{Catalog, Creative, LineItem};

/// Names of the lists that are gone through record by record.
const LINE_ITEMS: &str = "line_items";
const CREATIVES: &str = "creatives";

/// A catalog's text with its large lists not read yet.
#[derive(Debug)]
pub struct Parts<'j> {
    /// All but line items and creatives.
    pub rest: Catalog,
    /// What was left out of that.
    pub quarantined: Vec<Quarantined>,
    line_items: Vec<&'j str>,
    creatives: Vec<&'j str>,
}

impl<'j> Parts<'j> {
    /// Takes a catalog's text apart and reads all but the large lists.
    ///
    /// # Errors
    /// When it is not JSON, has no version, or a member that is no list cannot be read.
    pub fn of(json: &'j [u8]) -> Result<Self, serde_json::Error> {
        let text = std::str::from_utf8(json).map_err(serde_json::Error::custom)?;
        let Spread {
            rest,
            line_items,
            creatives,
        } = if text.starts_with(MARK) {
            by_lines(text)
        } else {
            by_members(text)?
        };
        let mut quarantined = Vec::new();
        let mut rest = match serde_json::from_str(&rest) {
            Ok(rest) => rest,
            // Only then: looking at every record by itself takes several times as long.
            Err(_) => reading::record_by_record(&rest, &mut quarantined)?,
        };
        reading::leave_out_unsound(&mut rest, &mut quarantined);
        Ok(Self {
            rest,
            quarantined,
            line_items,
            creatives,
        })
    }

    /// The line items in their order, or why one is left out.
    pub fn line_items(&self) -> impl Iterator<Item = Result<LineItem, Quarantined>> {
        let id = |it: &LineItem| -> LineItemId { it.id.clone() };
        records(LINE_ITEMS, &self.line_items, id, reading::of_line_item)
    }

    /// The creatives in their order, or why one is left out.
    pub fn creatives(&self) -> impl Iterator<Item = Result<Creative, Quarantined>> {
        let id = |it: &Creative| -> CreativeId { it.id.clone() };
        records(CREATIVES, &self.creatives, id, |_| None)
    }

    /// How many line items there are, those that cannot be read included.
    #[must_use]
    pub const fn line_item_count(&self) -> usize {
        self.line_items.len()
    }
}

struct Spread<'j> {
    /// The text with both lists empty.
    rest: String,
    line_items: Vec<&'j str>,
    creatives: Vec<&'j str>,
}

/// Of a text in the layout of [`Catalog::to_lines`]. No end of a line stands within a record: JSON escapes it.
fn by_lines(text: &str) -> Spread<'_> {
    let mut spread = Spread {
        rest: String::new(),
        line_items: Vec::new(),
        creatives: Vec::new(),
    };
    let mut list: Option<&mut Vec<&str>> = None;
    for line in text.split('\n') {
        match &mut list {
            Some(records) if !line.starts_with(']') => {
                records.push(line.strip_suffix(',').unwrap_or(line));
            }
            Some(_) | None => {
                spread.rest.push_str(line);
                spread.rest.push('\n');
                list = match line {
                    "\"line_items\":[" => Some(&mut spread.line_items),
                    "\"creatives\":[" => Some(&mut spread.creatives),
                    _ => None,
                };
            }
        }
    }
    spread
}

/// Of any other JSON text.
fn by_members(text: &str) -> Result<Spread<'_>, serde_json::Error> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
    let mut list = |name| -> Vec<&str> {
        let records = members
            .get(name)
            .and_then(|it| serde_json::from_str::<Vec<&RawValue>>(it.get()).ok());
        // What is no list is told of with the rest.
        let Some(records) = records else {
            return Vec::new();
        };
        members.remove(name);
        records.into_iter().map(RawValue::get).collect()
    };
    let (line_items, creatives) = (list(LINE_ITEMS), list(CREATIVES));
    Ok(Spread {
        rest: serde_json::to_string(&members)?,
        line_items,
        creatives,
    })
}

/// Reads records one by one; of those with one id the first counts.
fn records<'p, T: DeserializeOwned, I: Hash + Eq + fmt::Display + 'p>(
    list: &'static str,
    records: &'p [&'p str],
    id: impl Fn(&T) -> I + 'p,
    fault: impl Fn(&T) -> Option<&'static str> + 'p,
) -> impl Iterator<Item = Result<T, Quarantined>> + 'p {
    let mut seen = HashSet::with_capacity(records.len());
    records.iter().enumerate().map(move |(at, text)| {
        let left_out = |id: String, why: String| Quarantined {
            list: list.to_owned(),
            id,
            why,
        };
        let record: T = serde_json::from_str(text).map_err(|error| {
            let id = id_of(text).unwrap_or_else(|| format!("#{at}"));
            left_out(id, reading::without_position(&error.to_string()))
        })?;
        let id = id(&record);
        let shown = |why: &str| Err(left_out(id.to_string(), why.to_owned()));
        if seen.contains(&id) {
            return shown(reading::TWICE);
        }
        if let Some(why) = fault(&record) {
            return shown(why);
        }
        seen.insert(id);
        Ok(record)
    })
}

/// The id of a record that says it, whatever else is wrong with it.
pub(super) fn id_of(record: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let named: Named = serde_json::from_str(record).ok()?;
    Some(named.id)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text() -> (Value, Vec<u8>) {
        let line_item = |id: &str| {
            json!({"id": id, "campaign": "c", "status": "active", "epoch": 1, "starts_at": 1, "creatives": ["a\nb"],
                "price": {"bid": {"type": "cpm", "cpm": 1}, "max_cpm": 10}, "targeting": {"cities": [["x", "],\n\"creatives\":["]]}})
        };
        let mut good = line_item("li-1");
        good["targeting"] = json!({"cities": ["],\n\"creatives\":["]});
        let json = json!({"version": 3, "advertisers": [], "line_items": [good, line_item("bad"), good],
            "creatives": [{"id": "a\nb", "advertiser": "a", "format": "banner", "landing_page": "", "adomain": []}]});
        let mut read = Catalog::read(json.to_string().as_bytes()).unwrap().0;
        read.line_items.extend(read.line_items.clone());
        (json, read.to_lines().unwrap())
    }

    #[test]
    fn lines_are_json_and_a_record_is_one_of_them() {
        let (_, lines) = text();
        let lines = String::from_utf8(lines).unwrap();
        let as_json: Catalog = serde_json::from_str(&lines).unwrap();
        assert_eq!((as_json.line_items.len(), as_json.creatives.len()), (2, 1));
        assert_eq!(as_json.to_lines().unwrap(), lines.as_bytes());
        let of = |id| lines.lines().filter(|it| it.contains(id)).count();
        assert_eq!(of(r#"{"id":"li-1","#), 2, "{lines}");
        assert!(lines.contains("\n\"advertisers\":[],\n"), "{lines}");
        assert!(lines.ends_with("]\n}"), "{lines}");
        let Value::Object(members) = serde_json::from_str(&lines).unwrap() else {
            panic!("no object: {lines}");
        };
        let plain = serde_json::to_value(&as_json).unwrap();
        let plain = plain.as_object().unwrap();
        assert_eq!(members.len(), plain.len() + 1, "all members and the mark");
        assert!(plain.iter().all(|(name, it)| members[name] == *it));
    }

    #[test]
    fn records_that_are_written_already_are_joined_to_the_same_text() {
        let (_, lines) = text();
        let whole: Catalog = serde_json::from_slice(&lines).unwrap();
        let line_items = whole.line_items.iter().map(serde_json::to_string);
        let line_items: Vec<String> = line_items.map(Result::unwrap).collect();
        let creatives = whole.creatives.iter().map(serde_json::to_string);
        let creatives: Vec<String> = creatives.map(Result::unwrap).collect();
        let rest = Catalog {
            line_items: Vec::new(),
            creatives: Vec::new(),
            ..whole.clone()
        };
        let lists = [
            (LINE_ITEMS, line_items.iter().map(String::as_str).collect()),
            ("campaigns", Vec::new()),
            (CREATIVES, creatives.iter().map(String::as_str).collect()),
        ];
        assert_eq!(super::super::join_lines(&rest, &lists).unwrap(), lines);
    }

    #[test]
    fn r_44_both_layouts_give_the_same_records_and_leave_out_the_same() {
        let (any, lines) = text();
        let told = |left_out: Vec<Quarantined>| -> Vec<_> {
            left_out.into_iter().map(|it| (it.id, it.why)).collect()
        };
        let (catalog, left_out) = Catalog::read(any.to_string().as_bytes()).unwrap();
        let of_any = told(left_out);
        assert_eq!(of_any.len(), 2, "{of_any:?}");
        assert!(
            of_any[0].0 == "bad" && of_any[1].1 == reading::TWICE,
            "{of_any:?}"
        );
        let (same, left_out) = Catalog::read(&lines).unwrap();
        assert_eq!(same, catalog);
        assert_eq!(told(left_out), of_any[1..]);
        // A line that is broken costs its record alone.
        let lines = String::from_utf8(lines).unwrap();
        let broken = lines.replacen(r#""epoch":1"#, r#""epoch":]"#, 1);
        let (catalog, left_out) = Catalog::read(broken.as_bytes()).unwrap();
        assert_eq!((catalog.line_items.len(), catalog.creatives.len()), (1, 1));
        let [only] = left_out.as_slice() else {
            panic!("{left_out:?}");
        };
        assert_eq!((only.list.as_str(), only.id.as_str()), (LINE_ITEMS, "#0"));
    }
}
