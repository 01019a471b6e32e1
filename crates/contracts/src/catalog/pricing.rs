//! How much: a base price and multiplicative modifiers, all of it data.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use units::{CpmMicros, Multiplier};

/// What the advertiser offers to pay for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum BidRule {
    /// A fixed price of a thousand impressions.
    Cpm {
        /// The price before modifiers.
        cpm: CpmMicros,
    },
}

/// Something of the user that a modifier counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The user's interests, all of them.
    Interests,
    /// The user's segments, all of them.
    Segments,
}

/// One factor of the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Modifier {
    /// 1 + `step` × how many of these the user has.
    Count {
        /// What is counted.
        of: Vec<Counted>,
        /// What each adds, in millionths.
        step: Multiplier,
    },
    /// By `device.devicetype`.
    DeviceType {
        /// Factor of each listed type.
        #[serde(deserialize_with = "by_number")]
        factors: BTreeMap<i32, Multiplier>,
        /// Factor of any other and of none.
        otherwise: Multiplier,
    },
}

/// The steps from an offer to a bid: base × modifiers, raised towards the floor, at most `max_cpm`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRule {
    /// Where the price starts.
    pub bid: BidRule,
    /// What it is multiplied by, in order.
    #[serde(default)]
    pub modifiers: Vec<Modifier>,
    /// A price under `raise_to_floor` × floor is raised to that.
    #[serde(default)]
    pub raise_to_floor: Option<Multiplier>,
    /// Never more than this.
    pub max_cpm: CpmMicros,
}

/// JSON's keys are texts; inside a tagged enum serde does not turn them into numbers by itself.
fn by_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<i32, Multiplier>, D::Error> {
    let by_text = BTreeMap::<String, Multiplier>::deserialize(deserializer)?;
    let number = |(key, factor): (String, Multiplier)| {
        let number = key.parse().map_err(serde::de::Error::custom)?;
        Ok((number, factor))
    };
    by_text.into_iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_are_read_back() {
        let modifier = Modifier::DeviceType {
            factors: BTreeMap::from([(4, Multiplier::ONE)]),
            otherwise: Multiplier::ONE,
        };
        let json = serde_json::to_string(&modifier).unwrap();
        assert_eq!(serde_json::from_str::<Modifier>(&json).unwrap(), modifier);
    }
}
