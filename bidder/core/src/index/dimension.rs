//! One dimension of targeting over all line items.

use super::bits::Bits;
use super::hash::Map;
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

/// Postings of the included and of the excluded values, and who includes nothing.
#[derive(Debug)]
pub(crate) struct Lists {
    /// Whether any line item includes values.
    includes: bool,
    /// Line items that take every value.
    open: Bits,
    include: Map<Posting>,
    exclude: Map<Posting>,
}

impl Lists {
    /// Builds the postings from what each line item includes and excludes, in their order.
    pub(crate) fn build<'a>(count: usize, rules: impl Iterator<Item = Asked<'a>>) -> Self {
        let mut open = Bits::empty(count);
        let mut include = Map::<Vec<u32>>::default();
        let mut exclude = Map::<Vec<u32>>::default();
        for (number, asked) in (0_u32..).zip(rules) {
            if asked.include.is_empty() {
                open.insert(number as usize);
            }
            for (words, map) in [(asked.include, &mut include), (asked.exclude, &mut exclude)] {
                for word in words {
                    match map.get_mut(&**word) {
                        Some(numbers) => numbers.push(number),
                        None => {
                            map.insert((**word).into(), vec![number]);
                        }
                    }
                }
            }
        }
        Self {
            includes: !include.is_empty(),
            open,
            include: postings(count, include),
            exclude: postings(count, exclude),
        }
    }

    /// Keeps in `set` who takes at least one of the values and excludes none. `room` is overwritten.
    pub(crate) fn narrow<'v>(
        &self,
        values: impl Iterator<Item = &'v str> + Clone,
        set: &mut Bits,
        room: &mut Bits,
    ) {
        if self.includes {
            room.copy_from(&self.open);
            for posting in values.clone().filter_map(|value| self.include.get(value)) {
                posting.add_to(room);
            }
            set.keep(room);
        }
        if !self.exclude.is_empty() {
            for posting in values.filter_map(|value| self.exclude.get(value)) {
                posting.remove_from(set);
            }
        }
    }

    /// Whether no line item says anything.
    pub(crate) fn is_open(&self) -> bool {
        !self.includes && self.exclude.is_empty()
    }

    /// Who includes no value at all.
    pub(crate) const fn open(&self) -> &Bits {
        &self.open
    }
}

fn postings(count: usize, map: Map<Vec<u32>>) -> Map<Posting> {
    map.into_iter()
        .map(|(value, numbers)| {
            // A number takes 32 bits; scattering it costs about a word.
            let posting = if numbers.len() * 32 < count {
                Posting::Few(numbers.into())
            } else {
                let mut bits = Bits::empty(count);
                numbers.iter().for_each(|n| bits.insert(*n as usize));
                Posting::Many(bits)
            };
            (value, posting)
        })
        .collect()
}
