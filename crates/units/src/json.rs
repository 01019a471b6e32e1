//! Money as JSON numbers in plain decimal notation, exact: the text never passes through a float.
//!
//! For `#[serde(with = "units::json::nanos")]` and its siblings. Reading needs `serde_json` as the
//! format, since the number's own text is what is parsed; a quoted number is accepted as well (C-24).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

fn write<S: Serializer>(serializer: S, text: String) -> Result<S::Ok, S::Error> {
    RawValue::from_string(text)
        .map_err(ser::Error::custom)?
        .serialize(serializer)
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Option::<Box<RawValue>>::deserialize(deserializer)?;
    Ok(raw.and_then(|raw| match raw.get().trim_matches('"') {
        "null" => None,
        text => Some(text.into()),
    }))
}

macro_rules! exact {
    ($(#[$doc:meta])* $required:ident, $optional:ident, $type:ty, $parse:expr) => {
        $(#[$doc])*
        pub mod $required {
            use super::*;

            /// Writes the value as a JSON number.
            ///
            /// # Errors
            /// Whatever the serializer reports.
            pub fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                write(serializer, value.to_string())
            }

            /// Reads the value from a JSON number.
            ///
            /// # Errors
            /// When it is absent, no number, or out of range.
            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let text = number(deserializer)?.ok_or_else(|| de::Error::custom("must be a number"))?;
                $parse(&text).map_err(de::Error::custom)
            }
        }

        /// The same for an `Option`; `null` is `None`.
        pub mod $optional {
            use super::*;

            /// Writes the value as a JSON number or `null`.
            ///
            /// # Errors
            /// Whatever the serializer reports.
            pub fn serialize<S: Serializer>(value: &Option<$type>, serializer: S) -> Result<S::Ok, S::Error> {
                match value {
                    Some(value) => write(serializer, value.to_string()),
                    None => serializer.serialize_none(),
                }
            }

            /// Reads the value from a JSON number or `null`.
            ///
            /// # Errors
            /// When it is no number, or out of range.
            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
                number(deserializer)?.map(|text| $parse(&text).map_err(de::Error::custom)).transpose()
            }
        }
    };
}

exact!(
    /// [`crate::Nanos`] as an amount, such as `10000` or `0.001375`.
    nanos, nanos_opt, crate::Nanos, crate::Nanos::parse
);
exact!(
    /// [`crate::CpmMicros`] as a CPM, such as `2.5`.
    cpm, cpm_opt, crate::CpmMicros, crate::CpmMicros::parse
);
exact!(
    /// [`crate::Multiplier`] as a factor, such as `1.2`.
    multiplier, multiplier_opt, crate::Multiplier, crate::Multiplier::parse
);

#[cfg(test)]
mod tests {
    use crate::{CpmMicros, Nanos};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Offer {
        #[serde(with = "super::nanos")]
        budget: Nanos,
        #[serde(with = "super::cpm_opt", default)]
        floor: Option<CpmMicros>,
    }

    #[test]
    fn numbers_are_exact_both_ways() {
        let offer: Offer =
            serde_json::from_str(r#"{"budget":9007199.254740993,"floor":1.10}"#).unwrap();
        assert_eq!(offer.budget, Nanos(9_007_199_254_740_993));
        assert_eq!(
            serde_json::to_string(&offer).unwrap(),
            r#"{"budget":9007199.254740993,"floor":1.1}"#
        );
        let none: Offer = serde_json::from_str(r#"{"budget":"1.5","floor":null}"#).unwrap();
        assert_eq!(
            none,
            Offer {
                budget: Nanos(1_500_000_000),
                floor: None
            }
        );
        assert!(serde_json::from_str::<Offer>(r#"{"budget":1,"floor":-1}"#).is_err());
    }
}
