//! From the catalog's objects to line items that can bid.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use contracts::catalog::{
    Advertiser, BidRule, Campaign, CapScope, Catalog, Clamp, CreativeFormat, FrequencyCap,
    LineItem, Modifier, PriceRule, Status,
};
use contracts::stamps::ScopeKey;
use jiff::tz::TimeZone;
use units::CpmMicros;

use super::{Item, Kind, LeftOut, Offer, Options};
use crate::creative::Creative;
use crate::index::{Shape, SharedLists, Size};
use crate::lease::LeaseTable;
use crate::pricing::{self, ModifierSet, ObservedRates, RateModel};
use crate::targeting::Compiler;

pub(super) struct Builder<'c> {
    catalog: &'c Catalog,
    advertisers: HashMap<&'c str, &'c Advertiser>,
    known_campaigns: HashMap<&'c str, &'c Campaign>,
    known_creatives: HashMap<&'c str, &'c contracts::catalog::Creative>,
    campaign_numbers: HashMap<&'c str, usize>,
    creative_numbers: HashMap<&'c str, usize>,
    pub(super) campaigns: Vec<Campaign>,
    pub(super) creatives: Vec<Creative>,
    pub(super) items: Vec<Item>,
    pub(super) zones: Vec<(String, TimeZone)>,
    pub(super) modifier_sets: Vec<ModifierSet>,
    modifier_numbers: HashMap<(&'c [Modifier], Option<Clamp>), usize>,
    pub(super) model: Arc<dyn RateModel>,
    pub(super) kinds: Vec<Kind>,
    kind_numbers: HashMap<Kind, u32>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) compiler: Compiler<'c>,
}

impl<'c> Builder<'c> {
    pub(super) fn new(catalog: &'c Catalog, shared: &'c SharedLists) -> Self {
        let advertiser_of: HashMap<&str, _> = catalog
            .campaigns
            .iter()
            .map(|it| (it.id.as_str(), &it.advertiser))
            .collect();
        let rated = catalog
            .line_items
            .iter()
            .filter_map(|it| Some((it, *advertiser_of.get(it.campaign.as_str())?)));
        let model = ObservedRates::new(&catalog.observed, rated);
        let compiler = Compiler::new(shared);
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
            kinds: Vec::new(),
            kind_numbers: HashMap::new(),
            modifier_numbers: HashMap::new(),
            model: Arc::new(model),
            left_out: Vec::new(),
            compiler,
        }
    }

    /// `None` for a line item of a campaign that is not active.
    pub(super) fn item(
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
        rate.ok_or("there is no rate for its currency")?;
        let zone = self
            .zone(&campaign.time_zone)
            .ok_or("its time zone is unknown")?;
        let creatives = self.creatives(line_item);
        if creatives.is_empty() {
            return Err("it has no active creative");
        }
        let targeting = &line_item.targeting;
        let rules = self.compiler.rules(targeting, zone)?;
        let sizes = |texts: &[String]| texts.iter().filter_map(|it| Size::parse(it)).collect();
        let (wanted, not_wanted): (Vec<Size>, Vec<Size>) = (
            sizes(&targeting.sizes.include),
            sizes(&targeting.sizes.exclude),
        );
        let creatives = self.of_formats(creatives, targeting);
        let shapes = self.shapes(&creatives, targeting, &wanted);
        let modifiers = self.modifier_set(&line_item.price);
        let kind = Kind {
            currency: campaign.currency,
            modifiers,
            raise: line_item.price.raise_to_floor,
        };
        let micros = |price: CpmMicros| u64::try_from(price.micros()).unwrap_or(0);
        let bid = line_item.price.bid;
        let most_rate = pricing::most_rate(bid, &*self.model, &line_item.id);
        // A goal is rounded after its modifiers: the bound before them is the next millionth.
        let up = u64::from(!matches!(bid, BidRule::Cpm { .. }));
        let offer = Offer {
            base: micros(pricing::base(bid, most_rate)).saturating_add(up),
            most: micros(line_item.price.max_cpm),
            kind: Some(self.kind(kind)),
        };
        let shown: Vec<_> = creatives
            .iter()
            .filter_map(|it| Some(self.creatives.get(*it)?.id()))
            .collect();
        let options = Options::new(line_item, &shown);
        let account = leases.account(&line_item.id);
        account.pace(
            line_item.choosing.max_qps,
            line_item.pacing != contracts::catalog::Pacing::Asap,
        );
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
            rules,
            size_ranges: targeting.size_ranges.as_slice().into(),
            sizes: wanted,
            not_sizes: not_wanted,
            modifiers,
            price: line_item.price.clone(),
            creatives,
            shapes,
            cap_scopes: cap_scopes(line_item, advertiser),
            caps: line_item.frequency_caps.clone(),
            on_cap_unknown: line_item.on_cap_unknown,
            account,
            options,
            offer,
        }))
    }

    /// Puts line items of one kind side by side, the dearest offers first.
    pub(super) fn sort(&mut self) {
        let key = |it: &Item| {
            (
                it.offer.kind,
                Reverse(it.offer.base),
                Reverse(it.offer.most),
            )
        };
        self.items
            .sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id)));
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

    fn modifier_set(&mut self, rule: &'c PriceRule) -> usize {
        let next = self.modifier_sets.len();
        let key = (&*rule.modifiers, rule.clamp);
        let number = *self.modifier_numbers.entry(key).or_insert(next);
        if number == next {
            self.modifier_sets.push(ModifierSet::new(rule));
        }
        number
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
