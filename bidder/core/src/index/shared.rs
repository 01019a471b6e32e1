//! Shared lists of up to millions of entries: one table of all of them, looked up once per value.

use std::hash::Hasher as _;

use contracts::catalog::ListKind;
use units::ListId;

use super::hash::Quick;
use crate::facts::{Dimension, Facts};
use crate::targeting::looked_up;

/// A list as it was fetched: its entries, one a line.
#[derive(Debug, Clone, Copy)]
pub struct FetchedList<'a> {
    /// Its id.
    pub id: &'a ListId,
    /// What it holds.
    pub kind: ListKind,
    /// Which version it is.
    pub version: u64,
    /// One entry a line.
    pub lines: &'a str,
}

/// A list in the table.
#[derive(Debug, Clone)]
struct Named {
    id: ListId,
    kind: ListKind,
    version: u64,
}

/// All shared lists that are here.
///
/// Entries stand behind one another in one text. The table has their numbers and a byte of their hash: 4
/// bytes a place, at most half of the places taken; an entry is 8 bytes and its text.
#[derive(Debug, Default)]
pub struct SharedLists {
    lists: Vec<Named>,
    text: String,
    /// Where each entry ends in the text.
    ends: Vec<u32>,
    /// Which lists hold each entry, by number in `memberships`.
    held_by: Vec<u32>,
    /// Distinct sets of lists, each in rising order.
    memberships: Vec<Box<[u16]>>,
    /// Number of an entry plus one and a byte of its hash; 0 for none.
    places: Box<[u32]>,
}

/// Entries of all lists together: a place has 24 bits for their number.
pub const MOST_ENTRIES: usize = (1 << 24) - 2;

