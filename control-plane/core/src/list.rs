//! Shared lists of targeting: domains, bundles, postal codes.

use std::collections::BTreeSet;

use contracts::catalog::{Key, ListKind, Targeting, Test, Tree};
use serde::{Deserialize, Serialize};
use units::ListId;
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::{Fault, Faults};
use crate::form::Form;
use crate::line_item::postal_code;
use crate::web;

/// Longest entry.
const MAX_ENTRY: usize = 253;
/// Entries that are wrong and named one by one.
const MAX_NAMED: usize = 20;

/// A shared list as it is kept, apart from its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SharedList {
    /// Its id, as targeting names it.
    #[schema(value_type = String)]
    pub id: ListId,
    /// Its name.
    pub name: String,
    /// `domain`, `bundle` or `postal_code`.
    #[schema(value_type = String)]
    pub kind: ListKind,
    /// How many entries it has.
    pub count: u64,
}

/// A list that a body makes, with its first entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeList {
    /// The list.
    pub list: SharedList,
    /// Its entries, each once, as they are compared.
    pub entries: BTreeSet<String>,
}

/// The API's view of a list.
#[must_use]
pub const fn document(list: &SharedList) -> &SharedList {
    list
}

/// Reads a list, for example `{"name":"News","kind":"domain","entries":["news.example"]}`; of at most
/// `most` entries.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(mut form: Form, most: u64, edge: &mut Edge<'_>) -> Result<MadeList, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("lst"));
    let name = form.text("name").unwrap_or_else(|| id.clone());
    form.require("kind");
    let kind: Option<ListKind> = form.take("kind");
    let given: Vec<String> = form.take("entries").unwrap_or_default();
    let made = kind.map(|kind| {
        let mut entries = BTreeSet::new();
        for (index, text) in given.iter().enumerate() {
            match entry(kind, text) {
                Some(entry) => {
                    entries.insert(entry);
                }
                None => form.refuse_entry("entries", index, says(kind)),
            }
        }
        let count = entries.len() as u64;
        if count > most {
            form.refuse("entries", format!("must be at most {most}"));
        }
        MadeList {
            list: SharedList {
                id: id.into(),
                name,
                kind,
                count,
            },
            entries,
        }
    });
    form.finish(made)
}

/// Reads entries from text, one a line; empty lines are passed over.
///
/// # Errors
/// The first lines that are no entries, by their number from 0.
pub fn lines(kind: ListKind, body: &[u8]) -> Result<BTreeSet<String>, Faults> {
    let text = std::str::from_utf8(body).map_err(|_| Fault::form("", "is not UTF-8"))?;
    let mut entries = BTreeSet::new();
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match entry(kind, line) {
            Some(entry) => {
                entries.insert(entry);
            }
            None if faults.len() < MAX_NAMED => {
                faults.push(Fault::meaning(format!("/{number}"), says(kind)));
            }
            None => {}
        }
    }
    if faults.is_empty() {
        Ok(entries)
    } else {
        Err(Faults(faults))
    }
}

/// The ids of shared lists that targeting names.
#[must_use]
pub fn named_by(targeting: &Targeting) -> BTreeSet<&str> {
    let lists = &targeting.lists;
    let mut named: BTreeSet<&str> = lists
        .include
        .iter()
        .chain(&lists.exclude)
        .map(String::as_str)
        .collect();
    if let Some(tree) = &targeting.rule {
        in_tree(tree, &mut named);
    }
    named
}

fn in_tree<'t>(tree: &'t Tree, named: &mut BTreeSet<&'t str>) {
    match tree {
        Tree::All(parts) | Tree::Any(parts) => parts.iter().for_each(|it| in_tree(it, named)),
        Tree::Not(part) => in_tree(part, named),
        Tree::Term(term) => {
            if let Test::Values {
                key: Key::List,
                values,
            } = &term.test
            {
                named.extend(values.iter().map(String::as_str));
            }
        }
    }
}

/// An entry as it is compared (C-29).
fn entry(kind: ListKind, text: &str) -> Option<String> {
    let text = text.trim();
    let legal = !text.is_empty() && text.len() <= MAX_ENTRY && !text.contains(char::is_control);
    let entry = match kind {
        ListKind::Domain => web::domain(text)?,
        ListKind::Bundle => text.to_lowercase(),
        ListKind::PostalCode => postal_code(text),
    };
    legal.then_some(entry)
}

const fn says(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Domain => "is not a domain name",
        ListKind::Bundle => "is not a bundle",
        ListKind::PostalCode => "is not a postal code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::UnixMillis;

    fn made(body: &str) -> Result<MadeList, Vec<String>> {
        let mut uuid = || uuid::Uuid::nil();
        let mut edge = Edge {
            now: UnixMillis(0),
            uuid: &mut uuid,
        };
        let form = Form::read(body.as_bytes()).unwrap();
        read(form, 3, &mut edge)
            .map_err(|faults| faults.0.into_iter().map(|it| it.pointer).collect())
    }

    #[test]
    fn entries_are_kept_once_as_they_are_compared() {
        let list =
            made(r#"{"kind":"domain","entries":["WWW.News.Example.","news.example","b.example"]}"#);
        let entries: Vec<_> = list.unwrap().entries.into_iter().collect();
        assert_eq!(entries, ["b.example", "news.example"], "C-29");
        let codes = lines(ListKind::PostalCode, b"sw1a 1aa\n\nDE-10115\r\n").unwrap();
        assert_eq!(
            codes.into_iter().collect::<Vec<_>>(),
            ["DE-10115", "SW1A1AA"]
        );
    }

    #[test]
    fn what_is_no_entry_is_told_at_its_place() {
        let cases = [
            (
                r#"{"kind":"domain","entries":["a.example","no domain","x"]}"#,
                vec!["/entries/1", "/entries/2"],
            ),
            (r#"{"entries":[]}"#, vec!["/kind"]),
            (r#"{"kind":"colour"}"#, vec!["/kind"]),
            (
                r#"{"kind":"bundle","entries":["a","b","c","d"]}"#,
                vec!["/entries"],
            ),
        ];
        for (body, want) in cases {
            assert_eq!(made(body).unwrap_err(), want, "{body}");
        }
        let faults = lines(ListKind::Domain, b"a.example\nno domain\n").unwrap_err();
        assert_eq!(faults.0[0].pointer, "/1");
    }

    #[test]
    fn lists_are_found_wherever_targeting_names_them() {
        let targeting: Targeting = serde_json::from_str(
            r#"{"lists":{"include":["a"],"exclude":["b"]},"rule":{"all":[{"not":{"lists":["c"]}},{"any":[{"lists":["a","d"]}]}]}}"#,
        )
        .unwrap();
        let named: Vec<_> = named_by(&targeting).into_iter().collect();
        assert_eq!(named, ["a", "b", "c", "d"]);
    }
}
