//! Currencies and the versioned table of rates between them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::money::{CpmMicros, Nanos};
use serde::{Deserialize, Serialize};

/// An ISO 4217 alphabetic code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The standard's default currency (OpenRTB 2.6 §3.2.4, §4.2.1).
    pub const USD: Self = Self(*b"USD");

    /// Reads three ASCII letters of either case (C-28).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Self(bytes.map(|b| b.to_ascii_uppercase())))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::USD
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not three letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an ISO 4217 code")]
pub struct NotACurrency;

impl FromStr for Currency {
    type Err = NotACurrency;
    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        Self::parse(text).ok_or(NotACurrency)
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("is not an ISO 4217 code"))
    }
}

/// Units of each currency that one USD buys, in billionths, under one version number.
///
/// A conversion keeps the version's id beside the amount, so that it can be made again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateTable {
    /// Version of the table.
    pub id: u32,
    /// Billionths of a unit per USD; USD itself need not be listed.
    pub per_usd: BTreeMap<Currency, i64>,
}

impl RateTable {
    /// Billionths of `currency` per USD, or `None` when the table does not know it.
    #[must_use]
    pub fn per_usd(&self, currency: Currency) -> Option<i64> {
        if currency == Currency::USD {
            return Some(1_000_000_000);
        }
        self.per_usd
            .get(&currency)
            .copied()
            .filter(|rate| *rate > 0)
    }

    /// A price told in another currency; `None` when either is unknown.
    #[must_use]
    pub fn convert_price(
        &self,
        price: CpmMicros,
        from: Currency,
        to: Currency,
    ) -> Option<CpmMicros> {
        if from == to {
            return Some(price);
        }
        price.scale(self.per_usd(to)?, self.per_usd(from)?)
    }

    /// An amount told in another currency; `None` when either is unknown.
    #[must_use]
    pub fn convert(&self, amount: Nanos, from: Currency, to: Currency) -> Option<Nanos> {
        if from == to {
            return Some(amount);
        }
        amount.scale(self.per_usd(to)?, self.per_usd(from)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_by_the_table() {
        // compare in one currency, by a fixed table
        let mut table = RateTable {
            id: 7,
            per_usd: BTreeMap::new(),
        };
        let eur = Currency::parse("eur").unwrap();
        table.per_usd.insert(eur, 920_000_000);
        let price = CpmMicros::parse("0.92").unwrap();
        assert_eq!(
            table.convert_price(price, eur, Currency::USD),
            CpmMicros::parse("1").ok()
        );
        assert_eq!(
            table.convert_price(price, eur, Currency::parse("JPY").unwrap()),
            None
        );
        assert_eq!(table.convert_price(price, eur, eur), Some(price));
    }
}
