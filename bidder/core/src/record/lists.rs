//! What a decision read of the shared lists: which were here, and what of the request each holds.

use contracts::catalog::ListKind;
use serde::{Deserialize, Serialize};
use units::ListId;

use crate::facts::Facts;
use crate::index::{FetchedList, SharedLists};
use crate::targeting::looked_up;

/// A shared list that was here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenList {
    /// Its id.
    pub id: ListId,
    /// What it holds.
    pub kind: ListKind,
    /// Which version was here.
    pub version: u64,
    /// The values of the request that it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

impl SeenList {
    /// All lists that are here, with their answers to the values of a request.
    #[must_use]
    pub fn all(shared: &SharedLists, facts: &Facts) -> Vec<Self> {
        let mut seen: Vec<Self> = Vec::new();
        for (id, kind, version) in shared.lists() {
            let values = facts.values(looked_up(kind));
            let held = values.filter(|value| shared.holding(kind, value).any(|it| it == id));
            seen.push(Self {
                id: id.clone(),
                kind,
                version,
                holds: held.map(str::to_owned).collect(),
            });
        }
        seen
    }

    /// A table that answers the same to the same values.
    #[must_use]
    pub fn table(lists: &[Self]) -> SharedLists {
        let lines: Vec<String> = lists.iter().map(|it| it.holds.join("\n")).collect();
        let fetched = lists.iter().zip(&lines).map(|(list, lines)| FetchedList {
            id: &list.id,
            kind: list.kind,
            version: list.version,
            lines,
        });
        SharedLists::build(fetched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Dimension;
    use proptest::prelude::*;

    fn facts(domain: &str, bundle: &str) -> Facts {
        let mut facts = Facts::default();
        facts.push_domain(domain);
        facts.push(Dimension::Bundle, bundle);
        facts
    }

    fn held(shared: &SharedLists, mut facts: Facts) -> Vec<String> {
        shared.add_to(&mut facts);
        facts.values(Dimension::List).map(str::to_owned).collect()
    }

    proptest! {
        #[test]
        fn what_was_seen_answers_as_the_lists_did(
            lists in proptest::collection::vec((any::<bool>(), proptest::collection::vec("[ab]{1,2}(\\.[ab])?", 0..8)), 0..5),
            domain in "[ab]{1,2}(\\.[ab]){0,2}",
            bundle in "[ab]{1,2}(\\.[ab])?",
        ) {
            let ids: Vec<ListId> = (0..lists.len()).map(|at| format!("l{at}").into()).collect();
            let texts: Vec<String> = lists.iter().map(|it| it.1.join("\n")).collect();
            let shared = SharedLists::build(lists.iter().zip(&ids).zip(&texts).map(|(((domains, _), id), lines)| FetchedList {
                id,
                kind: if *domains { ListKind::Domain } else { ListKind::Bundle },
                version: 7,
                lines,
            }));
            let seen = SeenList::all(&shared, &facts(&domain, &bundle));
            let text = serde_json::to_string(&seen).unwrap();
            let again = SeenList::table(&serde_json::from_str::<Vec<SeenList>>(&text).unwrap());
            prop_assert_eq!(held(&again, facts(&domain, &bundle)), held(&shared, facts(&domain, &bundle)));
            for id in &ids {
                prop_assert_eq!(again.version(id.as_str()), Some(7));
                prop_assert_eq!(again.kind(id.as_str()), shared.kind(id.as_str()));
            }
        }
    }
}
