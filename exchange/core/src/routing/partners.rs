//! Sets of partners: a bit each, in words of 64.

/// A set of partners by their index in the market.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PartnerSet(Vec<u64>);

impl PartnerSet {
    /// The empty set over `count` partners.
    pub(super) fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    /// Of the partners with these answers, those that answer yes.
    pub(super) fn of(answers: impl ExactSizeIterator<Item = bool>) -> Self {
        let mut set = Self::none(answers.len());
        for (index, is_in) in answers.enumerate() {
            if is_in {
                set.insert(index);
            }
        }
        set
    }

    pub(super) fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        self.0
            .get(index / 64)
            .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Becomes a copy of `other`, keeping its memory.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
    }

    /// Adds all of `other`.
    pub(super) fn add(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    /// Keeps what is in `other` too.
    pub(super) fn keep(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }

    /// Removes all of `other`.
    pub(super) fn remove(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= !other;
        }
    }
}
