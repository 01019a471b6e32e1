//! What bounds each line item's price, side by side in memory, so that the search reads little.

use std::cmp::Reverse;

use units::{Currency, Multiplier};

use super::Item;

/// The price rules that give one bound for a request: line items that differ only in their amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    /// Currency of the amounts.
    pub(crate) currency: Currency,
    /// Number of the set of modifiers.
    pub(crate) modifiers: usize,
    /// Towards the floor; `None` for line items that stay out below it.
    pub(crate) raise: Option<Multiplier>,
}

/// The amounts of one line item, or the highest of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Highest offer before modifiers, in micros.
    pub(crate) base: u64,
    /// `max_cpm`, in micros.
    pub(crate) most: u64,
    /// Number of its [`Kind`]; none where several were put together.
    pub(crate) kind: Option<u32>,
}

impl Offer {
    fn or_higher(self, other: &Self) -> Self {
        Self {
            base: self.base.max(other.base),
            most: self.most.max(other.most),
            kind: self.kind.filter(|kind| other.kind == Some(*kind)),
        }
    }
}

/// All offers, in the order of the line items: by kind, the dearest first.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    kinds: Vec<Kind>,
    items: Vec<Offer>,
    /// The highest of each 64 line items, a word of the sets.
    words: Vec<Offer>,
    /// The highest of each kind.
    highest: Vec<Offer>,
    /// Words by their highest offer before modifiers, the dearest first.
    dearest: Vec<u32>,
}

impl Offers {
    pub(super) fn new(kinds: Vec<Kind>, items: &[Item]) -> Self {
        let offers: Vec<Offer> = items.iter().map(|it| it.offer).collect();
        let highest = |offers: &[Offer]| {
            let first = *offers.first()?;
            Some(offers.iter().fold(first, Offer::or_higher))
        };
        let words: Vec<Offer> = offers.chunks(64).filter_map(highest).collect();
        let mut dearest: Vec<(u64, u32)> = words
            .iter()
            .zip(0..)
            .map(|(offer, at)| (offer.base.min(offer.most), at))
            .collect();
        dearest.sort_unstable_by_key(|(offer, at)| (Reverse(*offer), *at));
        Self {
            kinds,
            words,
            dearest: dearest.into_iter().map(|it| it.1).collect(),
            highest: offers
                .chunk_by(|a, b| a.kind == b.kind)
                .filter_map(highest)
                .collect(),
            items: offers,
        }
    }

    pub(crate) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The offer of a line item.
    pub(crate) fn item(&self, number: usize) -> Option<&Offer> {
        self.items.get(number)
    }

    /// The highest offer of each kind.
    pub(crate) fn highest(&self) -> &[Offer] {
        &self.highest
    }

    /// Words of the sets by their highest offer before modifiers, the dearest first.
    pub(crate) fn dearest(&self) -> &[u32] {
        &self.dearest
    }

    /// The highest offer of the 64 line items of a word.
    pub(crate) fn word(&self, at: usize) -> Option<&Offer> {
        self.words.get(at)
    }
}
