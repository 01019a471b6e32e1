//! How much: a base price and multiplicative modifiers, all of it data.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use units::{CpmMicros, Multiplier, Nanos};

use super::targeting::Key;

/// What the advertiser offers to pay for, before modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum BidRule {
    /// A fixed price of a thousand impressions.
    Cpm {
        /// The price before modifiers.
        cpm: CpmMicros,
    },
    /// What a click is worth: a thousand impressions are offered goal × click rate × 1000.
    Cpc {
        /// The worth of a click, in the campaign's currency.
        cpc: Nanos,
    },
    /// What a conversion is worth: a thousand impressions are offered goal × conversion rate × 1000.
    Cpa {
        /// The worth of a conversion, in the campaign's currency.
        cpa: Nanos,
    },
}

/// Something of the user that a modifier counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The user's interests, all of them.
    Interests,
    /// The user's segments, all of them.
    Segments,
}

/// One factor of the price.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// By the values of a key of targeting; of several listed values that are there, the highest factor.
    Key {
        /// Which key, by its name in targeting.
        #[serde(with = "by_name")]
        key: Key,
        /// Factor of each listed value.
        factors: BTreeMap<String, Multiplier>,
        /// Factor when none of the listed values is there, or nothing is known.
        #[serde(default)]
        otherwise: Multiplier,
    },
}

/// Bounds of the product of all modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Clamp {
    /// At least this.
    pub min: Multiplier,
    /// At most this.
    pub max: Multiplier,
}

/// Whether bids of first-price auctions are lowered towards what is enough to win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shading {
    /// Off unless said otherwise.
    pub on: bool,
}

/// The steps from an offer to a bid: base × modifiers, raised towards the floor, at most `max_cpm`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRule {
    /// Where the price starts.
    pub bid: BidRule,
    /// What it is multiplied by, in order.
    #[serde(default)]
    pub modifiers: Vec<Modifier>,
    /// Bounds of what it is multiplied by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clamp: Option<Clamp>,
    /// A price under `raise_to_floor` × floor is raised to that.
    #[serde(default)]
    pub raise_to_floor: Option<Multiplier>,
    /// Never more than this.
    pub max_cpm: CpmMicros,
    /// What is bid of it where the winner pays its own bid.
    #[serde(default, skip_serializing_if = "Shading::is_off")]
    pub shading: Shading,
}

impl Shading {
    const fn is_off(&self) -> bool {
        !self.on
    }
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

/// A key of targeting as its name.
mod by_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Key;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub(super) fn serialize<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(key.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        let name = String::deserialize(deserializer)?;
        Key::named(&name).ok_or_else(|| serde::de::Error::custom("is not a key of targeting"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_are_read_back() {
        let modifiers = [
            Modifier::DeviceType {
                factors: BTreeMap::from([(4, Multiplier::ONE)]),
                otherwise: Multiplier::ONE,
            },
            Modifier::Key {
                key: Key::DeviceType,
                factors: BTreeMap::from([("ctv".to_owned(), Multiplier::ONE)]),
                otherwise: Multiplier::ONE,
            },
        ];
        for modifier in modifiers {
            let json = serde_json::to_string(&modifier).unwrap();
            assert_eq!(serde_json::from_str::<Modifier>(&json).unwrap(), modifier);
        }
    }

    #[test]
    fn rules_of_earlier_catalogs_are_read() {
        let json = r#"{"bid":{"type":"cpm","cpm":2000000},"modifiers":[],"raise_to_floor":null,"max_cpm":10000000}"#;
        let rule: PriceRule = serde_json::from_str(json).unwrap();
        assert_eq!((rule.clamp, rule.shading.on), (None, false));
        assert_eq!(serde_json::to_string(&rule).unwrap(), json);
    }
}
