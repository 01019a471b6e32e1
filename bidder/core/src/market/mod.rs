//! One catalog version, prepared for deciding: line items in the order of their price, and the index.

mod build;
mod idle;
mod offers;
mod options;
mod rotation;

use std::collections::HashMap;
use std::sync::Arc;

use contracts::catalog::{Campaign, Catalog, FrequencyCap, OnCapUnknown, PriceRule, SizeRange};
use contracts::notice::KeyRing;
use contracts::stamps::ScopeKey;
use jiff::tz::TimeZone;
use units::{CampaignId, CreativeId, Currency, LineItemId, RateTable, UnixMillis};

use crate::creative::Creative;
use crate::index::{Index, Shape, SharedLists, Size};
use crate::lease::{Account, LeaseTable};
use crate::pricing::{ModifierSet, RateModel};
use crate::targeting::Rules;
pub use build::Making;
pub use idle::{Idle, Why};
pub(crate) use offers::{Kind, Offer, Offers};
pub use options::{ArmNumber, Options};
pub use rotation::Rotation;

/// A line item that can bid.
#[derive(Debug)]
pub struct Item {
    /// Its id.
    pub id: LineItemId,
    /// Its campaign, the `cid` of its bids.
    pub campaign: CampaignId,
    /// Its campaign's number in [`Market::campaigns`].
    pub campaign_number: usize,
    /// Who pays.
    pub advertiser: units::AdvertiserId,
    /// The seat of its bids.
    pub seat: Arc<str>,
    /// Currency of its budget and price.
    pub currency: Currency,
    /// Its time zone's number in [`Market::zones`].
    pub zone: usize,
    /// Leases of earlier epochs no longer count.
    pub epoch: u64,
    /// First instant it may bid.
    pub starts_at: UnixMillis,
    /// First instant it may no longer bid.
    pub ends_at: Option<UnixMillis>,
    /// Whom and where.
    pub rules: Rules,
    /// Sizes to show, empty for all.
    pub sizes: Box<[Size]>,
    /// Sizes not to show.
    pub not_sizes: Box<[Size]>,
    /// Ranges of sizes to show, empty for all.
    pub size_ranges: Box<[SizeRange]>,
    /// How much; without its modifiers.
    pub price: PriceRule,
    /// Its price rule's modifiers, by number in [`Market::modifier_sets`].
    pub modifiers: usize,
    /// Its creatives, by number in [`Market::creatives`].
    pub creatives: Arc<[usize]>,
    /// What the creatives can be shown as.
    pub shapes: Arc<[Shape]>,
    /// How often.
    pub caps: Box<[FrequencyCap]>,
    /// Whose impressions each cap counts, in the order of `caps`; `None` for the creative's.
    pub cap_scopes: Box<[Option<ScopeKey>]>,
    /// What to do when caps cannot be known.
    pub on_cap_unknown: OnCapUnknown,
    /// Its money.
    pub account: Arc<Account>,
    /// What bounds its price.
    pub(crate) offer: Offer,
    /// Its part in the choice.
    pub options: Arc<Options>,
}

impl Item {
    /// Whether it may be shown in this size.
    #[must_use]
    pub fn takes_size(&self, size: Size) -> bool {
        let in_range = |it: &SizeRange| it.contains(size.w, size.h);
        (self.sizes.is_empty() || self.sizes.contains(&size))
            && !self.not_sizes.contains(&size)
            && (self.size_ranges.is_empty() || self.size_ranges.iter().any(in_range))
    }

    /// Whether it may be shown without a size.
    #[must_use]
    pub fn takes_any_size(&self) -> bool {
        self.sizes.is_empty() && self.size_ranges.is_empty()
    }

    /// The caps of a bid with this creative, each with whose impressions it counts.
    pub fn scoped_caps<'a>(
        &'a self,
        creative: &'a Creative,
    ) -> impl Iterator<Item = (&'a FrequencyCap, &'a ScopeKey)> {
        let scopes = self
            .cap_scopes
            .iter()
            .map(|it| it.as_ref().unwrap_or(&creative.scope));
        self.caps.iter().zip(scopes)
    }
}

/// A line item that was left out, and why; the others are not affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub line_item: LineItemId,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Everything that a decision reads, swapped whole when a catalog arrives.
#[derive(Debug)]
pub struct Market {
    /// Version of the catalog.
    pub version: u64,
    /// When it was published.
    pub published_at: UnixMillis,
    /// Exchange rates in force.
    pub rates: RateTable,
    /// Campaigns of the items.
    pub campaigns: Vec<Campaign>,
    /// Line items that can bid, of one kind of price rule together, the dearest offers first.
    pub items: Vec<Item>,
    /// Creatives of active line items.
    pub creatives: Vec<Creative>,
    /// Distinct time zones.
    pub zones: Vec<TimeZone>,
    /// Distinct sets of price modifiers.
    pub modifier_sets: Vec<ModifierSet>,
    /// Tells the rates of CPC and CPA offers.
    pub model: Arc<dyn RateModel>,
    /// Line items that were left out.
    pub left_out: Vec<LeftOut>,
    /// Line items that cannot bid on anything, those that were left out among them.
    pub idle: Vec<Idle>,
    /// The index over `items`.
    pub index: Index,
    /// What bounds the prices of `items`.
    pub(crate) offers: Offers,
    /// Base of tracker and notice URLs, without a slash at its end.
    pub public_url: Box<str>,
    /// Whether those URLs may stand in secure markup.
    pub trackers_are_secure: bool,
    /// Signs notice tokens; empty until the catalog carries keys.
    pub ring: Ring,
    landing_pages: HashMap<CreativeId, Box<str>>,
}

/// The key ring, hidden from debug output.
#[derive(Clone)]
pub struct Ring(pub KeyRing);

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ring")
    }
}

impl Market {
    /// Prepares a catalog; accounts of its line items are made in `leases`.
    #[must_use]
    pub fn build(catalog: &Catalog, leases: &LeaseTable, public_url: &str) -> Self {
        Self::with_lists(catalog, &Arc::default(), leases, public_url)
    }

    /// Prepares a catalog with the shared lists that are here.
    #[must_use]
    pub fn with_lists(
        catalog: &Catalog,
        shared: &Arc<SharedLists>,
        leases: &LeaseTable,
        public_url: &str,
    ) -> Self {
        let mut making = Making::new(catalog, shared, leases, catalog.line_items.len());
        let creatives = catalog.creatives.iter().cloned();
        creatives.for_each(|it| making.creative(it));
        let line_items = catalog.line_items.iter().cloned();
        line_items.for_each(|it| making.line_item(it));
        making.finish(public_url)
    }

    /// Where a click on a creative leads.
    #[must_use]
    pub fn landing_page(&self, creative: &CreativeId) -> Option<&str> {
        self.landing_pages.get(creative.as_str()).map(|it| &**it)
    }

    /// The creative by its number in an item.
    #[must_use]
    pub fn creative(&self, number: usize) -> Option<&Creative> {
        self.creatives.get(number)
    }
}
