//! From the catalog's objects to line items that can bid.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash};
use std::sync::Arc;

use contracts::catalog::{
    Advertiser, BidRule, Campaign, CapScope, Catalog, Clamp, CreativeFormat, FrequencyCap,
    LineItem, Modifier, PriceRule, Status,
};
use contracts::notice::NoticeClaims;
use contracts::stamps::ScopeKey;
use jiff::tz::TimeZone;
use units::{CpmMicros, CreativeId};

use super::{Idle, Item, Kind, LeftOut, Market, Offer, Offers, Options, Ring, Why};
use crate::creative::Creative;
use crate::index::{Index, Quick, Shape, SharedLists, Size};
use crate::lease::LeaseTable;
use crate::pricing::{self, ModifierSet, Observing};
use crate::targeting::Compiler;

/// A market in the making: all creatives first, then the line items, each of them given away.
///
/// Whoever reads a catalog record by record never has all of it in memory.
pub struct Making<'c> {
    catalog: &'c Catalog,
    shared: &'c Arc<SharedLists>,
    leases: &'c LeaseTable,
    advertisers: HashMap<&'c str, (&'c Advertiser, Arc<str>)>,
    known_campaigns: HashMap<&'c str, &'c Campaign>,
    campaign_numbers: HashMap<&'c str, usize>,
    creative_numbers: HashMap<CreativeId, usize>,
    creative_lists: HashSet<Arc<[usize]>>,
    shape_lists: HashSet<Arc<[Shape]>>,
    campaigns: Vec<Campaign>,
    creatives: Vec<Creative>,
    landing_pages: HashMap<CreativeId, Box<str>>,
    items: Vec<Item>,
    zones: Vec<(String, TimeZone)>,
    modifier_sets: Vec<ModifierSet>,
    modifier_numbers: HashMap<Modifiers, usize, BuildHasherDefault<Quick>>,
    observing: Observing<'c>,
    kinds: Vec<Kind>,
    kind_numbers: HashMap<Kind, u32>,
    plain_options: Arc<Options>,
    left_out: Vec<LeftOut>,
    idle: Vec<Idle>,
    compiler: Compiler<'c>,
}

/// What one set of modifiers is made of.
type Modifiers = (Vec<Modifier>, Option<Clamp>);

impl<'c> Making<'c> {
    /// Begins with all of a catalog but its creatives and line items, and the shared lists that are here;
    /// accounts of line items are made in `leases`.
    #[must_use]
    pub fn new(
        catalog: &'c Catalog,
        shared: &'c Arc<SharedLists>,
        leases: &'c LeaseTable,
        line_items: usize,
    ) -> Self {
        let advertisers = catalog.advertisers.iter();
        let campaigns = catalog.campaigns.iter();
        Self {
            catalog,
            shared,
            leases,
            advertisers: advertisers
                .map(|it| (it.id.as_str(), (it, it.seat.as_str().into())))
                .collect(),
            known_campaigns: campaigns.map(|it| (it.id.as_str(), it)).collect(),
            campaign_numbers: HashMap::new(),
            creative_numbers: HashMap::new(),
            creative_lists: HashSet::new(),
            shape_lists: HashSet::new(),
            campaigns: Vec::new(),
            creatives: Vec::new(),
            landing_pages: HashMap::new(),
            items: Vec::with_capacity(line_items),
            zones: Vec::new(),
            modifier_sets: Vec::new(),
            modifier_numbers: HashMap::default(),
            observing: Observing::new(&catalog.observed),
            kinds: Vec::new(),
            kind_numbers: HashMap::new(),
            plain_options: Arc::default(),
            left_out: Vec::new(),
            idle: Vec::new(),
            compiler: Compiler::new(shared),
        }
    }

