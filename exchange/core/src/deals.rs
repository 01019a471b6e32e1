//! What a deal means for visibility, rank and price (C-110 to C-113, X-30, X-71).

use std::collections::HashMap;

use contracts::catalog::{self, DemandPartner};
use openrtb::enums::AuctionType;
use openrtb::{Deal, Imp};
use units::{CpmMicros, PlacementId, UnixMillis};

use crate::auction::Tier;
use crate::clearing::Pricing;

/// Whether a partner may see a deal: one of its seats may use it (X-110).
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
/// auctioned among those invited, then open bids (X-30).
#[must_use]
pub fn tier(deal: Option<&Deal<'_>>) -> Tier {
    match deal {
        Some(deal) if deal.guar() => Tier::Guaranteed,
        Some(deal) if deal.at == Some(AuctionType::FIXED_PRICE) => Tier::Preferred,
        Some(_) => Tier::Private,
        None => Tier::Open,
    }
}

/// How a bid is priced. `at` 3 without a `bidfloor`, or with one of nothing, agrees on no price and runs as first
/// price.
#[must_use]
pub fn pricing(deal: Option<&Deal<'_>>, request_at: i32) -> Pricing {
    let Some(deal) = deal else {
        return Pricing::of_request(request_at);
    };
    let pricing = Pricing::of_deal(deal.at.map(|at| at.0), request_at);
    if pricing == Pricing::Agreed && deal.bidfloor() == CpmMicros::ZERO {
        return Pricing::First;
    }
    pricing
}

/// Which deals of a catalog which placement offers, by their indices there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    /// Those that name placements, of each of these.
    named: HashMap<PlacementId, Vec<usize>>,
    /// Those that name none: every placement offers them.
    everywhere: Vec<usize>,
}

impl Offers {
    /// The offers of a catalog's deals.
    #[must_use]
    pub fn new(deals: &[catalog::Deal]) -> Self {
        let mut offers = Self::default();
        for (index, deal) in deals.iter().enumerate() {
            if deal.placements.is_empty() {
                offers.everywhere.push(index);
            }
            for placement in &deal.placements {
                let named = offers.named.entry(placement.clone()).or_default();
                if named.last() != Some(&index) {
                    named.push(index);
                }
            }
        }
        offers
    }

    /// The deals that a placement offers at an instant, at most so many: those that name it go before those that name
    /// none, each in the order of the catalog that the offers are of.
    #[must_use]
    pub fn of<'c>(
        &self,
        deals: &'c [catalog::Deal],
        placement: &PlacementId,
        at: UnixMillis,
        most: usize,
    ) -> Vec<&'c catalog::Deal> {
        let named = self.named.get(placement).map_or(&[][..], Vec::as_slice);
        let offered = named.iter().chain(&self.everywhere);
        offered
            .filter_map(|index| deals.get(*index))
            .filter(|deal| deal.is_offered(at))
            .take(most)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::catalog::Status;

    fn deal(id: &str, placements: &[&str]) -> catalog::Deal {
        let text = format!(r#"{{"id":"{id}"}}"#);
        catalog::Deal {
            placements: placements.iter().map(|id| (*id).into()).collect(),
            ..serde_json::from_str(&text).unwrap()
        }
    }

    #[test]
    fn a_placement_offers_its_deals_while_they_run() {
        let at = UnixMillis;
        let deals = [
            deal("all", &[]),
            deal("top", &["top"]),
            deal("twice", &["top", "side", "top"]),
            catalog::Deal {
                status: Status::Paused,
                ..deal("paused", &["top"])
            },
            catalog::Deal {
                starts_at: Some(at(100)),
                ends_at: Some(at(200)),
                ..deal("june", &["side"])
            },
        ];
        let offers = Offers::new(&deals);
        #[rustfmt::skip]
        let rows: [(&str, i64, usize, &[&str]); 8] = [
            ("top", 0, 9, &["top", "twice", "all"]),
            ("side", 99, 9, &["twice", "all"]),
            ("side", 100, 9, &["twice", "june", "all"]),
            ("side", 199, 9, &["twice", "june", "all"]),
            ("side", 200, 9, &["twice", "all"]),
            ("other", 150, 9, &["all"]),
            ("top", 0, 2, &["top", "twice"]),
            ("top", 0, 0, &[]),
        ];
        for (placement, now, most, want) in rows {
            let offered = offers.of(&deals, &placement.into(), at(now), most);
            let ids: Vec<&str> = offered.iter().map(|deal| deal.id.as_str()).collect();
            assert_eq!(ids, want, "{placement} at {now}, at most {most}");
        }
    }
}
