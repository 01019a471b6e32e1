//! Dense sets of line items: a bit each, in words of 64.

/// A set of line items by their number in the market.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// The empty set over `count` line items.
    #[must_use]
    pub fn empty(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    /// Adds one line item; a number beyond the set is ignored.
    pub fn insert(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Whether the line item is in the set.
    #[must_use]
    pub fn contains(&self, number: usize) -> bool {
        self.0
            .get(number / 64)
            .is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Becomes a copy of `other`, keeping its memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
    }

    /// Becomes the empty set over as many line items as `other`.
    pub fn clear_like(&mut self, other: &Self) {
        self.0.clear();
        self.0.resize(other.0.len(), 0);
    }

    /// Removes those that are in `asked` too and that `keep` does not keep.
    pub fn retain(&mut self, asked: &Self, mut keep: impl FnMut(usize) -> bool) {
        for (at, (word, asked)) in self.0.iter_mut().zip(&asked.0).enumerate() {
            let mut rest = *word & asked;
            while rest != 0 {
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                if !keep(at * 64 + bit as usize) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// Removes those that are in `asked` too and that `keep` does not keep, from here and from `whole`. Who was
    /// kept before is `kept`, and is not asked again.
    pub fn judge(
        &mut self,
        asked: &Self,
        kept: &mut Self,
        whole: &mut Self,
        mut keep: impl FnMut(usize) -> bool,
    ) {
        let words = self.0.iter_mut().zip(&mut whole.0);
        let words = words.zip(asked.0.iter().zip(&mut kept.0));
        for (at, ((word, whole), (asked, kept))) in words.enumerate() {
            let mut rest = *word & asked & !*kept;
            while rest != 0 {
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                if keep(at * 64 + bit as usize) {
                    *kept |= 1 << bit;
                } else {
                    *word &= !(1 << bit);
                    *whole &= !(1 << bit);
                }
            }
        }
    }

    /// Keeps what is in `other` too.
    pub fn keep(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }

    /// Adds all of `other`.
    pub fn add(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    /// Removes all of `other`.
    pub fn remove(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= !other;
        }
    }

    /// Adds some of the 64 line items of a word.
    pub(crate) fn add_to_word(&mut self, at: usize, added: u64) {
        if let Some(word) = self.0.get_mut(at) {
            *word |= added;
        }
    }

    /// Removes one line item.
    pub fn remove_one(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many line items are in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The line items in the set, in rising order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.range(0, usize::MAX)
    }

    /// The line items from `from` up to, but without, `to`.
    pub fn range(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        let words = self.0.iter().enumerate().skip(from / 64);
        let found = words.flat_map(move |(at, word)| {
            let before = if at == from / 64 { from % 64 } else { 0 };
            let mut rest = word >> before << before;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                Some(at * 64 + bit)
            })
        });
        found.take_while(move |number| *number < to)
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn sets_behave_like_sets(a in proptest::collection::btree_set(0_usize..200, 0..80), b in proptest::collection::btree_set(0_usize..200, 0..80)) {
            let bits = |set: &BTreeSet<usize>| {
                let mut bits = Bits::empty(200);
                set.iter().for_each(|n| bits.insert(*n));
                bits
            };
            let both = |f: fn(&mut Bits, &Bits)| {
                let mut left = bits(&a);
                f(&mut left, &bits(&b));
                left.iter().collect::<Vec<_>>()
            };
            prop_assert_eq!(both(Bits::keep), a.intersection(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(both(Bits::add), a.union(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(both(Bits::remove), a.difference(&b).copied().collect::<Vec<_>>());
            let middle: Vec<_> = a.range(70..130).copied().collect();
            prop_assert_eq!(bits(&a).range(70, 130).collect::<Vec<_>>(), middle);
            let mut left = bits(&a);
            left.retain(&bits(&b), |number| number % 3 == 0);
            let kept: Vec<_> = a.iter().copied().filter(|it| !b.contains(it) || it % 3 == 0).collect();
            prop_assert_eq!(left.iter().collect::<Vec<_>>(), kept);
            let (mut left, mut whole, mut kept) = (bits(&a), bits(&a), Bits::empty(200));
            let mut asked = Vec::new();
            for _ in 0..2 {
                left.judge(&bits(&b), &mut kept, &mut whole, |number| {
                    asked.push(number);
                    number % 3 == 0
                });
            }
            let both: Vec<_> = a.intersection(&b).copied().collect();
            prop_assert_eq!(asked, &both[..]);
            prop_assert_eq!(kept.iter().collect::<Vec<_>>(), both.into_iter().filter(|it| it % 3 == 0).collect::<Vec<_>>());
            let kept: Vec<_> = a.iter().copied().filter(|it| !b.contains(it) || it % 3 == 0).collect();
            prop_assert_eq!(left.iter().collect::<Vec<_>>(), &kept[..]);
            prop_assert_eq!(whole.iter().collect::<Vec<_>>(), kept);
            prop_assert_eq!(bits(&a).count(), a.len());
            prop_assert_eq!(bits(&a).is_empty(), a.is_empty());
        }
    }
}
