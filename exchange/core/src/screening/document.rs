//! What a bid's markup says about itself, read at most once and only when a rule asks.

use std::cell::OnceCell;

use openrtb::Bid;
use openrtb::vast::Survey;

/// A bid's markup.
pub(super) struct Document<'c> {
    bid: &'c Bid<'c>,
    vast: OnceCell<Option<Survey<'c>>>,
}

impl<'c> Document<'c> {
    pub(super) const fn of(bid: &'c Bid<'c>) -> Self {
        Self {
            bid,
            vast: OnceCell::new(),
        }
    }

    /// The markup; absent where the win notice is to bring it.
    pub(super) fn adm(&self) -> Option<&'c str> {
        self.bid.adm()
    }

    /// The markup as VAST, if it is.
    pub(super) fn vast(&self) -> Option<&Survey<'c>> {
        self.vast
            .get_or_init(|| Survey::read(self.bid.adm()?))
            .as_ref()
    }
}
