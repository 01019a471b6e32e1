//! Long lists of strangers, looked up by a hash that is keyed anew for each auction: who writes a list does not
//! know which of its entries would meet.

use std::ops::Deref;

use units::AuctionId;

/// Entries up to which a list is looked through as it stands.
pub(crate) const FEW: usize = 8;

/// What makes hashes differ from one auction to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    seed: u64,
    factor: u64,
}

impl Key {
    /// For lists that no stranger writes.
    pub(crate) const FIXED: Self = Self {
        seed: 0xcbf2_9ce4_8422_2325,
        factor: 0x9e37_79b9_7f4a_7c15,
    };

    /// That of an auction: its id was drawn after its lists had come.
    pub(crate) fn of(auction: AuctionId) -> Self {
        let [a, b, c, d, e, f, g, h, rest @ ..] = *auction.as_bytes();
        let time = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let drawn = u64::from_be_bytes(rest);
        Self {
            seed: spread(time ^ drawn.rotate_left(32)),
            // Even, it would forget the last bits of what it multiplies.
            factor: spread(drawn) | 1,
        }
    }

    pub(crate) const fn hash(self) -> Hash {
        Hash {
            state: self.seed,
            factor: self.factor,
        }
    }
}

/// A number each bit of which depends on all of the given one's (the last step of SplitMix64).
const fn spread(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A hash in the making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash {
    state: u64,
    factor: u64,
}

impl Hash {
    /// Adds one number.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "both halves of the product are taken"
    )]
    pub(crate) const fn with(self, number: u64) -> Self {
        let product = (self.state ^ number) as u128 * self.factor as u128;
        Self {
            state: (product >> 64) as u64 ^ product as u64,
            factor: self.factor,
        }
    }

    /// Adds a text, as it is compared: eight bytes at a time, then what is left with its length.
    #[must_use]
    pub(crate) fn with_text(self, text: &str, letters: Letters) -> Self {
        let fold = |bytes: [u8; 8]| match letters {
            Letters::AsWritten => bytes,
            Letters::AnyCase => bytes.map(|byte| byte.to_ascii_lowercase()),
        };
        let (mut hash, mut rest) = (self, text.as_bytes());
        while let Some((bytes, behind)) = rest.split_first_chunk::<8>() {
            hash = hash.with(u64::from_le_bytes(fold(*bytes)));
            rest = behind;
        }
        let mut last = [0; 8];
        for (place, byte) in last.iter_mut().zip(rest) {
            *place = *byte;
        }
        let length = u64::try_from(rest.len()).unwrap_or_default();
        hash.with(u64::from_le_bytes(fold(last)) | (length << 56))
    }

    pub(crate) const fn finish(self) -> u64 {
        self.state
    }
}

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letters {
    /// Byte by byte.
    AsWritten,
    /// In any case of ASCII letters.
    AnyCase,
}

impl Letters {
    pub(crate) fn same(self, one: &str, other: &str) -> bool {
        match self {
            Self::AsWritten => one == other,
            Self::AnyCase => one.eq_ignore_ascii_case(other),
        }
    }
}

/// Where the entries of a list stand, by their hashes.
#[derive(Debug)]
pub(crate) struct Table<P> {
    /// Number of an entry and one; 0: none.
    slots: Vec<u32>,
    /// A bit for each hash, in many more places than there are entries: it tells of most that is not listed.
    marks: Vec<u64>,
    entries: Vec<(u64, P)>,
}

impl<P: Copy> Table<P> {
    /// Of entries with their hashes; of those that are the `same` the first is kept.
    pub(crate) fn of(mut listed: Vec<(u64, P)>, same: impl Fn(P, P) -> bool) -> Self {
        let count = (2 * listed.len()).next_power_of_two();
        let mut table = Self {
            slots: vec![0; count],
            marks: vec![0; count.div_ceil(8)],
            entries: Vec::new(),
        };
        let mut kept = 0;
        for index in 0..listed.len() {
            let Some(&(hash, place)) = listed.get(index) else {
                break;
            };
            let (found, free) = table.seek(hash, &listed, |other| same(other, place));
            let Some(slot) = table.slots.get_mut(free).filter(|_| found.is_none()) else {
                continue;
            };
            *slot = u32::try_from(kept + 1).unwrap_or_default();
            let (at, bit) = table.mark(hash);
            if let Some(marks) = table.marks.get_mut(at) {
                *marks |= bit;
            }
            listed.swap(kept, index);
            kept += 1;
        }
        listed.truncate(kept);
        table.entries = listed;
        table
    }

