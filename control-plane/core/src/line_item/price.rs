//! From an offer to the price rule that the catalog carries.

use contracts::catalog::{BidRule, Clamp, Modifier, PriceRule, Shading};
use serde::{Deserialize, Serialize};
use units::{CpmMicros, Multiplier, Nanos};
use utoipa::ToSchema;

use super::modifiers;
use crate::form::Form;

/// The offer of a campaign that names none: 2.0 CPM.
const DEFAULT_CPM: i64 = 2_000_000;
/// The most that such a campaign pays: 10.0 CPM.
const DEFAULT_MAX_CPM: i64 = 10_000_000;
/// What a CPM is raised to where the floor is higher: 1.1 × floor.
const RAISE_TO_FLOOR: i64 = 1_100_000;

/// What is offered for what, before modifiers, and the most after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Before modifiers.
    #[serde(flatten)]
    pub bid: BidRule,
    /// The most for a thousand impressions.
    pub max_cpm: CpmMicros,
}

/// What an offer is multiplied by, and how it is bid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustments {
    /// The factors, in order.
    #[serde(default = "modifiers::usual")]
    pub modifiers: Vec<Modifier>,
    /// Bounds of their product.
    #[serde(default)]
    pub clamp: Option<Clamp>,
    /// Whether first-price bids are shaded.
    #[serde(default)]
    pub shading: Shading,
}

impl Default for Adjustments {
    fn default() -> Self {
        Self {
            modifiers: modifiers::usual(),
            clamp: None,
            shading: Shading::default(),
        }
    }
}

/// An offer as the API shows it: a type, the amount of that name, and the most.
#[derive(Debug, Serialize, ToSchema)]
pub struct BidDocument {
    /// `cpm`, `cpc` or `cpa`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// CPM before modifiers, in the campaign's currency.
    #[serde(with = "units::json::cpm_opt", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 2.5)]
    pub cpm: Option<CpmMicros>,
    /// What a click is worth, in the campaign's currency.
    #[serde(
        with = "units::json::nanos_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<f64>)]
    pub cpc: Option<Nanos>,
    /// What a conversion is worth, in the campaign's currency.
    #[serde(
        with = "units::json::nanos_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<f64>)]
    pub cpa: Option<Nanos>,
    /// The most after modifiers, CPM.
    #[serde(with = "units::json::cpm")]
    #[schema(value_type = f64, example = 4.0)]
    pub max_cpm: CpmMicros,
}

impl BidDocument {
    /// The API's view of an offer.
    #[must_use]
    pub const fn of(offer: Offer) -> Self {
        let mut shown = Self {
            kind: "cpm",
            cpm: None,
            cpc: None,
            cpa: None,
            max_cpm: offer.max_cpm,
        };
        match offer.bid {
            BidRule::Cpm { cpm } => shown.cpm = Some(cpm),
            BidRule::Cpc { cpc } => {
                shown.kind = "cpc";
                shown.cpc = Some(cpc);
            }
            BidRule::Cpa { cpa } => {
                shown.kind = "cpa";
                shown.cpa = Some(cpa);
            }
        }
        shown
    }
}

/// The rule of an offer: × modifiers, raised towards the floor, at most `max_cpm` (docs/pricing.md).
///
/// A CPC or CPA goal is not raised: under the floor its impressions are not worth what they cost. Bidders
/// know no multiplier but those given here.
#[must_use]
pub fn price_rule(offer: Offer, adjustments: &Adjustments) -> PriceRule {
    let raise_to_floor = match offer.bid {
        BidRule::Cpm { .. } => Multiplier::new(RAISE_TO_FLOOR),
        BidRule::Cpc { .. } | BidRule::Cpa { .. } => None,
    };
    PriceRule {
        bid: offer.bid,
        modifiers: adjustments.modifiers.clone(),
        clamp: adjustments.clamp,
        raise_to_floor,
        max_cpm: offer.max_cpm,
        shading: adjustments.shading,
    }
}

/// Takes `bid`. A `max_cpm` that is absent never cuts the `cpm` that was named.
pub(super) fn take(form: &mut Form) -> Offer {
    let default_cpm = CpmMicros::new(DEFAULT_CPM).unwrap_or_default();
    let default_max = CpmMicros::new(DEFAULT_MAX_CPM).unwrap_or_default();
    let offer = form.object("bid", |bid| {
        let kind = bid.text("type").unwrap_or_else(|| "cpm".to_owned());
        let max_cpm = bid.price("max_cpm");
        let or_default = max_cpm.unwrap_or(default_max);
        match kind.as_str() {
            "cpm" => {
                let cpm = bid.price("cpm").unwrap_or(default_cpm);
                let max_cpm = max_cpm.unwrap_or(default_max.max(cpm));
                if max_cpm < cpm {
                    bid.refuse("max_cpm", "must not be below cpm");
                }
                Some(Offer {
                    bid: BidRule::Cpm { cpm },
                    max_cpm,
                })
            }
            "cpc" => Some(Offer {
                bid: BidRule::Cpc {
                    cpc: goal(bid, "cpc")?,
                },
                max_cpm: or_default,
            }),
            "cpa" => Some(Offer {
                bid: BidRule::Cpa {
                    cpa: goal(bid, "cpa")?,
                },
                max_cpm: or_default,
            }),
            _ => {
                bid.refuse("type", "must be cpm, cpc or cpa");
                // What is named for that type is not wrong by itself.
                let amounts: Vec<String> = bid.keys().map(str::to_owned).collect();
                for amount in amounts {
                    bid.take::<serde::de::IgnoredAny>(&amount);
                }
                None
            }
        }
    });
    offer.unwrap_or(Offer {
        bid: BidRule::Cpm { cpm: default_cpm },
        max_cpm: default_max,
    })
}

