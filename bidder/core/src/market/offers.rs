//! What bounds each line item's price, side by side in memory, so that the search reads little.

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

/// All offers, in the order of the line items: by kind, the dearest first.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    kinds: Vec<Kind>,
    items: Vec<Offer>,
    /// The highest of each 64 line items, a word of the sets.
    words: Vec<Offer>,
}

impl Offers {
    pub(super) fn new(kinds: Vec<Kind>, items: &[Item]) -> Self {
        let offers: Vec<Offer> = items.iter().map(|it| it.offer).collect();
        let words = offers.chunks(64).filter_map(|word| {
            let both = |a: Offer, b: &Offer| Offer {
                base: a.base.max(b.base),
                most: a.most.max(b.most),
                kind: a.kind.filter(|kind| b.kind == Some(*kind)),
            };
            let first = *word.first()?;
            Some(word.iter().fold(first, both))
        });
        Self {
            kinds,
            words: words.collect(),
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

    /// The highest offer of the 64 line items of a word.
    pub(crate) fn word(&self, at: usize) -> Option<&Offer> {
        self.words.get(at)
    }
}
