//! Probabilities that enter prices, as integers.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::decimal::{self, Decimal, DecimalError};

/// A probability in billionths, 0 to 1. An amount of nanos times it is exact before its one division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Probability(u32);

impl Probability {
    /// Never.
    pub const ZERO: Self = Self(0);
    /// Always.
    pub const ONE: Self = Self(1_000_000_000);

    /// A probability from billionths; `None` above one.
    #[must_use]
    pub const fn new(billionths: u32) -> Option<Self> {
        if billionths > Self::ONE.0 {
            None
        } else {
            Some(Self(billionths))
        }
    }

    /// The probability in billionths.
    #[must_use]
    pub const fn billionths(self) -> u32 {
        self.0
    }

    /// What was observed, shrunk towards a prior that counts as `strength` observations:
    /// (hits + prior × strength) ÷ (trials + strength), rounded half to even, at most one.
    ///
    /// Without trials and strength it is the prior.
    #[must_use]
    pub fn shrunk(hits: u64, trials: u64, prior: Self, strength: u64) -> Self {
        let whole = u128::from(trials) + u128::from(strength);
        if whole == 0 {
            return prior;
        }
        let billion = u128::from(Self::ONE.0);
        let part = u128::from(hits) * billion + u128::from(prior.0) * u128::from(strength);
        let (quotient, rest) = (part / whole, part % whole);
        let up = rest * 2 > whole || (rest * 2 == whole && quotient % 2 == 1);
        let rounded = (quotient + u128::from(up)).min(billion);
        u32::try_from(rounded).map_or(Self::ONE, Self)
    }

    /// Reads decimal text such as `0.0025`, rounding half to even at the ninth decimal.
    ///
    /// # Errors
    /// [`DecimalError`] when the text is no JSON number, is negative, or is above one.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let billionths = Decimal::parse(text)?.to_scaled(9)?;
        if billionths < 0 {
            return Err(DecimalError::Negative);
        }
        let billionths = u32::try_from(billionths).map_err(|_| DecimalError::OutOfRange)?;
        Self::new(billionths).ok_or(DecimalError::OutOfRange)
    }
}

impl<'de> Deserialize<'de> for Probability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let billionths = u32::deserialize(deserializer)?;
        Self::new(billionths).ok_or_else(|| serde::de::Error::custom("is above one"))
    }
}

impl fmt::Display for Probability {
    /// Plain decimal, trailing zeros dropped: `0.0025`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write_scaled(f, i64::from(self.0), 9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_shrink_towards_their_prior() {
        let prior = Probability::parse("0.001").unwrap();
        // (says, hits, trials, strength, want)
        let cases = [
            ("nothing seen: the prior", 0, 0, 1_000, "0.001"),
            ("nothing seen, no strength: the prior", 0, 0, 0, "0.001"),
            ("as strong as the prior: half way", 3, 1_000, 1_000, "0.002"),
            (
                "seen much: what was seen",
                50_000,
                10_000_000,
                1_000,
                "0.0049996",
            ),
            ("no hits: under the prior", 0, 9_000, 1_000, "0.0001"),
            ("no prior: the share", 1, 3, 0, "0.333333333"),
            ("half to even", 1, 2_000_000_000, 0, "0"),
            ("more hits than trials: one", 9, 3, 0, "1"),
            ("huge counts", u64::MAX, u64::MAX, u64::MAX, "0.5005"),
        ];
        for (says, hits, trials, strength, want) in cases {
            let got = Probability::shrunk(hits, trials, prior, strength);
            assert_eq!(got.to_string(), want, "{says}");
        }
    }

    #[test]
    fn only_probabilities_are_read() {
        assert_eq!(Probability::parse("1"), Ok(Probability::ONE));
        assert_eq!(
            Probability::parse("1.000000001"),
            Err(DecimalError::OutOfRange)
        );
        assert_eq!(Probability::parse("9"), Err(DecimalError::OutOfRange));
        assert_eq!(Probability::parse("-0.1"), Err(DecimalError::Negative));
        assert!(serde_json::from_str::<Probability>("1000000001").is_err());
        let json = serde_json::to_string(&Probability::new(2_500_000)).unwrap();
        assert_eq!(json, "2500000");
    }
}
