//! The catalog as an auction sees it: whom to ask, and at which rates.

use contracts::catalog::{Catalog, DemandPartner};
use units::{CpmMicros, RateTable};

use crate::privacy;
use crate::registry::Registry;
use crate::routing::Pretargets;
use crate::screening::Policy;

/// Endpoint of our own bidder in the catalog.
pub const OWN_BIDDER: &str = "self:bidder";

/// Everything that one version of the catalog and the configuration say about auctions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Market {
    /// Demand partners in the catalog's order.
    pub partners: Vec<DemandPartner>,
    /// Exchange rates, fixed for the auction.
    pub rates: RateTable,
    /// What second price adds.
    pub increment: CpmMicros,
    /// What we ask of bids beyond the standard.
    pub policy: Policy,
    /// What our review of creatives says.
    pub registry: Registry,
    /// What the partners want to be asked about.
    pub pretargets: Pretargets,
    /// Which privacy signals are obeyed.
    pub privacy: privacy::Policy,
    /// Our domain: `asi` of the node that we append to supply chains (C-145).
    pub domain: String,
}

impl Market {
    /// The market of a catalog.
    #[must_use]
    pub fn new(catalog: &Catalog, domain: &str, policy: Policy, privacy: privacy::Policy) -> Self {
        Self {
            partners: catalog.partners.clone(),
            rates: catalog.rates.clone(),
            increment: CpmMicros::CENT,
            policy,
            registry: Registry::new(&catalog.verdicts),
            pretargets: Pretargets::compile(&catalog.partners),
            privacy,
            domain: domain.to_owned(),
        }
    }
}