    /// Adds a creative; only an active one is shown, but a click on any of them leads to its page.
    pub fn creative(&mut self, declared: contracts::catalog::Creative) {
        let page = declared.landing_page.as_str().into();
        self.landing_pages.insert(declared.id.clone(), page);
        if declared.status == Status::Active {
            let number = self.creatives.len();
            self.creative_numbers.insert(declared.id.clone(), number);
            self.creatives.push(Creative::prepare(declared));
        }
    }

    /// Adds a line item that can bid, or takes note of why it cannot.
    pub fn line_item(&mut self, line_item: LineItem) {
        let (id, campaign) = (line_item.id.clone(), line_item.campaign.clone());
        let why = match line_item.status {
            Status::Active => match self.item(line_item) {
                Ok(Ok(item)) => {
                    self.items.push(item);
                    return;
                }
                Ok(Err(status)) => Why::Campaign(status),
                Err(why) => {
                    let line_item = id.clone();
                    self.left_out.push(LeftOut { line_item, why });
                    Why::LeftOut(why)
                }
            },
            status @ (Status::Draft | Status::Paused | Status::Archived) => Why::LineItem(status),
        };
        self.idle.push(Idle {
            line_item: id,
            campaign,
            why,
        });
    }

    /// Builds the index; trackers and notices go to `public_url`.
    #[must_use]
    pub fn finish(mut self, public_url: &str) -> Market {
        self.sort();
        self.drop_what_nobody_shows();
        let Self {
            catalog, shared, ..
        } = self;
        self.items.shrink_to_fit();
        self.landing_pages.shrink_to_fit();
        Market {
            offers: Offers::new(self.kinds, &self.items),
            public_url: crate::template::plain_url(public_url.trim_end_matches('/')).into(),
            trackers_are_secure: openrtb::insecure_url(public_url, true).is_none(),
            version: catalog.version,
            published_at: catalog.published_at,
            rates: catalog.rates.clone(),
            index: Index::build(&self.items, self.compiler.finish(), Arc::clone(shared)),
            ring: Ring(NoticeClaims::ring(&catalog.notice_keys)),
            landing_pages: self.landing_pages,
            campaigns: self.campaigns,
            items: self.items,
            creatives: self.creatives,
            zones: self.zones.into_iter().map(|(_, zone)| zone).collect(),
            modifier_sets: self.modifier_sets,
            model: Arc::new(self.observing.finish()),
            idle: self.idle,
            left_out: self.left_out,
        }
    }