/// What a click or a conversion is worth.
fn goal(bid: &mut Form, key: &str) -> Option<Nanos> {
    bid.require(key);
    let goal = bid.money(key)?;
    if goal == Nanos::ZERO {
        bid.refuse(key, "must be more than 0");
    }
    Some(goal)
}

/// Takes `modifiers`, `clamp` and `shading`.
pub(super) fn take_adjustments(form: &mut Form) -> Adjustments {
    let shading = form.object("shading", |form| {
        let on = form.take("on").unwrap_or_default();
        Some(Shading { on })
    });
    Adjustments {
        modifiers: modifiers::take(form),
        clamp: modifiers::take_clamp(form),
        shading: shading.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offer_and_its_defaults() {
        // interfaces.md: bid {"type":"cpm","cpm":2.0,"max_cpm":10.0}
        let cases = [
            ("{}", Ok(r#"{"type":"cpm","cpm":2,"max_cpm":10}"#)),
            (
                r#"{"bid":{"type":"cpm","cpm":2.5,"max_cpm":4.0}}"#,
                Ok(r#"{"type":"cpm","cpm":2.5,"max_cpm":4}"#),
            ),
            (
                r#"{"bid":{"cpm":15}}"#,
                Ok(r#"{"type":"cpm","cpm":15,"max_cpm":15}"#),
            ),
            (
                r#"{"bid":{"type":"cpc","cpc":0.40,"max_cpm":8.0}}"#,
                Ok(r#"{"type":"cpc","cpc":0.4,"max_cpm":8}"#),
            ),
            (
                r#"{"bid":{"type":"cpa","cpa":12.0}}"#,
                Ok(r#"{"type":"cpa","cpa":12,"max_cpm":10}"#),
            ),
            (r#"{"bid":{"type":"cpc","cpm":1}}"#, Err("/bid/cpc")),
            (r#"{"bid":{"type":"cpc","cpc":1,"cpm":1}}"#, Err("/bid/cpm")),
            (r#"{"bid":{"type":"cpc","cpc":0}}"#, Err("/bid/cpc")),
            (r#"{"bid":{"type":"cpa","cpa":-1}}"#, Err("/bid/cpa")),
            (r#"{"bid":{"type":"cpv","cpv":1}}"#, Err("/bid/type")),
            (r#"{"bid":{"cpm":5,"max_cpm":4}}"#, Err("/bid/max_cpm")),
            (r#"{"bid":{"cpm":-1}}"#, Err("/bid/cpm")),
            (r#"{"bid":{"cpm":1e309}}"#, Err("/bid/cpm")),
            (r#"{"bid":2.5}"#, Err("/bid")),
        ];
        for (body, want) in cases {
            let mut form = Form::read(body.as_bytes()).unwrap();
            let offer = take(&mut form);
            let shown = serde_json::to_string(&BidDocument::of(offer)).unwrap();
            match (form.finish(Some(shown)), want) {
                (Ok(shown), Ok(want)) => assert_eq!(shown, want, "{body}"),
                (Err(faults), Err(at)) => assert_eq!(faults.0[0].pointer, at, "{body}"),
                (got, _) => panic!("{body}: {got:?}"),
            }
        }
    }

    #[test]
    fn the_formula_is_data() {
        let offer = |bid| Offer {
            bid,
            max_cpm: CpmMicros::new(10_000_000).unwrap(),
        };
        let rule = |bid| serde_json::to_string(&price_rule(offer(bid), &Adjustments::default()));
        let cpm = CpmMicros::new(2_000_000).unwrap();
        let want = concat!(
            r#"{"bid":{"type":"cpm","cpm":2000000},"modifiers":["#,
            r#"{"kind":"count","of":["interests","segments"],"step":100000},"#,
            r#"{"kind":"device_type","factors":{"1":1200000,"2":1000000,"4":1200000,"5":900000},"otherwise":1000000}],"#,
            r#""raise_to_floor":1100000,"max_cpm":10000000}"#
        );
        assert_eq!(rule(BidRule::Cpm { cpm }).unwrap(), want);
        let goal = rule(BidRule::Cpc {
            cpc: Nanos(400_000_000),
        });
        assert!(goal.unwrap().contains(r#""raise_to_floor":null"#));
    }

    #[test]
    fn offers_of_earlier_versions_are_kept_in_the_form_that_the_migration_gives_them() {
        let json = r#"{"type":"cpm","cpm":2500000,"max_cpm":4000000}"#;
        let offer: Offer = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&offer).unwrap(), json);
    }
}
