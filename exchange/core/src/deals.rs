//! What a deal means for visibility, rank and price (C-110 to C-113, X-30, X-71).

use contracts::catalog::DemandPartner;
use openrtb::enums::AuctionType;
use openrtb::{Deal, Imp};

use crate::auction::Tier;
use crate::clearing::Pricing;

/// Whether a partner may see a deal: one of its seats may use it.
#[must_use]
pub fn may_see(deal: &Deal<'_>, partner: &DemandPartner) -> bool {
    partner.seats.is_empty()
        || deal.wseat.is_empty()
        || partner
            .seats
            .iter()
            .any(|seat| deal.admits_seat(Some(seat)))
}

/// Whether an imp is open to a partner that sees these of its deals.
#[must_use]
pub fn leaves_open(imp: &Imp<'_>, sees_a_deal: bool) -> bool {
    !imp.is_private_auction() || sees_a_deal
}

/// The tier of a bid: guaranteed deals, preferred ones, whose price is agreed, private ones, which are
/// auctioned among those invited, then open bids.
#[must_use]
pub fn tier(deal: Option<&Deal<'_>>) -> Tier {
    match deal {
        Some(deal) if deal.guar() => Tier::Guaranteed,
        Some(deal) if deal.at == Some(AuctionType::FIXED_PRICE) => Tier::Preferred,
        Some(_) => Tier::Private,
        None => Tier::Open,
    }
}

/// How a bid is priced. `at` 3 without a `bidfloor` agrees on no price and runs as first price.
#[must_use]
pub fn pricing(deal: Option<&Deal<'_>>, request_at: i32) -> Pricing {
    let Some(deal) = deal else {
        return Pricing::of_request(request_at);
    };
    let pricing = Pricing::of_deal(deal.at.map(|at| at.0), request_at);
    if pricing == Pricing::Agreed && deal.bidfloor.is_none() {
        return Pricing::First;
    }
    pricing
}