    /// The status of its campaign where that is not active.
    fn item(&mut self, line_item: LineItem) -> Result<Result<Item, Status>, &'static str> {
        let campaign = *self
            .known_campaigns
            .get(line_item.campaign.as_str())
            .ok_or("its campaign is not in the catalog")?;
        if campaign.status != Status::Active {
            return Ok(Err(campaign.status));
        }
        let (advertiser, seat) = self
            .advertisers
            .get(campaign.advertiser.as_str())
            .ok_or("its advertiser is not in the catalog")?;
        let (advertiser, seat) = (*advertiser, Arc::clone(seat));
        let rate = self.catalog.rates.per_usd(campaign.currency);
        rate.ok_or("there is no rate for its currency")?;
        let zone = self
            .zone(&campaign.time_zone)
            .ok_or("its time zone is unknown")?;
        let creatives = self.numbers(&line_item);
        if creatives.is_empty() {
            return Err("it has no active creative");
        }
        let targeting = &line_item.targeting;
        let rules = self.compiler.rules(targeting, zone)?;
        let sizes = |texts: &[String]| texts.iter().filter_map(|it| Size::parse(it)).collect();
        let (wanted, not_wanted): (Box<[Size]>, Box<[Size]>) = (
            sizes(&targeting.sizes.include),
            sizes(&targeting.sizes.exclude),
        );
        let creatives = self.of_formats(creatives, targeting);
        let shapes = self.shapes(&creatives, targeting, &wanted);
        let mut price = line_item.price.clone();
        let modifiers = self.modifier_set(&mut price);
        let kind = Kind {
            currency: campaign.currency,
            modifiers,
            raise: price.raise_to_floor,
        };
        self.observing.add(&line_item, &campaign.advertiser);
        let micros = |price: CpmMicros| u64::try_from(price.micros()).unwrap_or(0);
        let most_rate = pricing::most_rate(price.bid, self.observing.rates(), &line_item.id);
        // A goal is rounded after its modifiers: the bound before them is the next millionth.
        let up = u64::from(!matches!(price.bid, BidRule::Cpm { .. }));
        let offer = Offer {
            base: micros(pricing::base(price.bid, most_rate)).saturating_add(up),
            most: micros(price.max_cpm),
            kind: Some(self.kind(kind)),
        };
        let options = self.options(&line_item, &creatives);
        let account = self.leases.account(&line_item.id);
        account.costs_at_most(price.max_cpm.per_impression());
        account.pace(
            line_item.choosing.max_qps,
            line_item.pacing != contracts::catalog::Pacing::Asap,
        );
        Ok(Ok(Item {
            campaign: campaign.id.clone(),
            campaign_number: self.campaign(campaign),
            advertiser: advertiser.id.clone(),
            seat,
            currency: campaign.currency,
            zone,
            epoch: line_item.epoch,
            starts_at: line_item.starts_at,
            ends_at: line_item.ends_at,
            rules,
            size_ranges: targeting.size_ranges.as_slice().into(),
            sizes: wanted,
            not_sizes: not_wanted,
            modifiers,
            price,
            creatives: shared(&mut self.creative_lists, &creatives),
            shapes: shared(&mut self.shape_lists, &shapes),
            cap_scopes: cap_scopes(&line_item, advertiser),
            caps: line_item.frequency_caps.into(),
            on_cap_unknown: line_item.on_cap_unknown,
            id: line_item.id,
            account,
            options,
            offer,
        }))
    }

    /// Most line items have the options of any other.
    fn options(&self, line_item: &LineItem, creatives: &[usize]) -> Arc<Options> {
        if line_item.choosing.is_default() {
            return Arc::clone(&self.plain_options);
        }
        let creatives = creatives.iter();
        let shown: Vec<_> = creatives
            .filter_map(|it| Some(self.creatives.get(*it)?.id()))
            .collect();
        Arc::new(Options::new(line_item, &shown))
    }

    /// Puts line items of one kind side by side, the dearest offers first.
    fn sort(&mut self) {
        self.items.sort_by_cached_key(|it| {
            let Offer { base, most, kind } = it.offer;
            (kind, Reverse(base), Reverse(most), it.id.clone())
        });
    }

    /// Creatives of which no line item has the number are only clicked any more.
    fn drop_what_nobody_shows(&mut self) {
        let mut shown = vec![false; self.creatives.len()];
        for number in self.items.iter().flat_map(|it| it.creatives.iter()) {
            if let Some(shown) = shown.get_mut(*number) {
                *shown = true;
            }
        }
        if shown.iter().all(|it| *it) {
            return;
        }
        let mut at = shown.iter();
        self.creatives
            .retain(|_| at.next().copied().unwrap_or(false));
        self.creatives.shrink_to_fit();
        let mut next = 0;
        let numbers: Vec<usize> = shown
            .iter()
            .map(|shown| {
                let number = next;
                next += usize::from(*shown);
                number
            })
            .collect();
        let number = |it: &usize| numbers.get(*it).copied().unwrap_or(usize::MAX);
        let mut lists = HashSet::new();
        for item in &mut self.items {
            let creatives: Vec<usize> = item.creatives.iter().map(number).collect();
            item.creatives = shared(&mut lists, &creatives);
        }
    }

    fn kind(&mut self, kind: Kind) -> u32 {
        let next = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
        let number = *self.kind_numbers.entry(kind).or_insert(next);
        if number == next {
            self.kinds.push(kind);
        }
        number
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

    /// The number of a rule's modifiers, which are taken out of it.
    fn modifier_set(&mut self, rule: &mut PriceRule) -> usize {
        let set = (std::mem::take(&mut rule.modifiers), rule.clamp);
        if let Some(number) = self.modifier_numbers.get(&set) {
            return *number;
        }
        let number = self.modifier_sets.len();
        self.modifier_sets.push(ModifierSet::new(&set.0, set.1));
        self.modifier_numbers.insert(set, number);
        number
    }

    fn numbers(&self, line_item: &LineItem) -> Vec<usize> {
        let ids = line_item.creatives.iter();
        ids.filter_map(|id| self.creative_numbers.get(id).copied())
            .collect()
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
    ) -> Vec<Shape> {
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
                    Shape::Audio | Shape::Native
                        if !sizes.is_empty() || !targeting.size_ranges.is_empty() => {}
                    Shape::AnyBanner
                    | Shape::Banner(_)
                    | Shape::Video
                    | Shape::Audio
                    | Shape::Native => shapes.push(shape),
                }
            }
        }
        shapes
    }
}

