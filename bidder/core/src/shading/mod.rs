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
pub use table::{MinimumToWin, Policy, SavedTable, ShadingTable, ShadingView};

use openrtb::Deal;
use units::{CpmMicros, Currency};

use crate::decide::Decision;
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
    let currency = decision.currency;
    let choices = decision.imps.iter_mut().flat_map(|it| &mut it.ranked);
    for choice in choices {
        let candidate = &mut choice.candidate;
        let item = market.items.get(candidate.item);
        if !item.is_some_and(|it| is_shaded(it, opportunity, candidate.deal)) {
            continue;
        }
        let usd = |price| market.rates.convert_price(price, currency, Currency::USD);
        let (Some(stated), Some(floor)) = (usd(candidate.stated), usd(candidate.floor)) else {
            continue;
        };
        let question = Question {
            place: Place::of(source, opportunity.request, &candidate.fit),
            stated,
            floor,
            draw: candidate.draw,
        };
        let told = |price| market.rates.convert_price(price, Currency::USD, currency);
        let price = answer(&question).and_then(told);
        if let Some(price) = price.filter(|it| *it > CpmMicros::ZERO) {
            candidate.price = price.max(candidate.floor).min(candidate.stated);
        }
    }
}

/// Whether a bid of this line item may be shaded: it wants it, and the winner pays what it bids. A deal's `at`
/// goes before the auction's (C-113).
#[must_use]
pub fn is_shaded(item: &Item, opportunity: &Opportunity<'_>, deal: Option<&Deal<'_>>) -> bool {
    let of_deal = deal.and_then(|it| it.at).map(|at| at.0);
    item.price.shading.on && of_deal.unwrap_or(opportunity.at) == 1
}
