//! What must be there of plain lists wherever a tree is true: by this the index narrows before it judges.

use std::collections::BTreeMap;

use super::Words;
use crate::facts::Dimension;

/// Per dimension some values, one of which is there; dimensions of which nothing is certain are not in it.
#[derive(Debug, Default)]
pub(super) struct Implied(BTreeMap<Dimension, Words>);

impl Implied {
    /// What one list implies.
    pub(super) fn of((dimension, words): (Dimension, Words)) -> Self {
        Self(BTreeMap::from([(dimension, words)]))
    }

    /// Both hold: of a dimension that both name the shorter list is kept.
    pub(super) fn and(&mut self, other: Self) {
        for (dimension, words) in other.0 {
            match self.0.get_mut(&dimension) {
                Some(known) if known.len() <= words.len() => {}
                Some(known) => *known = words,
                None => {
                    self.0.insert(dimension, words);
                }
            }
        }
    }

    pub(super) fn into_lists(self) -> impl Iterator<Item = (Dimension, Words)> {
        self.0.into_iter()
    }
}

/// One of several holds: only what each of them implies is certain, and of a dimension all of their values.
pub(super) fn any(mut parts: impl Iterator<Item = Implied>) -> Implied {
    let Some(mut known) = parts.next() else {
        return Implied::default();
    };
    for part in parts {
        known.0.retain(|dimension, words| {
            let Some(others) = part.0.get(dimension) else {
                return false;
            };
            let mut joined = words.to_vec();
            joined.extend(others.iter().cloned());
            joined.sort_unstable();
            joined.dedup();
            *words = joined.into();
            true
        });
    }
    known
}
