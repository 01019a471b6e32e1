//! Where each value of the request stands, by its hash: a condition on one segment does not look at all two
//! hundred that a user may have.

use std::hash::Hasher as _;

use super::Dimension;
use crate::index::Quick;

/// Places that are there at first.
const FEWEST: usize = 256;

/// An open table of dimension and place; 0 for none. At most half of it is taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    slots: Vec<u32>,
    taken: usize,
}

impl Places {
    pub(super) fn clear(&mut self) {
        self.slots.fill(0);
        self.taken = 0;
    }

    /// How many bytes the table takes.
    pub(super) fn size(&self) -> usize {
        self.slots.len() * size_of::<u32>()
    }

    /// The place of a value; `is` tells whether it stands at a place of its dimension.
    pub(super) fn find(
        &self,
        dimension: Dimension,
        value: &str,
        is: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = start(dimension, value, mask);
        loop {
            let slot = *self.slots.get(at)?;
            if slot == 0 {
                return None;
            }
            let place = (slot & 0xFFFF) as usize;
            if slot >> 16 == dimension as u32 + 1 && is(place) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
    }

    /// Notes a value that is not there yet. `all` hands every value so far to what it is given, for when
    /// the table grows.
    pub(super) fn insert(
        &mut self,
        dimension: Dimension,
        value: &str,
        place: usize,
        all: impl Fn(&mut dyn FnMut(Dimension, &str, usize)),
    ) {
        if (self.taken + 1) * 2 > self.slots.len() {
            let larger = (self.slots.len() * 2).max(FEWEST);
            self.slots.clear();
            self.slots.resize(larger, 0);
            all(&mut |dimension, value, place| self.put(dimension, value, place));
        }
        self.put(dimension, value, place);
        self.taken += 1;
    }

    fn put(&mut self, dimension: Dimension, value: &str, place: usize) {
        let mask = self.slots.len() - 1;
        let mut at = start(dimension, value, mask);
        while self.slots.get(at).is_some_and(|it| *it != 0) {
            at = (at + 1) & mask;
        }
        if let (Some(slot), Ok(place)) = (self.slots.get_mut(at), u16::try_from(place)) {
            *slot = (dimension as u32 + 1) << 16 | u32::from(place);
        }
    }
}

fn start(dimension: Dimension, value: &str, mask: usize) -> usize {
    let mut hasher = Quick::default();
    hasher.write(value.as_bytes());
    hasher.write_u8(dimension as u8);
    usize::try_from(hasher.finish() >> 20).unwrap_or_default() & mask
}
