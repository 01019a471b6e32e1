//! Amounts and prices.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub};

use crate::decimal::{self, Decimal, DecimalError};
use serde::{Deserialize, Serialize};

/// An amount of money in billionths of its currency's unit. Signed, since ledger postings are.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Nanos(pub i64);

/// Price of a thousand impressions, in millionths of the currency's unit. Never negative.
///
/// As a number it is the cost of one impression in nanos, exactly.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CpmMicros(i64);

/// A factor in millionths, for quantity multipliers and price modifiers. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Multiplier(i64);

impl Nanos {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Sum, or `None` when it leaves the range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// Difference, or `None` when it leaves the range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// `self × numerator ÷ denominator`, rounded half to even once; `None` outside the range.
    #[must_use]
    pub fn scale(self, numerator: i64, denominator: i64) -> Option<Self> {
        decimal::mul_div_half_even(self.0, numerator, denominator).map(Self)
    }

    /// Reads decimal text such as `10000.0`, rounding half to even at the ninth decimal.
    ///
    /// # Errors
    /// [`DecimalError`] when the text is not a JSON number or does not fit.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        Decimal::parse(text)?.to_scaled(9).map(Self)
    }
}

impl Add for Nanos {
    type Output = Self;
    /// Saturates; the ledger, which must not, uses [`Nanos::checked_add`].
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Nanos {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Nanos {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl std::iter::Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Nanos {
    /// Plain decimal, trailing zeros dropped: `0.001375`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write_scaled(f, self.0, 9)
    }
}

impl CpmMicros {
    /// Free of charge.
    pub const ZERO: Self = Self(0);
    /// One hundredth of a CPM unit, the exchange's default increment.
    pub const CENT: Self = Self(10_000);
    /// The dearest CPM that is believed: 10^6 units (R11).
    pub const MAX: Self = Self(1_000_000_000_000);

    /// A price from millionths; `None` when negative or beyond [`CpmMicros::MAX`].
    #[must_use]
    pub const fn new(micros: i64) -> Option<Self> {
        if micros < 0 || micros > Self::MAX.0 {
            None
        } else {
            Some(Self(micros))
        }
    }

    /// The price in millionths of the unit.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Cost of one impression. Exact: a millionth per thousand is a billionth each.
    #[must_use]
    pub const fn per_impression(self) -> Nanos {
        Nanos(self.0)
    }

    /// Reads decimal text such as `1.375`, rounding half to even at the sixth decimal (C-27).
    ///
    /// # Errors
    /// [`DecimalError`] when the text is no JSON number, is negative, or is above [`CpmMicros::MAX`].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let micros = Decimal::parse(text)?.to_scaled(6)?;
        if micros < 0 {
            return Err(DecimalError::Negative);
        }
        Self::new(micros).ok_or(DecimalError::OutOfRange)
    }

    /// The price times a factor, rounded half to even, at most [`CpmMicros::MAX`].
    #[must_use]
    pub fn times(self, factor: Multiplier) -> Self {
        decimal::mul_div_half_even(self.0, factor.0, Multiplier::ONE.0)
            .and_then(Self::new)
            .unwrap_or(Self::MAX)
    }

    /// `self × numerator ÷ denominator`, rounded half to even; `None` outside the range.
    #[must_use]
    pub fn scale(self, numerator: i64, denominator: i64) -> Option<Self> {
        decimal::mul_div_half_even(self.0, numerator, denominator).and_then(Self::new)
    }

    /// Sum, at most [`CpmMicros::MAX`].
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self((self.0.saturating_add(other.0)).min(Self::MAX.0))
    }
}

impl fmt::Display for CpmMicros {
    /// Plain decimal, trailing zeros dropped: `1.375`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write_scaled(f, self.0, 6)
    }
}

impl Multiplier {
    /// Leaves what it multiplies as it is.
    pub const ONE: Self = Self(1_000_000);

    /// A factor from millionths; `None` when negative.
    #[must_use]
    pub const fn new(millionths: i64) -> Option<Self> {
        if millionths < 0 {
            None
        } else {
            Some(Self(millionths))
        }
    }

    /// The factor in millionths.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// Reads decimal text such as `1.2`.
    ///
    /// # Errors
    /// [`DecimalError`] when the text is no JSON number, is negative, or does not fit.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let millionths = Decimal::parse(text)?.to_scaled(6)?;
        Self::new(millionths).ok_or(DecimalError::Negative)
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        Self::ONE
    }
}

impl fmt::Display for Multiplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write_scaled(f, self.0, 6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpm_in_micros_is_the_cost_of_one_impression_in_nanos() {
        // money.md, Units
        let price = CpmMicros::parse("1.375").unwrap();
        assert_eq!(price.micros(), 1_375_000);
        assert_eq!(price.per_impression(), Nanos(1_375_000));
        assert_eq!(price.per_impression().to_string(), "0.001375");
    }

    #[test]
    fn prices_from_json_text() {
        struct Case(&'static str, &'static str, Result<i64, DecimalError>);
        let cases = [
            Case("C-27", "1.375", Ok(1_375_000)),
            Case("C-27", "1e-3", Ok(1_000)),
            Case("C-27", "12.50", Ok(12_500_000)),
            Case("R11 half-even down", "0.0000005", Ok(0)),
            Case("R11 half-even up", "0.0000015", Ok(2)),
            Case("R11 more than half", "0.00000050000001", Ok(1)),
            Case("R11", "-0", Ok(0)),
            Case("R11", "-1", Err(DecimalError::Negative)),
            Case("R11", "NaN", Err(DecimalError::Syntax)),
            Case("R11", "Infinity", Err(DecimalError::Syntax)),
            Case("R35", "01", Err(DecimalError::Syntax)),
            Case("R11", "1000000", Ok(1_000_000_000_000)),
            Case("R11", "1000001", Err(DecimalError::OutOfRange)),
            Case("R30", "1e309", Err(DecimalError::OutOfRange)),
        ];
        for Case(id, text, want) in cases {
            assert_eq!(
                CpmMicros::parse(text).map(CpmMicros::micros),
                want,
                "{id}: {text}"
            );
        }
    }

    #[test]
    fn one_rounding_half_even() {
        assert_eq!(Nanos(5).scale(1, 2), Some(Nanos(2)));
        assert_eq!(Nanos(7).scale(1, 2), Some(Nanos(4)));
        assert_eq!(Nanos(-5).scale(1, 2), Some(Nanos(-2)));
        assert_eq!(Nanos(1).scale(1, 0), None);
        assert_eq!(Nanos(i64::MAX).scale(2, 1), None);
    }
}
