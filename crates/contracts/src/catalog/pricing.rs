//! How much: a base price and multiplicative modifiers, all of it data.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use units::{CpmMicros, Multiplier, Nanos};

use super::targeting::Key;

/// What the advertiser offers to pay for, before modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
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
        factors: BTreeMap<i32, Multiplier>,
        /// Factor of any other and of none.
        otherwise: Multiplier,
    },
    /// By the values of a key of targeting; of several listed values that are there, the highest factor.
    Key {
        /// Which key, by its name in targeting.
        #[serde(serialize_with = "by_name")]
        key: Key,
        /// Factor of each listed value.
        factors: BTreeMap<String, Multiplier>,
        /// Factor when none of the listed values is there, or nothing is known.
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

/// A key of targeting as its name.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn by_name<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.name())
}

/// Reads members of whatever variant at once: what serde makes of a tagged enum keeps all of them aside first,
/// and each line item has several.
impl<'de> Deserialize<'de> for BidRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Members<'t> {
            #[serde(borrow, rename = "type")]
            kind: Cow<'t, str>,
            cpm: Option<CpmMicros>,
            cpc: Option<Nanos>,
            cpa: Option<Nanos>,
        }
        let Members {
            kind,
            cpm,
            cpc,
            cpa,
        } = Members::deserialize(deserializer)?;
        Ok(match &*kind {
            "cpm" => Self::Cpm {
                cpm: needed(cpm, "cpm")?,
            },
            "cpc" => Self::Cpc {
                cpc: needed(cpc, "cpc")?,
            },
            "cpa" => Self::Cpa {
                cpa: needed(cpa, "cpa")?,
            },
            other => return Err(D::Error::unknown_variant(other, &["cpm", "cpc", "cpa"])),
        })
    }
}

impl<'de> Deserialize<'de> for Modifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Members<'t> {
            #[serde(borrow)]
            kind: Cow<'t, str>,
            of: Option<Vec<Counted>>,
            step: Option<Multiplier>,
            key: Option<String>,
            #[serde(borrow)]
            factors: Option<Factors<'t>>,
            otherwise: Option<Multiplier>,
        }
        let Members {
            kind,
            of,
            step,
            key,
            factors,
            otherwise,
        } = Members::deserialize(deserializer)?;
        let factors = || needed(factors, "factors").map(|it: Factors<'_>| it.0.into_iter());
        Ok(match &*kind {
            "count" => Self::Count {
                of: needed(of, "of")?,
                step: needed(step, "step")?,
            },
            "device_type" => Self::DeviceType {
                factors: factors()?
                    .map(|(key, factor)| Ok((key.parse().map_err(D::Error::custom)?, factor)))
                    .collect::<Result<_, _>>()?,
                otherwise: needed(otherwise, "otherwise")?,
            },
            "key" => {
                let key = needed(key, "key")?;
                let key = Key::named(&key);
                Self::Key {
                    key: key.ok_or_else(|| D::Error::custom("is not a key of targeting"))?,
                    factors: factors()?
                        .map(|(value, factor)| (value.into_owned(), factor))
                        .collect(),
                    otherwise: otherwise.unwrap_or_default(),
                }
            }
            other => {
                let known = &["count", "device_type", "key"];
                return Err(D::Error::unknown_variant(other, known));
            }
        })
    }
}

fn needed<T, E: Error>(member: Option<T>, name: &'static str) -> Result<T, E> {
    member.ok_or_else(|| E::missing_field(name))
}

/// Factors by whatever they are of, in their order.
struct Factors<'t>(Vec<(Cow<'t, str>, Multiplier)>);

impl<'de: 't, 't> Deserialize<'de> for Factors<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(Cow<'de, str>, Multiplier)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("factors by their values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                #[serde(transparent)]
                struct Text<'t>(#[serde(borrow)] Cow<'t, str>);
                let mut pairs = Vec::new();
                while let Some((Text(value), factor)) = map.next_entry()? {
                    pairs.push((value, factor));
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Pairs).map(Self)
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