/// The one copy of a list: line items of a campaign mostly have the same ones.
fn shared<T: Copy + Eq + Hash>(lists: &mut HashSet<Arc<[T]>>, list: &[T]) -> Arc<[T]> {
    if let Some(known) = lists.get(list) {
        return Arc::clone(known);
    }
    let list: Arc<[T]> = list.into();
    lists.insert(Arc::clone(&list));
    list
}

/// The scope of each cap; `None` for the creative's, which depends on the choice.
fn cap_scopes(line_item: &LineItem, advertiser: &Advertiser) -> Box<[Option<ScopeKey>]> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use units::BootId;

    use super::*;

    #[test]
    fn creatives_that_nobody_shows_are_dropped_and_the_others_keep_their_line_items() {
        let creative = |id: &str, status: &str| {
            json!({"id": id, "advertiser": "a", "format": "banner", "status": status, "width": 1, "height": 1,
                "markup": "<b>x</b>", "landing_page": format!("https://{id}.example"), "adomain": []})
        };
        let line_item = |id: &str, shows: &[&str]| {
            json!({"id": id, "campaign": "c", "status": "active", "epoch": 1, "starts_at": 0, "creatives": shows,
                "price": {"bid": {"type": "cpm", "cpm": 1}, "max_cpm": 10}})
        };
        let catalog = json!({"version": 1,
            "advertisers": [{"id": "a", "name": "", "domain": "", "currency": "USD", "time_zone": "UTC", "seat": "s"}],
            "campaigns": [{"id": "c", "name": "", "advertiser": "a", "status": "active", "currency": "USD",
                "time_zone": "UTC", "budget": 1}],
            "creatives": [creative("old", "active"), creative("x", "active"), creative("off", "archived"),
                creative("older", "active"), creative("y", "active")],
            "line_items": [line_item("1", &["y"]), line_item("2", &["off", "x", "none", "y"]),
                line_item("3", &["off"])]});
        let catalog: Catalog = serde_json::from_value(catalog).unwrap();
        let leases = LeaseTable::new(BootId(uuid::Uuid::nil()));
        let market = Market::build(&catalog, &leases, "https://bidder.example");
        let shown = market.items.iter().map(|item| {
            let creatives = item.creatives.iter().copied();
            let ids = creatives.map(|it| market.creative(it).unwrap().id().as_str());
            (item.id.as_str(), ids.collect::<Vec<_>>())
        });
        let shown: Vec<_> = shown.collect();
        assert_eq!(shown, [("1", vec!["y"]), ("2", vec!["x", "y"])]);
        assert_eq!(market.creatives.len(), 2, "x and y");
        let page = |id: &str| market.landing_page(&id.into());
        assert_eq!(page("older"), Some("https://older.example"), "a late click");
        assert_eq!(page("off"), Some("https://off.example"));
    }
}
