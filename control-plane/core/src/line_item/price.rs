//! From an offer to the price rule that the catalog carries.

use std::collections::BTreeMap;

use contracts::catalog::{BidRule, Counted, Modifier, PriceRule};
use serde::{Deserialize, Serialize};
use units::{CpmMicros, Multiplier};
use utoipa::ToSchema;

use crate::form::Form;

/// The offer of a campaign that names none: 2.0 CPM.
const DEFAULT_CPM: i64 = 2_000_000;
/// The most that such a campaign pays: 10.0 CPM.
const DEFAULT_MAX_CPM: i64 = 10_000_000;

/// What is offered for a thousand impressions, before modifiers, and the most after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Before modifiers.
    pub cpm: CpmMicros,
    /// The most.
    pub max_cpm: CpmMicros,
}

/// An offer as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BidDocument {
    /// `cpm`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// CPM before modifiers, in the campaign's currency.
    #[serde(with = "units::json::cpm")]
    #[schema(value_type = f64, example = 2.5)]
    pub cpm: CpmMicros,
    /// The most after modifiers.
    #[serde(with = "units::json::cpm")]
    #[schema(value_type = f64, example = 4.0)]
    pub max_cpm: CpmMicros,
}

impl BidDocument {
    /// The API's view of an offer.
    #[must_use]
    pub const fn of(offer: Offer) -> Self {
        Self {
            kind: "cpm",
            cpm: offer.cpm,
            max_cpm: offer.max_cpm,
        }
    }
}

/// Price = cpm × (1 + 0.10 × (interests + segments)) × device multiplier, raised to 1.1 × floor if
/// lower, then at most `max_cpm` (interfaces.md). Bidders know no multiplier but those given here.
#[must_use]
pub fn price_rule(offer: Offer) -> PriceRule {
    let factor = |millionths| Multiplier::new(millionths).unwrap_or_default();
    let by_device = [(1, 1_200_000), (4, 1_200_000), (2, 1_000_000), (5, 900_000)];
    PriceRule {
        bid: BidRule::Cpm { cpm: offer.cpm },
        modifiers: vec![
            Modifier::Count {
                of: vec![Counted::Interests, Counted::Segments],
                step: factor(100_000),
            },
            Modifier::DeviceType {
                factors: BTreeMap::from(by_device.map(|(kind, f)| (kind, factor(f)))),
                otherwise: Multiplier::ONE,
            },
        ],
        raise_to_floor: Some(factor(1_100_000)),
        max_cpm: offer.max_cpm,
    }
}

/// Takes `bid`. A `max_cpm` that is absent never cuts the `cpm` that was named.
pub(super) fn take(form: &mut Form) -> Offer {
    let default_cpm = CpmMicros::new(DEFAULT_CPM).unwrap_or_default();
    let default_max = CpmMicros::new(DEFAULT_MAX_CPM).unwrap_or_default();
    let offer = form.object("bid", |bid| {
        let kind = bid.text("type").unwrap_or_else(|| "cpm".to_owned());
        if kind != "cpm" {
            bid.refuse("type", "must be cpm");
        }
        let cpm = bid.price("cpm").unwrap_or(default_cpm);
        let max_cpm = bid.price("max_cpm").unwrap_or(default_max.max(cpm));
        if max_cpm < cpm {
            bid.refuse("max_cpm", "must not be below cpm");
        }
        Some(Offer { cpm, max_cpm })
    });
    offer.unwrap_or(Offer {
        cpm: default_cpm,
        max_cpm: default_max,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offer_and_its_defaults() {
        // interfaces.md: bid {"type":"cpm","cpm":2.0,"max_cpm":10.0}
        let cases = [
            ("{}", Ok(("2", "10"))),
            (
                r#"{"bid":{"type":"cpm","cpm":2.5,"max_cpm":4.0}}"#,
                Ok(("2.5", "4")),
            ),
            (r#"{"bid":{"cpm":15}}"#, Ok(("15", "15"))),
            (r#"{"bid":{"type":"cpc","cpm":1}}"#, Err("/bid/type")),
            (r#"{"bid":{"cpm":5,"max_cpm":4}}"#, Err("/bid/max_cpm")),
            (r#"{"bid":{"cpm":-1}}"#, Err("/bid/cpm")),
            (r#"{"bid":{"cpm":1e309}}"#, Err("/bid/cpm")),
            (r#"{"bid":2.5}"#, Err("/bid")),
        ];
        for (body, want) in cases {
            let mut form = Form::read(body.as_bytes()).unwrap();
            let offer = take(&mut form);
            let got = form.finish(Some((offer.cpm.to_string(), offer.max_cpm.to_string())));
            match (got, want) {
                (Ok((cpm, max)), Ok(want)) => {
                    assert_eq!((cpm.as_str(), max.as_str()), want, "{body}")
                }
                (Err(faults), Err(at)) => assert_eq!(faults.0[0].pointer, at, "{body}"),
                (got, _) => panic!("{body}: {got:?}"),
            }
        }
    }

    #[test]
    fn the_formula_is_data() {
        let offer = Offer {
            cpm: CpmMicros::new(2_000_000).unwrap(),
            max_cpm: CpmMicros::new(10_000_000).unwrap(),
        };
        let json = serde_json::to_string(&price_rule(offer)).unwrap();
        let want = concat!(
            r#"{"bid":{"type":"cpm","cpm":2000000},"modifiers":["#,
            r#"{"kind":"count","of":["interests","segments"],"step":100000},"#,
            r#"{"kind":"device_type","factors":{"1":1200000,"2":1000000,"4":1200000,"5":900000},"otherwise":1000000}],"#,
            r#""raise_to_floor":1100000,"max_cpm":10000000}"#
        );
        assert_eq!(json, want);
    }
}
