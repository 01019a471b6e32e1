//! Reading a catalog so that one bad record does not cost the others (R44).

use std::collections::{BTreeMap, HashSet};

use serde_json::value::RawValue;
use units::Nanos;

use super::parts::{Parts, id_of};
use super::{Campaign, Catalog, LineItem};

/// A record that was left out; the others are not affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The list that it stood in, such as `line_items`.
    pub list: String,
    /// Its id, or its place in the list where it has none.
    pub id: String,
    /// What is wrong with it.
    pub why: String,
}

impl Catalog {
    /// Reads a catalog and leaves out what cannot be read or contradicts itself: records of its lists,
    /// one by one. Members that this version does not know are passed over, in the catalog and in its
    /// records, except where a record's own type refuses them.
    ///
    /// # Errors
    /// When it is not JSON, has no version, or a member that is no list cannot be read.
    pub fn read(json: &[u8]) -> Result<(Self, Vec<Quarantined>), serde_json::Error> {
        let mut parts = Parts::of(json)?;
        let mut quarantined = std::mem::take(&mut parts.quarantined);
        let mut left_out = |record| quarantined.push(record);
        let line_items = kept(parts.line_items(), &mut left_out);
        let creatives = kept(parts.creatives(), &mut left_out);
        let catalog = Self {
            line_items,
            creatives,
            ..parts.rest
        };
        Ok((catalog, quarantined))
    }
}

fn kept<T>(
    records: impl Iterator<Item = Result<T, Quarantined>>,
    mut left_out: impl FnMut(Quarantined),
) -> Vec<T> {
    records
        .filter_map(|record| record.map_err(&mut left_out).ok())
        .collect()
}

/// Reads a catalog whose lists may have bad records.
pub(super) fn record_by_record(
    json: &str,
    quarantined: &mut Vec<Quarantined>,
) -> Result<Catalog, serde_json::Error> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(json)?;
    let mut kept: BTreeMap<&str, Member<'_>> = BTreeMap::new();
    for (name, member) in &members {
        let member = match serde_json::from_str::<Vec<&RawValue>>(member.get()) {
            Ok(records) => {
                let mut good = Vec::with_capacity(records.len());
                let at = Place {
                    list: name,
                    first: 0,
                };
                keep_readable(at, &records, &mut good, quarantined);
                Member::List(good)
            }
            Err(_) => Member::Other(member),
        };
        kept.insert(name, member);
    }
    serde_json::from_slice(&serde_json::to_vec(&kept)?)
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Member<'a> {
    List(Vec<&'a RawValue>),
    Other(&'a RawValue),
}

#[derive(Clone, Copy)]
struct Place<'a> {
    list: &'a str,
    /// Of the first of the records.
    first: usize,
}

/// Keeps the records that a catalog can be read with. All at once while that works, else in halves: few
/// bad ones among many are found in the time of reading the list a few times.
fn keep_readable<'a>(
    at: Place<'_>,
    records: &[&'a RawValue],
    good: &mut Vec<&'a RawValue>,
    quarantined: &mut Vec<Quarantined>,
) {
    let Err(error) = try_reading(at.list, records) else {
        good.extend_from_slice(records);
        return;
    };
    if let [record] = records {
        quarantined.push(Quarantined {
            list: at.list.to_owned(),
            id: id_of(record.get()).unwrap_or_else(|| format!("#{}", at.first)),
            why: without_position(&error.to_string()),
        });
        return;
    }
    let (front, back) = records.split_at(records.len() / 2);
    keep_readable(at, front, good, quarantined);
    let behind = Place {
        first: at.first + front.len(),
        ..at
    };
    keep_readable(behind, back, good, quarantined);
}

/// A catalog of these records alone: no list needs a reader of its own here, nor a new one later.
fn try_reading(list: &str, records: &[&RawValue]) -> Result<(), serde_json::Error> {
    let zero = RawValue::from_string("0".to_owned())?;
    let alone: BTreeMap<&str, Member<'_>> = BTreeMap::from([
        ("version", Member::Other(&zero)),
        (list, Member::List(records.to_vec())),
    ]);
    let _: Catalog = serde_json::from_slice(&serde_json::to_vec(&alone)?)?;
    Ok(())
}

/// The position is one in a text that nobody has.
pub(super) fn without_position(error: &str) -> String {
    let end = error.rfind(" at line ").unwrap_or(error.len());
    error.get(..end).unwrap_or(error).to_owned()
}

pub(super) fn leave_out_unsound(catalog: &mut Catalog, quarantined: &mut Vec<Quarantined>) {
    let Catalog {
        advertisers,
        campaigns,
        ..
    } = catalog;
    keep_sound(
        "advertisers",
        advertisers,
        |it| it.id.as_str(),
        |_| None,
        quarantined,
    );
    keep_sound(
        "campaigns",
        campaigns,
        |it| it.id.as_str(),
        of_campaign,
        quarantined,
    );
}

fn of_campaign(campaign: &Campaign) -> Option<&'static str> {
    let negative = |amount: &Nanos| *amount < Nanos::ZERO;
    if negative(&campaign.budget) || campaign.daily_budget.as_ref().is_some_and(negative) {
        return Some("a budget is negative");
    }
    None
}

