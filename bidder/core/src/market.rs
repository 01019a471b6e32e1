//! One catalog version, prepared for deciding: line items in the order of their price, and the index.

use std::collections::HashMap;
use std::sync::Arc;

use contracts::catalog::{
    Advertiser, Campaign, CapScope, Catalog, CreativeFormat, FrequencyCap, LineItem, OnCapUnknown,
    PriceRule, Status,
};
use contracts::notice::{KeyRing, NoticeClaims};
use contracts::stamps::ScopeKey;
use jiff::tz::TimeZone;
use units::{CampaignId, CreativeId, Currency, LineItemId, Multiplier, RateTable, UnixMillis};

use crate::creative::Creative;
use crate::index::{Index, Shape, Size};
use crate::lease::{Account, LeaseTable};
use crate::pricing;
use crate::targeting::Rules;

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
    /// The offer in USD; the order of the line items.
    pub base_usd_micros: i64,
}

impl Item {
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
    /// Line items that can bid, the dearest offers first.
    pub items: Vec<Item>,
    /// Creatives of active line items.
    pub creatives: Vec<Creative>,
    /// Distinct time zones.
    pub zones: Vec<TimeZone>,
    /// Distinct sets of price modifiers.
    pub modifier_sets: Vec<Vec<contracts::catalog::Modifier>>,
    /// Line items that were left out.
    pub left_out: Vec<LeftOut>,
    /// The index over `items`.
    pub index: Index,
    /// The greatest factor towards the floor of any price rule.
    pub most_raise: Multiplier,
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
        let mut builder = Builder::new(catalog);
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
        builder.items.sort_by(|a, b| {
            let order = b.base_usd_micros.cmp(&a.base_usd_micros);
            order.then_with(|| a.id.cmp(&b.id))
        });
        let landing_pages = catalog
            .creatives
            .iter()
            .map(|it| (it.id.clone(), it.landing_page.as_str().into()));
        let raises = builder
            .items
            .iter()
            .filter_map(|it| it.price.raise_to_floor);
        Self {
            most_raise: raises.max().unwrap_or(Multiplier::ONE).max(Multiplier::ONE),
            public_url: public_url.trim_end_matches('/').into(),
            trackers_are_secure: openrtb::insecure_url(public_url, true).is_none(),
            version: catalog.version,
            published_at: catalog.published_at,
            rates: catalog.rates.clone(),
            index: Index::build(&builder.items),
            ring: Ring(NoticeClaims::ring(&catalog.notice_keys)),
            landing_pages: landing_pages.collect(),
            campaigns: builder.campaigns,
            items: builder.items,
            creatives: builder.creatives,
            zones: builder.zones.into_iter().map(|(_, zone)| zone).collect(),
            modifier_sets: builder.modifier_sets,
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

struct Builder<'c> {
    catalog: &'c Catalog,
    advertisers: HashMap<&'c str, &'c Advertiser>,
    known_campaigns: HashMap<&'c str, &'c Campaign>,
    known_creatives: HashMap<&'c str, &'c contracts::catalog::Creative>,
    campaign_numbers: HashMap<&'c str, usize>,
    creative_numbers: HashMap<&'c str, usize>,
    campaigns: Vec<Campaign>,
    creatives: Vec<Creative>,
    items: Vec<Item>,
    zones: Vec<(String, TimeZone)>,
    modifier_sets: Vec<Vec<contracts::catalog::Modifier>>,
    left_out: Vec<LeftOut>,
}

impl<'c> Builder<'c> {
    fn new(catalog: &'c Catalog) -> Self {
        Self {
            catalog,
            advertisers: catalog
                .advertisers
                .iter()
                .map(|it| (it.id.as_str(), it))
                .collect(),
            known_campaigns: catalog
                .campaigns
                .iter()
                .map(|it| (it.id.as_str(), it))
                .collect(),
            known_creatives: catalog
                .creatives
                .iter()
                .map(|it| (it.id.as_str(), it))
                .collect(),
            campaign_numbers: HashMap::new(),
            creative_numbers: HashMap::new(),
            campaigns: Vec::new(),
            creatives: Vec::new(),
            items: Vec::new(),
            zones: Vec::new(),
            modifier_sets: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// `None` for a line item of a campaign that is not active.
    fn item(
        &mut self,
        line_item: &'c LineItem,
        leases: &LeaseTable,
    ) -> Result<Option<Item>, &'static str> {
        let campaign = *self
            .known_campaigns
            .get(line_item.campaign.as_str())
            .ok_or("its campaign is not in the catalog")?;
        if campaign.status != Status::Active {
            return Ok(None);
        }
        let advertiser = *self
            .advertisers
            .get(campaign.advertiser.as_str())
            .ok_or("its advertiser is not in the catalog")?;
        let rate = self.catalog.rates.per_usd(campaign.currency);
        let rate = rate.ok_or("there is no rate for its currency")?;
        let base = pricing::base(&line_item.price);
        let base_usd = base.scale(1_000_000_000, rate).unwrap_or_default();
        let zone = self
            .zone(&campaign.time_zone)
            .ok_or("its time zone is unknown")?;
        let creatives = self.creatives(line_item);
        if creatives.is_empty() {
            return Err("it has no active creative");
        }
        let targeting = &line_item.targeting;
        let sizes = |texts: &[String]| texts.iter().filter_map(|it| Size::parse(it)).collect();
        let (wanted, not_wanted): (Vec<Size>, Vec<Size>) = (
            sizes(&targeting.sizes.include),
            sizes(&targeting.sizes.exclude),
        );
        let creatives = self.of_formats(creatives, targeting);
        let shapes = self.shapes(&creatives, targeting, &wanted);
        Ok(Some(Item {
            id: line_item.id.clone(),
            campaign: campaign.id.clone(),
            campaign_number: self.campaign(campaign),
            advertiser: advertiser.id.clone(),
            seat: advertiser.seat.as_str().into(),
            currency: campaign.currency,
            zone,
            starts_at: line_item.starts_at,
            ends_at: line_item.ends_at,
            rules: Rules::new(targeting),
            sizes: wanted,
            not_sizes: not_wanted,
            modifiers: self.modifier_set(&line_item.price),
            price: line_item.price.clone(),
            creatives,
            shapes,
            cap_scopes: cap_scopes(line_item, advertiser),
            caps: line_item.frequency_caps.clone(),
            on_cap_unknown: line_item.on_cap_unknown,
            account: leases.account(&line_item.id),
            base_usd_micros: base_usd.micros(),
        }))
    }

    fn zone(&mut self, name: &str) -> Option<usize> {
        if let Some(at) = self.zones.iter().position(|(it, _)| it == name) {
            return Some(at);
        }
        let zone = TimeZone::get(name).ok()?;
        self.zones.push((name.to_owned(), zone));
        Some(self.zones.len() - 1)
    }

    fn campaign(&mut self, campaign: &'c Campaign) -> usize {
        let next = self.campaigns.len();
        let number = *self
            .campaign_numbers
            .entry(campaign.id.as_str())
            .or_insert(next);
        if number == next {
            self.campaigns.push(campaign.clone());
        }
        number
    }

    fn modifier_set(&mut self, rule: &PriceRule) -> usize {
        let known = self
            .modifier_sets
            .iter()
            .position(|it| *it == rule.modifiers);
        known.unwrap_or_else(|| {
            self.modifier_sets.push(rule.modifiers.clone());
            self.modifier_sets.len() - 1
        })
    }

    fn creatives(&mut self, line_item: &'c LineItem) -> Vec<usize> {
        let mut numbers = Vec::new();
        for id in &line_item.creatives {
            if let Some(number) = self.creative_numbers.get(id.as_str()) {
                numbers.push(*number);
                continue;
            }
            let known = self.known_creatives.get(id.as_str()).copied();
            let Some(creative) = known.filter(|it| it.status == Status::Active) else {
                continue;
            };
            let number = self.creatives.len();
            self.creatives.push(Creative::prepare(creative));
            self.creative_numbers.insert(id.as_str(), number);
            numbers.push(number);
        }
        numbers
    }

    /// The `formats` key of targeting, applied to creatives once instead of to each imp.
    fn of_formats(
        &self,
        creatives: Vec<usize>,
        targeting: &contracts::catalog::Targeting,
    ) -> Vec<usize> {
        if targeting.formats.is_empty() {
            return creatives;
        }
        let shown = |number: &usize| {
            let creative = self.creatives.get(*number);
            creative.is_some_and(|it| formats(it.format()).any(|name| takes(targeting, name)))
        };
        creatives.into_iter().filter(shown).collect()
    }

    fn shapes(
        &self,
        creatives: &[usize],
        targeting: &contracts::catalog::Targeting,
        sizes: &[Size],
    ) -> Box<[Shape]> {
        let mut shapes = Vec::new();
        for creative in creatives.iter().filter_map(|it| self.creatives.get(*it)) {
            for shape in creative.shapes() {
                let name = match shape {
                    Shape::Banner(_) | Shape::AnyBanner => "banner",
                    Shape::Video => "video",
                    Shape::Audio => "audio",
                    Shape::Native => "native",
                };
                if !takes(targeting, name) {
                    continue;
                }
                match shape {
                    Shape::AnyBanner if !sizes.is_empty() => {
                        shapes.extend(sizes.iter().copied().map(Shape::Banner));
                    }
                    // What has no size is in none of the sizes.
                    Shape::Audio | Shape::Native if !sizes.is_empty() => {}
                    Shape::AnyBanner
                    | Shape::Banner(_)
                    | Shape::Video
                    | Shape::Audio
                    | Shape::Native => shapes.push(shape),
                }
            }
        }
        shapes.into()
    }
}

/// The scope of each cap; `None` for the creative's, which depends on the choice.
fn cap_scopes(line_item: &LineItem, advertiser: &Advertiser) -> Vec<Option<ScopeKey>> {
    let id = |scope| match scope {
        CapScope::LineItem => Some(line_item.id.as_str()),
        CapScope::Campaign => Some(line_item.campaign.as_str()),
        CapScope::Advertiser => Some(advertiser.id.as_str()),
        CapScope::Creative => None,
    };
    let of = |cap: &FrequencyCap| id(cap.scope).map(|id| ScopeKey::of(cap.scope, id));
    line_item.frequency_caps.iter().map(of).collect()
}

fn takes(targeting: &contracts::catalog::Targeting, name: &str) -> bool {
    let named = |list: &[String]| list.iter().any(|it| it.eq_ignore_ascii_case(name));
    let rule = &targeting.formats;
    (rule.include.is_empty() || named(&rule.include)) && !named(&rule.exclude)
}

fn formats(format: CreativeFormat) -> impl Iterator<Item = &'static str> {
    let names: &[&'static str] = match format {
        CreativeFormat::Banner => &["banner"],
        CreativeFormat::Video => &["video"],
        CreativeFormat::Audio => &["audio"],
        CreativeFormat::Native => &["native"],
        CreativeFormat::Responsive => &["banner", "native"],
    };
    names.iter().copied()
}
