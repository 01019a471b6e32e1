//! One catalog version, prepared for deciding: line items in the order of their price, and the index.

mod build;
mod idle;
mod offers;
mod options;
mod rotation;

use std::collections::HashMap;
use std::sync::Arc;

use contracts::catalog::{
    Campaign, Catalog, FrequencyCap, OnCapUnknown, PriceRule, SizeRange, Status,
};
use contracts::notice::{KeyRing, NoticeClaims};
use contracts::stamps::ScopeKey;
use jiff::tz::TimeZone;
use units::{CampaignId, CreativeId, Currency, LineItemId, RateTable, UnixMillis};

use crate::creative::Creative;
use crate::index::{Index, Shape, SharedLists, Size};
use crate::lease::{Account, LeaseTable};
use crate::pricing::{ModifierSet, RateModel};
use crate::targeting::Rules;
use build::Builder;
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
    /// First instant it may bid.
    pub starts_at: UnixMillis,
    /// First instant it may no longer bid.
    pub ends_at: Option<UnixMillis>,
    /// Whom and where.
    pub rules: Rules,
    /// Sizes to show, empty for all.
    pub sizes: Vec<Size>,
    /// Sizes not to show.
    pub not_sizes: Vec<Size>,
    /// Ranges of sizes to show, empty for all.
    pub size_ranges: Box<[SizeRange]>,
    /// How much.
    pub price: PriceRule,
    /// Its price rule's modifiers, by number in [`Market::modifier_sets`].
    pub modifiers: usize,
    /// Its creatives, by number in [`Market::creatives`].
    pub creatives: Vec<usize>,
    /// What the creatives can be shown as.
    pub shapes: Box<[Shape]>,
    /// How often.
    pub caps: Vec<FrequencyCap>,
    /// Whose impressions each cap counts, in the order of `caps`; `None` for the creative's.
    pub cap_scopes: Vec<Option<ScopeKey>>,
    /// What to do when caps cannot be known.
    pub on_cap_unknown: OnCapUnknown,
    /// Its money.
    pub account: Arc<Account>,
    /// What bounds its price.
    pub(crate) offer: Offer,
    /// Its part in the choice.
    pub options: Options,
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
        let mut builder = Builder::new(catalog, shared);
        for line_item in &catalog.line_items {
            if line_item.status != Status::Active {
                continue;
            }
            match builder.item(line_item, leases) {
                Ok(Some(item)) => builder.items.push(item),
                Ok(None) => {}
                Err(why) => builder.left_out.push(LeftOut {
                    line_item: line_item.id.clone(),
                    why,
                }),
            }
        }
        builder.sort();
        let landing_pages = catalog
            .creatives
            .iter()
            .map(|it| (it.id.clone(), it.landing_page.as_str().into()));
        Self {
            offers: Offers::new(builder.kinds, &builder.items),
            public_url: crate::template::plain_url(public_url.trim_end_matches('/')).into(),
            trackers_are_secure: openrtb::insecure_url(public_url, true).is_none(),
            version: catalog.version,
            published_at: catalog.published_at,
            rates: catalog.rates.clone(),
            index: Index::build(
                &builder.items,
                builder.compiler.finish(),
                Arc::clone(shared),
            ),
            ring: Ring(NoticeClaims::ring(&catalog.notice_keys)),
            landing_pages: landing_pages.collect(),
            campaigns: builder.campaigns,
            items: builder.items,
            creatives: builder.creatives,
            zones: builder.zones.into_iter().map(|(_, zone)| zone).collect(),
            modifier_sets: builder.modifier_sets,
            model: builder.model,
            idle: idle::of(catalog, &builder.left_out),
            left_out: builder.left_out,
        }
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