pub(super) fn of_line_item(line_item: &LineItem) -> Option<&'static str> {
    if line_item
        .ends_at
        .is_some_and(|end| end <= line_item.starts_at)
    {
        return Some("it ends before it starts");
    }
    None
}

/// Why the second record of one id is left out.
pub(super) const TWICE: &str = "its id stands in the list before";

/// Keeps the records without a fault, and of those with one id the first.
fn keep_sound<T>(
    list: &str,
    records: &mut Vec<T>,
    id: impl Fn(&T) -> &str,
    fault: impl Fn(&T) -> Option<&'static str>,
    quarantined: &mut Vec<Quarantined>,
) {
    let mut seen = HashSet::with_capacity(records.len());
    let mut bad = HashSet::new();
    for (at, record) in records.iter().enumerate() {
        let twice = (!seen.insert(id(record))).then_some(TWICE);
        if let Some(why) = twice.or_else(|| fault(record)) {
            quarantined.push(Quarantined {
                list: list.to_owned(),
                id: id(record).to_owned(),
                why: why.to_owned(),
            });
            bad.insert(at);
        }
    }
    if bad.is_empty() {
        return;
    }
    let mut at = 0..;
    records.retain(|_| at.next().is_none_or(|at| !bad.contains(&at)));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn campaign(id: &str) -> Value {
        json!({"id": id, "name": id, "advertiser": "a", "status": "active", "currency": "USD",
            "time_zone": "UTC", "budget": 10})
    }

    fn line_item(id: &str) -> Value {
        json!({"id": id, "campaign": "c1", "status": "active", "epoch": 1, "starts_at": 1_000,
            "price": {"bid": {"type": "cpm", "cpm": 1}, "max_cpm": 10}, "creatives": []})
    }

    fn with(mut record: Value, key: &str, value: Value) -> Value {
        record[key] = value;
        record
    }

    #[test]
    fn r_44_a_bad_record_is_left_out_with_its_reason_and_the_rest_is_read() {
        let good = line_item("good");
        // What is wrong, the record, the id it is told by, a part of the reason.
        let rows = [
            (
                "a missing member",
                json!({"id": "bad"}),
                "bad",
                "missing field",
            ),
            (
                "a wrong type",
                with(good.clone(), "epoch", json!("x")),
                "good",
                "invalid type",
            ),
            (
                "an unknown variant",
                with(good.clone(), "status", json!("odd")),
                "good",
                "odd",
            ),
            ("no record at all", json!(7), "#1", "invalid type"),
            ("no id", json!({"epoch": 1}), "#1", "missing field"),
            (
                "ends before it starts",
                with(line_item("e"), "ends_at", json!(999)),
                "e",
                "ends before",
            ),
            ("twice", good.clone(), "good", "before"),
        ];
        for (says, bad, id, why) in rows {
            let list = json!([good, bad, line_item("last")]);
            let json = json!({"version": 3, "campaigns": [campaign("c1")], "line_items": list});
            let (catalog, left_out) = Catalog::read(json.to_string().as_bytes()).unwrap();
            let ids: Vec<_> = catalog.line_items.iter().map(|it| it.id.as_str()).collect();
            assert_eq!(ids, ["good", "last"], "{says}");
            assert_eq!((catalog.version, catalog.campaigns.len()), (3, 1), "{says}");
            let [only] = left_out.as_slice() else {
                panic!("{says}: {left_out:?}");
            };
            assert_eq!(
                (only.list.as_str(), only.id.as_str()),
                ("line_items", id),
                "{says}"
            );
            assert!(only.why.contains(why), "{says}: {}", only.why);
            assert!(!only.why.contains("line 1"), "{says}: {}", only.why);
        }
    }

    #[test]
    fn r_44_many_bad_ones_in_several_lists_are_each_told() {
        let items: Vec<_> = (0..1_000)
            .map(|at| match at % 100 {
                7 => json!({"id": format!("bad-{at}")}),
                _ => line_item(&format!("li-{at}")),
            })
            .collect();
        let json = json!({"version": 1, "line_items": items,
            "campaigns": [with(campaign("c1"), "budget", json!(-1)), campaign("c2"), json!(null)]});
        let (catalog, left_out) = Catalog::read(json.to_string().as_bytes()).unwrap();
        assert_eq!(
            (catalog.line_items.len(), catalog.campaigns.len()),
            (990, 1)
        );
        let of = |list| left_out.iter().filter(|it| it.list == list).count();
        assert_eq!((of("line_items"), of("campaigns")), (10, 2), "{left_out:?}");
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        let json = json!({"version": 1, "novelties": [{"x": 1}], "mood": "good",
            "campaigns": [with(campaign("c1"), "novelty", json!(true))]});
        let (catalog, left_out) = Catalog::read(json.to_string().as_bytes()).unwrap();
        assert_eq!((catalog.campaigns.len(), left_out), (1, Vec::new()));
    }

    #[test]
    fn what_is_no_catalog_is_an_error() {
        for text in [
            "",
            "[]",
            "{",
            r#"{"line_items":[]}"#,
            r#"{"version":1,"rates":7}"#,
        ] {
            assert!(Catalog::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
