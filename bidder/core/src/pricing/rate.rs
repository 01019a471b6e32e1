//! How likely an impression is to be clicked, or to lead to a conversion.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use contracts::catalog::{BidRule, Counts, LineItem, Observed, Priors, RotateBy};
use units::{AdvertiserId, CreativeId, LineItemId, Probability};

use crate::opportunity::{Imp, Opportunity};

/// Which numbers rates came from: the name of a model and of what it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelVersion(Arc<str>);

impl ModelVersion {
    /// A version by its text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Its text, as it stands in `bid.ext.gavel.model` and in records.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An impression that may be bought, as a model sees it.
#[derive(Debug, Clone, Copy)]
pub struct Chance<'a> {
    /// Whose budget.
    pub line_item: &'a LineItemId,
    /// What would be shown.
    pub creative: &'a CreativeId,
    /// The request.
    pub opportunity: &'a Opportunity<'a>,
    /// Where it would be shown.
    pub imp: &'a Imp<'a>,
}

/// Tells rates. Pure: the same chance gives the same rate under one version.
pub trait RateModel: fmt::Debug + Send + Sync {
    /// Which numbers the rates come from.
    fn version(&self) -> &ModelVersion;

    /// Clicks per impression.
    fn click_rate(&self, chance: &Chance<'_>) -> Probability;

    /// Conversions per impression.
    fn conversion_rate(&self, chance: &Chance<'_>) -> Probability;

    /// How a creative does beside the line item's others: what rotation by the model compares, and no part of
    /// a price.
    fn creative_rate(&self, by: RotateBy, chance: &Chance<'_>) -> Probability {
        match by {
            RotateBy::Clicks => self.click_rate(chance),
            RotateBy::Conversions => self.conversion_rate(chance),
        }
    }

    /// The highest click rate that the model tells for a line item: line items are looked at in the order
    /// of what they can offer at most.
    fn most_clicks(&self, line_item: &LineItemId) -> Probability {
        let _ = line_item;
        Probability::ONE
    }

    /// The highest conversion rate that the model tells for a line item.
    fn most_conversions(&self, line_item: &LineItemId) -> Probability {
        let _ = line_item;
        Probability::ONE
    }
}

/// The rate that an offer is multiplied by; certain where impressions themselves are paid for.
#[must_use]
pub fn rate(bid: BidRule, model: &dyn RateModel, chance: &Chance<'_>) -> Probability {
    match bid {
        BidRule::Cpm { .. } => Probability::ONE,
        BidRule::Cpc { .. } => model.click_rate(chance),
        BidRule::Cpa { .. } => model.conversion_rate(chance),
    }
}

/// The highest rate that an offer can be multiplied by.
#[must_use]
pub fn most_rate(bid: BidRule, model: &dyn RateModel, line_item: &LineItemId) -> Probability {
    match bid {
        BidRule::Cpm { .. } => Probability::ONE,
        BidRule::Cpc { .. } => model.most_clicks(line_item),
        BidRule::Cpa { .. } => model.most_conversions(line_item),
    }
}

#[derive(Debug, Clone, Copy)]
struct Rates {
    clicks: Probability,
    conversions: Probability,
}

impl Rates {
    fn shrunk(counts: Counts, prior: Self, strength: u64) -> Self {
        let rate = |hits, prior| Probability::shrunk(hits, counts.impressions, prior, strength);
        Self {
            clicks: rate(counts.clicks, prior.clicks),
            conversions: rate(counts.conversions, prior.conversions),
        }
    }
}

/// The line item's own observed rates, shrunk towards its advertiser's, and these towards the catalog's prior.
///
/// Without observations a line item has its advertiser's rates, and an advertiser without any the prior.
/// The same for every opportunity, and as a price for every creative; rotation compares the creative's own,
/// shrunk towards the line item's.
#[derive(Debug)]
pub struct ObservedRates {
    version: ModelVersion,
    line_items: HashMap<LineItemId, Rates>,
    creatives: HashMap<LineItemId, HashMap<CreativeId, Rates>>,
    prior: Rates,
}

/// Rates while the line items come one by one.
pub(crate) struct Observing<'c> {
    observed: &'c Observed,
    by_advertiser: HashMap<&'c AdvertiserId, Rates>,
    counts: HashMap<&'c LineItemId, Counts>,
    rates: ObservedRates,
}

impl<'c> Observing<'c> {
    pub(crate) fn new(observed: &'c Observed) -> Self {
        let Priors {
            click_rate,
            conversion_rate,
            strength,
        } = observed.priors;
        let prior = Rates {
            clicks: click_rate,
            conversions: conversion_rate,
        };
        let by_advertiser = observed.advertisers.iter();
        let counts = observed.line_items.iter();
        Self {
            observed,
            by_advertiser: by_advertiser
                .map(|it| (&it.advertiser, Rates::shrunk(it.counts, prior, strength)))
                .collect(),
            counts: counts.map(|it| (&it.line_item, it.counts)).collect(),
            rates: ObservedRates {
                version: ModelVersion(format!("observed-1.{}", observed.as_of.0).into()),
                line_items: HashMap::new(),
                creatives: HashMap::new(),
                prior,
            },
        }
    }

