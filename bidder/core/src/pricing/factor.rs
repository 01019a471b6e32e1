//! The product of modifiers.

use contracts::catalog::Clamp;
use units::{CpmMicros, Multiplier};

use super::half_even;

/// A product of modifiers, to fifteen decimals and at most 10^6.
///
/// Two modifiers with six decimals, or seven with two, are exact; what lies behind the fifteenth decimal is
/// rounded half to even, and no price of up to [`CpmMicros::MAX`] is a millionth off by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor(i128);

const UNIT: i128 = 1_000_000_000_000_000;
const MOST: i128 = 1_000_000 * UNIT;
const MILLION: i128 = 1_000_000;

impl Factor {
    /// Leaves what it multiplies as it is.
    pub const ONE: Self = Self(UNIT);

    /// This factor times a modifier.
    #[must_use]
    pub fn times(self, modifier: Multiplier) -> Self {
        let product = self.0.saturating_mul(i128::from(modifier.millionths()));
        Self(half_even(product, MILLION).unwrap_or(MOST).min(MOST))
    }

    /// This factor within bounds.
    #[must_use]
    pub fn clamped(self, clamp: Option<Clamp>) -> Self {
        let Some(Clamp { min, max }) = clamp else {
            return self;
        };
        let whole =
            |bound: Multiplier| i128::from(bound.millionths()).saturating_mul(UNIT / MILLION);
        Self(self.0.max(whole(min)).min(whole(max)).min(MOST))
    }

    /// `price` times this factor, rounded half to even, at most [`CpmMicros::MAX`].
    #[must_use]
    pub fn of(self, price: CpmMicros) -> CpmMicros {
        self.of_parts(i128::from(price.micros()), 1)
    }

    /// A price of `numerator` ÷ `denominator` millionths times this factor, with one rounding, half to even.
    pub(super) fn of_parts(self, numerator: i128, denominator: i128) -> CpmMicros {
        // What leaves i128 lies above the dearest price: both denominators are 10^24 at most.
        let price = numerator
            .checked_mul(self.0)
            .zip(denominator.checked_mul(UNIT))
            .and_then(|(numerator, denominator)| half_even(numerator, denominator));
        price
            .and_then(|price| i64::try_from(price).ok())
            .and_then(CpmMicros::new)
            .unwrap_or(CpmMicros::MAX)
    }
}

impl std::fmt::Display for Factor {
    /// As a decimal number, without zeros at its end.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.0 / UNIT, self.0 % UNIT);
        let digits = format!("{rest:015}");
        match digits.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            digits => write!(f, "{whole}.{digits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(modifiers: &[&str]) -> Factor {
        let times = |factor: Factor, text: &&str| factor.times(Multiplier::parse(text).unwrap());
        modifiers.iter().fold(Factor::ONE, times)
    }

    #[test]
    fn products_are_exact_where_they_can_be() {
        let precise = ["1.234567", "1.234567", "1.234567", "1.234567", "1.234567"];
        // (modifiers, price, want)
        let cases: [(&[&str], &str, &str); 7] = [
            (&[], "2", "2"),
            (&["1.1", "0.9"], "0.000005", "0.000005"),
            (&["1.234567", "0.765433"], "1000000", "944978.322511"),
            (&["0"], "5", "0"),
            // 1.234567^5 = 2.867961522…: every one of five counts.
            (&precise, "1", "2.867962"),
            (&["1000000", "1000000"], "1", "1000000"),
            (&["0.000001", "0.000001"], "1000000", "0.000001"),
        ];
        for (modifiers, price, want) in cases {
            let price = CpmMicros::parse(price).unwrap();
            assert_eq!(
                product(modifiers).of(price).to_string(),
                want,
                "{modifiers:?}"
            );
        }
        let told = [
            (&[][..], "1"),
            (&["1.1", "0.9"], "0.99"),
            (&["0"], "0"),
            (&["0.000001", "0.000001"], "0.000000000001"),
        ];
        for (modifiers, want) in told {
            assert_eq!(product(modifiers).to_string(), want, "{modifiers:?}");
        }
    }

    #[test]
    fn a_clamp_bounds_the_product() {
        let parse = |text| Multiplier::parse(text).unwrap();
        let clamp = Some(Clamp {
            min: parse("0.5"),
            max: parse("2"),
        });
        let price = CpmMicros::parse("10").unwrap();
        for (modifiers, want) in [
            (["0.1", "0.1"], "5"),
            (["3", "4"], "20"),
            (["1.2", "1.1"], "13.2"),
        ] {
            let got = product(&modifiers).clamped(clamp).of(price).to_string();
            assert_eq!(got, want, "{modifiers:?}");
        }
    }
}
