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

    /// Whether ISO 4217 lists the code, or did until lately: as money or as what is counted like it, such as gold.
    ///
    /// ```
    /// use units::Currency;
    /// assert!(Currency::USD.is_listed());
    /// assert!(Currency::parse("QQQ").is_some_and(|code| !code.is_listed()));
    /// ```
    #[must_use]
    pub fn is_listed(self) -> bool {
        LISTED.binary_search(&self.0).is_ok()
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

/// Codes of ISO 4217 in their order; those for tests and for no currency are left out.
#[rustfmt::skip]
const LISTED: [[u8; 3]; 181] = [
    *b"AED", *b"AFN", *b"ALL", *b"AMD", *b"ANG", *b"AOA", *b"ARS", *b"AUD", *b"AWG", *b"AZN", *b"BAM", *b"BBD", *b"BDT", *b"BGN", *b"BHD", *b"BIF", *b"BMD", *b"BND",
    *b"BOB", *b"BOV", *b"BRL", *b"BSD", *b"BTN", *b"BWP", *b"BYN", *b"BZD", *b"CAD", *b"CDF", *b"CHE", *b"CHF", *b"CHW", *b"CLF", *b"CLP", *b"CNY", *b"COP", *b"COU",
    *b"CRC", *b"CUC", *b"CUP", *b"CVE", *b"CZK", *b"DJF", *b"DKK", *b"DOP", *b"DZD", *b"EGP", *b"ERN", *b"ETB", *b"EUR", *b"FJD", *b"FKP", *b"GBP", *b"GEL", *b"GHS",
    *b"GIP", *b"GMD", *b"GNF", *b"GTQ", *b"GYD", *b"HKD", *b"HNL", *b"HRK", *b"HTG", *b"HUF", *b"IDR", *b"ILS", *b"INR", *b"IQD", *b"IRR", *b"ISK", *b"JMD", *b"JOD",
    *b"JPY", *b"KES", *b"KGS", *b"KHR", *b"KMF", *b"KPW", *b"KRW", *b"KWD", *b"KYD", *b"KZT", *b"LAK", *b"LBP", *b"LKR", *b"LRD", *b"LSL", *b"LYD", *b"MAD", *b"MDL",
    *b"MGA", *b"MKD", *b"MMK", *b"MNT", *b"MOP", *b"MRU", *b"MUR", *b"MVR", *b"MWK", *b"MXN", *b"MXV", *b"MYR", *b"MZN", *b"NAD", *b"NGN", *b"NIO", *b"NOK", *b"NPR",
    *b"NZD", *b"OMR", *b"PAB", *b"PEN", *b"PGK", *b"PHP", *b"PKR", *b"PLN", *b"PYG", *b"QAR", *b"RON", *b"RSD", *b"RUB", *b"RWF", *b"SAR", *b"SBD", *b"SCR", *b"SDG",
    *b"SEK", *b"SGD", *b"SHP", *b"SLE", *b"SLL", *b"SOS", *b"SRD", *b"SSP", *b"STN", *b"SVC", *b"SYP", *b"SZL", *b"THB", *b"TJS", *b"TMT", *b"TND", *b"TOP", *b"TRY",
    *b"TTD", *b"TWD", *b"TZS", *b"UAH", *b"UGX", *b"USD", *b"USN", *b"UYI", *b"UYU", *b"UYW", *b"UZS", *b"VED", *b"VES", *b"VND", *b"VUV", *b"WST", *b"XAF", *b"XAG",
    *b"XAU", *b"XBA", *b"XBB", *b"XBC", *b"XBD", *b"XCD", *b"XCG", *b"XDR", *b"XOF", *b"XPD", *b"XPF", *b"XPT", *b"XSU", *b"XUA", *b"YER", *b"ZAR", *b"ZMW", *b"ZWG",
    *b"ZWL",
];

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
    fn c_28_listed_codes_are_found() {
        assert!(LISTED.is_sorted());
        for (code, is_listed) in [
            ("aed", true),
            ("EUR", true),
            ("XAU", true),
            ("ZWL", true),
            ("QQQ", false),
            ("XXX", false),
            ("XTS", false),
            ("AAA", false),
            ("ZZZ", false),
        ] {
            assert_eq!(
                Currency::parse(code).map(Currency::is_listed),
                Some(is_listed),
                "{code}"
            );
        }
    }

    #[test]
    fn converts_by_the_table() {
        // X-73: compare in one currency, by a fixed table
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