    /// Takes the rates of a line item, if they are ever asked for.
    pub(crate) fn add(&mut self, line_item: &LineItem, advertiser: &AdvertiserId) {
        let is_rated = !matches!(line_item.price.bid, BidRule::Cpm { .. })
            || line_item.choosing.rotation.is_some();
        if !is_rated {
            return;
        }
        let prior = self.by_advertiser.get(advertiser).copied();
        let prior = prior.unwrap_or(self.rates.prior);
        let counts = self.counts.get(&line_item.id).copied().unwrap_or_default();
        let rates = Rates::shrunk(counts, prior, self.observed.priors.strength);
        self.rates.line_items.insert(line_item.id.clone(), rates);
    }

    /// What is known of the line items so far.
    pub(crate) const fn rates(&self) -> &ObservedRates {
        &self.rates
    }

    pub(crate) fn finish(mut self) -> ObservedRates {
        let ObservedRates {
            line_items,
            creatives,
            ..
        } = &mut self.rates;
        for it in &self.observed.creatives {
            let Some(prior) = line_items.get(&it.line_item) else {
                continue;
            };
            let rates = Rates::shrunk(it.counts, *prior, self.observed.priors.strength);
            let of_line_item = creatives.entry(it.line_item.clone()).or_default();
            of_line_item.insert(it.creative.clone(), rates);
        }
        self.rates
    }
}

impl ObservedRates {
    /// Takes the rates of these line items, each with its advertiser, from what the catalog says was observed.
    #[must_use]
    pub fn new<'c>(
        observed: &'c Observed,
        line_items: impl Iterator<Item = (&'c LineItem, &'c AdvertiserId)>,
    ) -> Self {
        let mut observing = Observing::new(observed);
        line_items.for_each(|(it, advertiser)| observing.add(it, advertiser));
        observing.finish()
    }

    fn rates(&self, line_item: &LineItemId) -> Rates {
        let known = self.line_items.get(line_item);
        known.copied().unwrap_or(self.prior)
    }
}

impl RateModel for ObservedRates {
    fn version(&self) -> &ModelVersion {
        &self.version
    }

    fn click_rate(&self, chance: &Chance<'_>) -> Probability {
        self.rates(chance.line_item).clicks
    }

    fn conversion_rate(&self, chance: &Chance<'_>) -> Probability {
        self.rates(chance.line_item).conversions
    }

    fn creative_rate(&self, by: RotateBy, chance: &Chance<'_>) -> Probability {
        let of_line_item = self.creatives.get(chance.line_item);
        let own = of_line_item.and_then(|it| it.get(chance.creative)).copied();
        let rates = own.unwrap_or_else(|| self.rates(chance.line_item));
        match by {
            RotateBy::Clicks => rates.clicks,
            RotateBy::Conversions => rates.conversions,
        }
    }

    fn most_clicks(&self, line_item: &LineItemId) -> Probability {
        self.rates(line_item).clicks
    }

    fn most_conversions(&self, line_item: &LineItemId) -> Probability {
        self.rates(line_item).conversions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_item(id: &str) -> LineItem {
        let json = format!(
            r#"{{"id":"{id}","campaign":"c","status":"active","epoch":1,"starts_at":0,"creatives":[],
                "price":{{"bid":{{"type":"cpc","cpc":400000000}},"max_cpm":8000000}}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn own_counts_then_the_advertisers_then_the_prior() {
        let observed: Observed = serde_json::from_str(
            r#"{"as_of": 7, "priors": {"click_rate": 1000000, "conversion_rate": 50000, "strength": 1000},
                "line_items": [{"line_item": "seen", "impressions": 9000, "clicks": 27, "conversions": 9}],
                "advertisers": [{"advertiser": "known", "impressions": 19000, "clicks": 59, "conversions": 9}]}"#,
        )
        .unwrap();
        let (known, strange) = (AdvertiserId::from("known"), AdvertiserId::from("strange"));
        let items = [line_item("seen"), line_item("new"), line_item("alone")];
        let advertisers = [&known, &known, &strange];
        let model = ObservedRates::new(&observed, items.iter().zip(advertisers));
        // The advertiser: (59 + 0.001 × 1000) / 20000 = 0.003; the line item: (27 + 0.003 × 1000) / 10000.
        let cases = [
            ("seen", "0.003", "0.00094525"),
            ("new", "0.003", "0.0004525"),
            ("alone", "0.001", "0.00005"),
            ("not in the catalog", "0.001", "0.00005"),
        ];
        for (id, clicks, conversions) in cases {
            let id = LineItemId::from(id);
            assert_eq!(model.most_clicks(&id).to_string(), clicks, "{id}");
            assert_eq!(model.most_conversions(&id).to_string(), conversions, "{id}");
        }
        assert_eq!(model.version().as_str(), "observed-1.7");
    }
}
