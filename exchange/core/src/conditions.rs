//! On which conditions a seller sells, beside what its request says.

use std::collections::BTreeMap;

use contracts::catalog::{CreativePolicy, Placement, Publisher, SellerDiscount, SspAccount};
use units::{CpmMicros, Currency, Multiplier};

/// What a seller's auction is settled by: from its account and placement, never from the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions<'t> {
    /// Which creatives it takes.
    pub creatives: CreativePolicy,
    /// Categories of taxonomy 1 that it always blocks.
    pub blocked_categories: &'t [String],
    /// What it takes off the price for single DSPs.
    pub discounts: &'t [SellerDiscount],
    /// What second price adds by the currency of the bid; the market's increment in others.
    pub increments: Option<&'t BTreeMap<Currency, CpmMicros>>,
    /// Where second price begins; open bids under it pay what they bid.
    pub soft_floor: Option<SoftFloor>,
    /// Most bids that win one imp, at least 1: more than one only for sellers that hold another auction.
    pub multibid: usize,
}

/// A price under which a bid is taken, and pays what it bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftFloor {
    /// The price.
    pub price: CpmMicros,
    /// Its currency.
    pub currency: Currency,
}

impl SoftFloor {
    fn of_account(account: &SspAccount) -> Option<Self> {
        let currency = account.floor_currency;
        account.soft_floor.map(|price| Self { price, currency })
    }

    fn of_placement(placement: &Placement) -> Option<Self> {
        let currency = placement.floor_currency;
        placement.soft_floor.map(|price| Self { price, currency })
    }
}

impl Default for Conditions<'_> {
    fn default() -> Self {
        Self {
            creatives: CreativePolicy::default(),
            blocked_categories: &[],
            discounts: &[],
            increments: None,
            soft_floor: None,
            multibid: 1,
        }
    }
}

impl<'t> Conditions<'t> {
    /// The conditions of a publisher that sends bid requests itself.
    #[must_use]
    pub fn of_publisher(publisher: &'t Publisher) -> Self {
        let account = publisher.account.as_ref();
        let multibid = account.and_then(|account| account.multibid);
        Self {
            creatives: publisher.creatives,
            blocked_categories: &publisher.bcat,
            discounts: &publisher.discounts,
            increments: Some(&publisher.increments),
            soft_floor: account.and_then(SoftFloor::of_account),
            multibid: multibid.map_or(1, |most| usize::from(most.get())),
        }
    }

    /// The conditions of a placement of ours.
    #[must_use]
    pub fn of_placement(placement: &Placement, publisher: &'t Publisher) -> Self {
        Self {
            soft_floor: SoftFloor::of_placement(placement),
            // One place shows one ad.
            multibid: 1,
            ..Self::of_publisher(publisher)
        }
    }

    /// What second price adds to a price of this currency, where the market adds `otherwise`.
    #[must_use]
    pub(crate) fn increment(&self, currency: Currency, otherwise: CpmMicros) -> CpmMicros {
        let own = self.increments.and_then(|own| own.get(&currency));
        own.copied().unwrap_or(otherwise)
    }

    /// The part of the price that is taken off for a partner, at most all of it.
    #[must_use]
    pub(crate) fn discount(&self, partner: &str) -> Option<Multiplier> {
        self.discounts
            .iter()
            .find(|discount| discount.partner.as_str() == partner)
            .map(|discount| discount.share.min(Multiplier::ONE))
            .filter(|share| share.millionths() > 0)
    }
}
