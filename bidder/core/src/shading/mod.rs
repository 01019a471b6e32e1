//! Shading: in a first-price auction less is bid than the bid is worth, where less is enough to win.
//!
//! Sellers tell with wins and losses which price would just have won. A [`ShadingTable`] keeps these per
//! place (publisher and size) and hour of the day, and for wider scopes where a place has told too little; the
//! server feeds it and bids by its [`ShadingView`]. Of the prices between the floor and the stated bid the one
//! is bid at which (stated − price) × chance of winning is greatest, without giving up more wins than the
//! policy allows. The reservation keeps the stated bid's maximum cost.

mod histogram;
mod key;
mod table;

pub use key::Place;
pub use table::{Looked, MinimumToWin, Policy, SavedTable, ShadingTable, ShadingView};

use openrtb::Deal;
use units::{CpmMicros, Currency};

use crate::decide::Decision;
use crate::eligibility::Fit;
use crate::market::{Item, Market};
use crate::opportunity::Opportunity;

/// A bid that may be lowered; prices are in USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Where it is made.
    pub place: Place,
    /// The bid as stated.
    pub stated: CpmMicros,
    /// The least that is accepted.
    pub floor: CpmMicros,
    /// The candidate's draw, which decides whether the bid goes out as stated to see what lies above.
    pub draw: u64,
}

/// Lowers the bids of line items that want it, in auctions whose winner pays its own bid.
///
/// `answer` is [`ShadingView::answer`], or for a replay what it had answered. Whatever it says, no bid gets
/// under the floor or above what was stated.
pub fn shade(
    decision: &mut Decision<'_>,
    opportunity: &Opportunity<'_>,
    market: &Market,
    source: &str,
    mut answer: impl FnMut(&Question) -> Option<CpmMicros>,
) {
    let choices = decision.imps.iter_mut().flat_map(|it| &mut it.ranked);
    for choice in choices {
        let candidate = &mut choice.candidate;
        let Some(item) = market.items.get(candidate.item) else {
            continue;
        };
        let stated = Stated {
            item,
            fit: &candidate.fit,
            deal: candidate.deal,
            price: candidate.stated,
            floor: candidate.floor,
            draw: candidate.draw,
        };
        if let Some(price) = stated.shaded(opportunity, market, source, &mut answer) {
            candidate.price = price;
        }
    }
}

/// A bid as stated; prices are in the response's currency.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stated<'s> {
    pub(crate) item: &'s Item,
    pub(crate) fit: &'s Fit,
    pub(crate) deal: Option<&'s Deal<'s>>,
    pub(crate) price: CpmMicros,
    pub(crate) floor: CpmMicros,
    pub(crate) draw: u64,
}

impl Stated<'_> {
    /// What is bid instead, where the bid may be shaded and the answer says so.
    pub(crate) fn shaded(
        &self,
        opportunity: &Opportunity<'_>,
        market: &Market,
        source: &str,
        answer: impl FnOnce(&Question) -> Option<CpmMicros>,
    ) -> Option<CpmMicros> {
        if !is_shaded(self.item, opportunity, self.deal) {
            return None;
        }
        let (rates, currency) = (&market.rates, opportunity.currency);
        let usd = |price| rates.convert_price(price, currency, Currency::USD);
        let question = Question {
            place: Place::of(source, opportunity.request, self.fit),
            stated: usd(self.price)?,
            floor: usd(self.floor)?,
            draw: self.draw,
        };
        let price = rates.convert_price(answer(&question)?, Currency::USD, currency)?;
        let price = (price > CpmMicros::ZERO).then_some(price)?;
        Some(price.max(self.floor).min(self.price))
    }
}

/// Whether a bid of this line item may be shaded: it wants it, and the winner pays what it bids. A deal's `at`
/// goes before the auction's (C-113).
#[must_use]
pub fn is_shaded(item: &Item, opportunity: &Opportunity<'_>, deal: Option<&Deal<'_>>) -> bool {
    let of_deal = deal.and_then(|it| it.at).map(|at| at.0);
    item.price.shading.on && of_deal.unwrap_or(opportunity.at) == 1
}
