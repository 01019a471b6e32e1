//! One dimension of targeting over all line items.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

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

impl Lists {
    /// Builds the postings from what each line item includes and excludes, in their order, and the terms'
    /// marks.
    pub(crate) fn build<'a>(
        count: usize,
        rules: impl Iterator<Item = Asked<'a>>,
        marks: &[(&'a str, u32)],
    ) -> Self {
        let mut open = Bits::empty(count);
        let mut includes = false;
        let mut naming = Naming::default();
        for (number, asked) in (0_u32..).zip(rules) {
            if asked.include.is_empty() {
                open.insert(number as usize);
            }
            includes |= !asked.include.is_empty();
            naming.add(asked.include, number, INCLUDE);
            naming.add(asked.exclude, number, EXCLUDE);
        }
        let mut values = Map::<u32>::default();
        let mut named: Vec<Named> = Vec::new();
        naming.postings(count, |word, include, exclude| {
            values.insert(word.into(), next(&named));
            named.push(Named {
                include,
                exclude,
                terms: Box::default(),
            });
        });
        let mut by_word: Vec<(&str, u32)> = marks.to_vec();
        by_word.sort_by(|a, b| a.0.cmp(b.0));
        for marks in by_word.chunk_by(|a, b| a.0 == b.0) {
            let Some((word, _)) = marks.first() else {
                continue;
            };
            let number = *values.entry((*word).into()).or_insert_with(|| {
                let number = next(&named);
                named.push(Named::default());
                number
            });
            if let Some(named) = named.get_mut(number as usize) {
                named.terms = marks.iter().map(|it| it.1).collect();
            }
        }
        values.shrink_to_fit();
        Self {
            includes,
            open,
            values,
            named: named.into(),
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

const INCLUDE: u32 = 0;
const EXCLUDE: u32 = 1;

/// The number of the value that is named next.
fn next(named: &[Named]) -> u32 {
    u32::try_from(named.len()).unwrap_or(u32::MAX)
}

/// Who names which value, while the lists are built.
#[derive(Default)]
struct Naming<'a> {
    /// A value's place by its address: a catalog has one copy of it, so that no text is hashed and compared.
    places: HashMap<usize, u32, BuildHasherDefault<Quick>>,
    words: Vec<&'a str>,
    /// Twice a value's place plus its side, and a line item; in the order of the line items.
    named: Vec<(u32, u32)>,
}

impl<'a> Naming<'a> {
    fn add(&mut self, words: &'a [Arc<str>], number: u32, side: u32) {
        for word in words {
            let next = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
            let place = *self.places.entry(word.as_ptr().addr()).or_insert(next);
            if place == next {
                self.words.push(word);
            }
            self.named.push((2 * place + side, number));
        }
    }

    /// Hands each value with its postings to `each`.
    fn postings(
        mut self,
        count: usize,
        mut each: impl FnMut(&'a str, Option<Posting>, Option<Posting>),
    ) {
        self.unite();
        let mut ends = vec![0_usize; 2 * self.words.len() + 1];
        for (key, _) in &self.named {
            if let Some(end) = ends.get_mut(*key as usize + 1) {
                *end += 1;
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        let mut places = ends.clone();
        let mut numbers = vec![0; self.named.len()];
        for (key, number) in &self.named {
            if let Some(place) = places.get_mut(*key as usize) {
                if let Some(slot) = numbers.get_mut(*place) {
                    *slot = *number;
                }
                *place += 1;
            }
        }
        let of = |key: usize| {
            let range = *ends.get(key)?..*ends.get(key + 1)?;
            posting(count, numbers.get(range)?)
        };
        for (at, word) in self.words.iter().enumerate() {
            let (include, exclude) = (of(2 * at), of(2 * at + 1));
            if include.is_some() || exclude.is_some() {
                each(word, include, exclude);
            }
        }
    }

    /// Gives equal texts at several addresses one place.
    fn unite(&mut self) {
        let mut places = HashMap::<&str, u32, BuildHasherDefault<Quick>>::default();
        let first = (0_u32..)
            .zip(&self.words)
            .map(|(at, word)| *places.entry(*word).or_insert(at));
        let first: Vec<u32> = first.collect();
        if places.len() < self.words.len() {
            for (key, _) in &mut self.named {
                let place = *key / 2;
                let first = first.get(place as usize).copied().unwrap_or(place);
                *key = 2 * first + *key % 2;
            }
        }
    }
}

fn posting(count: usize, numbers: &[u32]) -> Option<Posting> {
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
