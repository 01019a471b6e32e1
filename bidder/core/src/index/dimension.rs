//! One dimension of targeting over all line items.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::bits::Bits;
use super::hash::{Map, Quick};
use crate::targeting::Asked;

/// The line items that name one value.
#[derive(Debug)]
enum Posting {
    /// So few that their numbers are shorter than a bit each.
    Few(Box<[u32]>),
    Many(Bits),
}

impl Posting {
    fn add_to(&self, set: &mut Bits) {
        match self {
            Self::Few(numbers) => numbers.iter().for_each(|n| set.insert(*n as usize)),
            Self::Many(bits) => set.add(bits),
        }
    }

    fn remove_from(&self, set: &mut Bits) {
        match self {
            Self::Few(numbers) => numbers.iter().for_each(|n| set.remove_one(*n as usize)),
            Self::Many(bits) => set.remove(bits),
        }
    }
}

/// All line items and terms that name one value.
#[derive(Debug, Default)]
struct Named {
    include: Option<Posting>,
    exclude: Option<Posting>,
    /// Marks of the terms.
    terms: Box<[u32]>,
}

/// Who names each value, and who includes none.
#[derive(Debug)]
pub(crate) struct Lists {
    /// Whether any line item includes values.
    includes: bool,
    /// Line items that take every value.
    open: Bits,
    /// The number of each value in `named`.
    values: Map<u32>,
    named: Box<[Named]>,
}

/// What one value is named by, while the lists are built.
#[derive(Default)]
struct Naming {
    include: Vec<u32>,
    exclude: Vec<u32>,
    terms: Vec<u32>,
}

impl Lists {
    /// Builds the postings from what each line item includes and excludes, in their order, and the terms'
    /// marks.
    pub(crate) fn build<'a>(
        count: usize,
        rules: impl Iterator<Item = Asked<'a>>,
        marks: &[(&'a str, u32)],
    ) -> Self {
        let mut open = Bits::empty(count);
        let mut values = HashMap::<&str, Naming, BuildHasherDefault<Quick>>::default();
        let mut includes = false;
        for (number, asked) in (0_u32..).zip(rules) {
            if asked.include.is_empty() {
                open.insert(number as usize);
            }
            includes |= !asked.include.is_empty();
            for word in asked.include {
                values.entry(word).or_default().include.push(number);
            }
            for word in asked.exclude {
                values.entry(word).or_default().exclude.push(number);
            }
        }
        for (word, mark) in marks {
            values.entry(word).or_default().terms.push(*mark);
        }
        let mut numbers =
            Map::with_capacity_and_hasher(values.len(), BuildHasherDefault::default());
        let named = (0_u32..).zip(values).map(|(number, (word, naming))| {
            numbers.insert(word.into(), number);
            Named {
                include: posting(count, naming.include),
                exclude: posting(count, naming.exclude),
                terms: naming.terms.into(),
            }
        });
        let named = named.collect();
        Self {
            includes,
            open,
            values: numbers,
            named,
        }
    }

    /// The number of a value that somebody names.
    pub(crate) fn number(&self, value: &str) -> Option<u32> {
        self.values.get(value).copied()
    }

    /// The numbers of those of the values that somebody names.
    pub(crate) fn numbers<'v>(
        &self,
        values: impl Iterator<Item = &'v str>,
    ) -> impl Iterator<Item = u32> {
        values.filter_map(|value| self.number(value))
    }

    /// Keeps in `set` who takes at least one of the values, told by number, and excludes none, and hands the marks of
    /// terms that name one to `mark`. `room` is overwritten.
    pub(crate) fn narrow(
        &self,
        values: impl Iterator<Item = u32>,
        set: &mut Bits,
        room: &mut Bits,
        mut mark: impl FnMut(&[u32]),
    ) {
        if self.includes {
            room.copy_from(&self.open);
        }
        for named in values.filter_map(|number| self.named.get(number as usize)) {
            if let Some(posting) = &named.include {
                posting.add_to(room);
            }
            if let Some(posting) = &named.exclude {
                posting.remove_from(set);
            }
            if !named.terms.is_empty() {
                mark(&named.terms);
            }
        }
        if self.includes {
            set.keep(room);
        }
    }

    /// Whether nobody names a value.
    pub(crate) fn is_open(&self) -> bool {
        self.values.is_empty()
    }

    /// Who includes no value at all.
    pub(crate) const fn open(&self) -> &Bits {
        &self.open
    }
}

fn posting(count: usize, numbers: Vec<u32>) -> Option<Posting> {
    if numbers.is_empty() {
        return None;
    }
    // A number takes 32 bits; scattering it costs about a word.
    Some(if numbers.len() * 32 < count {
        Posting::Few(numbers.into())
    } else {
        let mut bits = Bits::empty(count);
        numbers.iter().for_each(|n| bits.insert(*n as usize));
        Posting::Many(bits)
    })
}