    /// The entry of this hash that `is` the one looked for.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(P) -> bool) -> Option<P> {
        let (at, bit) = self.mark(hash);
        if self.marks.get(at).is_none_or(|marks| marks & bit == 0) {
            return None;
        }
        self.seek(hash, &self.entries, is).0
    }

    /// Where the bit of a hash stands: its word, and the bit there. There is a power of two of words.
    fn mark(&self, hash: u64) -> (usize, u64) {
        let word = usize::try_from((hash >> 6) & 0xffff_ffff).unwrap_or_default();
        (word & self.marks.len().saturating_sub(1), 1 << (hash & 63))
    }

    /// Where the entries stand.
    pub(crate) fn places(&self) -> impl Iterator<Item = P> + '_ {
        self.entries.iter().map(|(_, place)| *place)
    }

    /// The entry, or the slot where it would stand.
    fn seek(&self, hash: u64, entries: &[(u64, P)], is: impl Fn(P) -> bool) -> (Option<P>, usize) {
        let mask = self.slots.len().saturating_sub(1);
        let mut at = usize::try_from(hash >> 32).unwrap_or_default() & mask;
        // At most half of the slots are taken: there is a free one.
        while let Some(entry) = self.slots.get(at).and_then(|slot| slot.checked_sub(1)) {
            let entry = usize::try_from(entry).unwrap_or(usize::MAX);
            if let Some((of, place)) = entries.get(entry)
                && *of == hash
                && is(*place)
            {
                return (Some(*place), at);
            }
            at = (at + 1) & mask;
        }
        (None, at)
    }
}

/// A table of texts by their index.
pub(crate) fn table_of(
    key: Key,
    list: &[impl Deref<Target = str>],
    letters: Letters,
) -> Table<usize> {
    let hashes = list
        .iter()
        .map(|text| key.hash().with_text(text, letters).finish());
    let listed = hashes.enumerate().map(|(at, hash)| (hash, at)).collect();
    let text = |at: usize| list.get(at).map(|text| &**text).unwrap_or_default();
    Table::of(listed, |one, other| letters.same(text(one), text(other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Str;
    use proptest::prelude::*;
    use units::UnixMillis;

    #[test]
    fn hashes_are_an_auctions_own() {
        let hash = |seed: u8| {
            let auction = AuctionId::new(UnixMillis(1_790_000_000_000), [seed; 10]);
            let key = Key::of(auction);
            key.hash().with_text("a.example", Letters::AnyCase).finish()
        };
        assert_eq!(hash(1), hash(1));
        assert_ne!(hash(1), hash(2));
    }

    #[test]
    fn slots_are_spread_over_short_texts() {
        // Numbers in sequence, as ids are: nobody stands far from its own slot.
        let texts: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        let list: Vec<Str<'_>> = texts.iter().map(|text| Str::from(text.as_str())).collect();
        let key = Key::of(AuctionId::new(UnixMillis(1_790_000_000_000), [7; 10]));
        let table = table_of(key, &list, Letters::AsWritten);
        let mut longest = 0;
        let mut run = 0;
        for slot in &table.slots {
            run = if *slot == 0 { 0 } else { run + 1 };
            longest = longest.max(run);
        }
        assert!(longest < 100, "{longest} slots in a row are taken");
    }

    proptest! {
        #[test]
        fn a_table_finds_what_looking_through_the_list_finds(
            texts in prop::collection::vec("[aAbB]{0,3}", 0..40),
            sought in "[aAbB]{0,3}",
            any_case: bool,
            weak: bool,
        ) {
            let letters = if any_case { Letters::AnyCase } else { Letters::AsWritten };
            let list: Vec<Str<'_>> = texts.iter().map(|text| Str::from(text.as_str())).collect();
            // With a factor of 1 hashes meet, as they hardly ever do.
            let key = if weak { Key { seed: 0, factor: 1 } } else { Key::FIXED };
            let table = table_of(key, &list, letters);
            let hash = key.hash().with_text(&sought, letters).finish();
            let found = table.find(hash, |at| letters.same(&list[at], &sought));
            let expect = list.iter().position(|text| letters.same(text, &sought));
            prop_assert_eq!(found, expect);
        }
    }
}