impl SharedLists {
    /// Builds the table. Entries beyond [`MOST_ENTRIES`] are left out with their whole list.
    #[must_use]
    pub fn build<'a>(lists: impl IntoIterator<Item = FetchedList<'a>>) -> Self {
        let mut built = Self::default();
        let mut taken = Vec::new();
        let mut count = 0_usize;
        for list in lists {
            let entries = list.lines.lines().count();
            let room = count.saturating_add(entries) <= MOST_ENTRIES
                && built.lists.len() < usize::from(u16::MAX);
            if !room || built.kind(list.id.as_str()).is_some() {
                continue;
            }
            count += entries;
            built.lists.push(Named {
                id: list.id.clone(),
                kind: list.kind,
                version: list.version,
            });
            taken.push(list);
        }
        built.places = vec![0; count.saturating_mul(2).next_power_of_two().max(2)].into();
        let mut sets = Sets::default();
        let mut normal = String::new();
        for (number, list) in (0_u16..).zip(&taken) {
            for line in list.lines.lines() {
                normal.clear();
                looked_up(list.kind).normalise(line, &mut normal);
                if !normal.is_empty() {
                    built.insert(list.kind, &normal, number, &mut sets);
                }
            }
        }
        built.memberships = sets.sets;
        built.text.shrink_to_fit();
        built.ends.shrink_to_fit();
        built.held_by.shrink_to_fit();
        built
    }

    /// What a list holds; `None` when it is not here.
    #[must_use]
    pub fn kind(&self, id: &str) -> Option<ListKind> {
        self.named(id).map(|it| it.kind)
    }

    /// Which version of a list is here.
    #[must_use]
    pub fn version(&self, id: &str) -> Option<u64> {
        self.named(id).map(|it| it.version)
    }

    /// Every list that is here: what it holds, and in which version.
    pub fn lists(&self) -> impl Iterator<Item = (&ListId, ListKind, u64)> {
        self.lists.iter().map(|it| (&it.id, it.kind, it.version))
    }

    /// How many distinct entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes that the table takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len() + 4 * (self.ends.len() + self.held_by.len() + self.places.len())
    }

    /// The lists of a kind that hold a value.
    pub fn holding<'s>(
        &'s self,
        kind: ListKind,
        value: &str,
    ) -> impl Iterator<Item = &'s ListId> + use<'s> {
        let set = self
            .find(kind, value)
            .and_then(|entry| self.held_by.get(entry))
            .and_then(|set| self.memberships.get(*set as usize));
        let numbers = set.map_or(&[][..], |it| it);
        numbers
            .iter()
            .filter_map(|number| self.lists.get(usize::from(*number)))
            .map(|list| &list.id)
    }

    /// Adds the lists that hold what the request says: one look per value, for all lists together.
    pub fn add_to(&self, facts: &mut Facts) {
        if self.is_empty() {
            return;
        }
        for kind in [ListKind::Domain, ListKind::Bundle, ListKind::PostalCode] {
            let dimension = looked_up(kind);
            let mut place = 0;
            while let Some(value) = facts.value(dimension, place) {
                for list in self.holding(kind, value) {
                    facts.push(Dimension::List, list.as_str());
                }
                place += 1;
            }
        }
    }

    fn named(&self, id: &str) -> Option<&Named> {
        self.lists.iter().find(|it| it.id.as_str() == id)
    }

    fn insert(&mut self, kind: ListKind, value: &str, list: u16, sets: &mut Sets) {
        if let Some(entry) = self.find(kind, value) {
            if let Some(held_by) = self.held_by.get_mut(entry) {
                *held_by = sets.with(*held_by, list);
            }
            return;
        }
        self.text.push(letter(kind));
        self.text.push_str(value);
        let Ok(end) = u32::try_from(self.text.len()) else {
            return;
        };
        self.ends.push(end);
        self.held_by.push(sets.alone(list));
        let (mut at, tag) = self.start(kind, value);
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        let mask = self.places.len() - 1;
        while self.places.get(at).is_some_and(|it| *it != 0) {
            at = (at + 1) & mask;
        }
        if let Some(place) = self.places.get_mut(at) {
            *place = tag | number;
        }
    }

    /// The number of an entry.
    fn find(&self, kind: ListKind, value: &str) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        let (mut at, tag) = self.start(kind, value);
        let mask = self.places.len() - 1;
        loop {
            let place = *self.places.get(at)?;
            if place == 0 {
                return None;
            }
            if place & TAG == tag {
                let entry = (place & !TAG) as usize - 1;
                if self.is_entry(entry, kind, value) {
                    return Some(entry);
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn is_entry(&self, entry: usize, kind: ListKind, value: &str) -> bool {
        let end = |entry: usize| self.ends.get(entry).map_or(0, |it| *it as usize);
        let start = entry.checked_sub(1).map_or(0, end);
        let text = self.text.get(start..end(entry)).unwrap_or_default();
        text.strip_prefix(letter(kind)) == Some(value)
    }

    /// The place at which a value is looked for first, and the byte of its hash.
    fn start(&self, kind: ListKind, value: &str) -> (usize, u32) {
        let mut hasher = Quick::default();
        hasher.write(value.as_bytes());
        hasher.write_u8(letter(kind) as u8);
        // The multiplication leaves the best bits at the top.
        let hash = hasher.finish().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let [tag, ..] = hash.to_le_bytes();
        let at = usize::try_from(hash >> 24).unwrap_or_default() & (self.places.len() - 1);
        (at, u32::from(tag) << 24)
    }
}

/// The byte of a hash in a place.
const TAG: u32 = 0xFF << 24;

/// What stands before the entries of a kind, so that a domain is no bundle.
const fn letter(kind: ListKind) -> char {
    match kind {
        ListKind::Domain => 'd',
        ListKind::Bundle => 'b',
        ListKind::PostalCode => 'p',
    }
}

/// Distinct sets of lists, numbered.
#[derive(Default)]
struct Sets {
    sets: Vec<Box<[u16]>>,
    numbers: std::collections::HashMap<Box<[u16]>, u32>,
}

impl Sets {
    fn alone(&mut self, list: u16) -> u32 {
        self.number(&[list])
    }

    fn with(&mut self, set: u32, list: u16) -> u32 {
        let known = self.sets.get(set as usize).map_or(&[][..], |it| it);
        if known.last() == Some(&list) {
            return set;
        }
        let grown: Vec<u16> = known.iter().copied().chain([list]).collect();
        self.number(&grown)
    }

    fn number(&mut self, set: &[u16]) -> u32 {
        if let Some(number) = self.numbers.get(set) {
            return *number;
        }
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(set.into());
        self.numbers.insert(set.into(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn entry() -> impl Strategy<Value = String> {
        "[a-c]{1,3}(\\.[a-c]{1,2})?"
    }

    proptest! {
        #[test]
        fn the_table_holds_what_the_lists_hold(
            lists in proptest::collection::vec((0..3_usize, proptest::collection::vec(entry(), 0..60)), 0..6),
            asked in proptest::collection::vec((0..3_usize, entry()), 0..60),
        ) {
            const KINDS: [ListKind; 3] = [ListKind::Domain, ListKind::Bundle, ListKind::PostalCode];
            let texts: Vec<_> = lists.iter().map(|(kind, entries)| (KINDS[*kind], entries.join("\n"))).collect();
            let ids: Vec<ListId> = (0..texts.len()).map(|at| format!("l{at}").into()).collect();
            let table = SharedLists::build(ids.iter().zip(&texts).map(|(id, (kind, lines))| FetchedList {
                id, kind: *kind, version: 1, lines,
            }));
            for (kind, value) in asked {
                let got: BTreeSet<&str> = table.holding(KINDS[kind], &value).map(ListId::as_str).collect();
                let want: BTreeSet<&str> = lists.iter().zip(&ids)
                    .filter(|((of, entries), _)| *of == kind && entries.contains(&value))
                    .map(|(_, id)| id.as_str())
                    .collect();
                prop_assert_eq!(got, want);
            }
        }
    }

    #[test]
    fn suffixes_of_a_domain_are_looked_up() {
        let id = ListId::from("news");
        let lines = "News.Example.\nother.test\n";
        let table = SharedLists::build([FetchedList {
            id: &id,
            kind: ListKind::Domain,
            version: 3,
            lines,
        }]);
        for (domain, held) in [
            ("https://www.sport.news.example/a", true),
            ("news.example", true),
            ("example", false),
            ("badnews.example", false),
        ] {
            let mut facts = Facts::default();
            facts.push_domain(domain);
            table.add_to(&mut facts);
            assert_eq!(
                facts.values(Dimension::List).count(),
                usize::from(held),
                "{domain}"
            );
        }
        assert_eq!((table.version("news"), table.version("x")), (Some(3), None));
    }
}
