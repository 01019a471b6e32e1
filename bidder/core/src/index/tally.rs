//! How often each line item matched, counted a word of 64 at a time.

use super::bits::Bits;

/// Counters of all line items in vertical form: plane `k` holds bit `k` of every counter.
///
/// Adding a set is a ripple of half adders over words, about two word operations per 64 line items; one
/// increment per matched line item would cost more than the match.
#[derive(Debug, Clone, Default)]
pub struct MatchTally {
    planes: Vec<Vec<u64>>,
    carry: Vec<u64>,
}

impl MatchTally {
    /// Counts every line item of the set once.
    pub fn add(&mut self, matched: &Bits) {
        let words = matched.words().len();
        self.planes
            .iter_mut()
            .for_each(|plane| plane.resize(words.max(plane.len()), 0));
        self.carry.clear();
        self.carry.extend_from_slice(matched.words());
        for plane in &mut self.planes {
            let mut left = 0;
            for (bits, carry) in plane.iter_mut().zip(&mut self.carry) {
                (*bits, *carry) = (*bits ^ *carry, *bits & *carry);
                left |= *carry;
            }
            if left == 0 {
                return;
            }
        }
        self.planes.push(self.carry.clone());
    }

    /// Hands every counter that is not zero to `each` and starts again from zero.
    pub fn drain(&mut self, mut each: impl FnMut(usize, u64)) {
        let words = self.planes.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..words {
            let column = |k: usize| self.planes.get(k).and_then(|p| p.get(at)).copied();
            let mut any = (0..self.planes.len())
                .filter_map(column)
                .fold(0, |a, b| a | b);
            while any != 0 {
                let bit = any.trailing_zeros();
                any &= any - 1;
                let count = (0..self.planes.len())
                    .rev()
                    .filter_map(column)
                    .fold(0, |n: u64, word| (n << 1) | (word >> bit & 1));
                each(at * 64 + bit as usize, count);
            }
        }
        // Zeroed rather than dropped: the next second counts as far.
        self.planes.iter_mut().for_each(|plane| plane.fill(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_like_plain_counters(sets in proptest::collection::vec(proptest::collection::vec(0_usize..150, 0..60), 0..40)) {
            let mut tally = MatchTally::default();
            let mut plain = vec![0_u64; 150];
            for set in &sets {
                let mut bits = Bits::empty(150);
                set.iter().for_each(|n| bits.insert(*n));
                bits.iter().for_each(|n| plain[n] += 1);
                tally.add(&bits);
            }
            let mut got = vec![0_u64; 150];
            tally.drain(|n, count| got[n] += count);
            prop_assert_eq!(&got, &plain);
            tally.drain(|_, _| panic!("drained counters start from zero"));
        }
    }
}
