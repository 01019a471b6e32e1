//! Exact decimal text to scaled integers, without a float in between.

use std::fmt;

/// Why a decimal text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not a number of JSON's grammar.
    #[error("is not a decimal number")]
    Syntax,
    /// Below zero where only amounts from zero up make sense.
    #[error("must not be negative")]
    Negative,
    /// Larger than can be held.
    #[error("is out of range")]
    OutOfRange,
}

/// A parsed JSON number: `± digits × 10^exponent`, exact up to 38 significant digits.
///
/// Digits beyond the 38th only tell whether a rest exists, which is all that rounding asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
    rest: bool,
}

/// Significant digits kept exactly.
const KEPT: u32 = 36;

impl Decimal {
    /// Reads a number in JSON's grammar (RFC 8259 §6).
    ///
    /// # Errors
    /// [`DecimalError::Syntax`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let mut bytes = text.as_bytes();
        let negative = bytes.first() == Some(&b'-');
        if negative {
            bytes = bytes.get(1..).unwrap_or_default();
        }
        let whole = leading_digits(bytes);
        if whole.is_empty() || (whole.len() > 1 && whole.first() == Some(&b'0')) {
            return Err(DecimalError::Syntax);
        }
        bytes = bytes.get(whole.len()..).unwrap_or_default();
        let mut fraction: &[u8] = &[];
        if bytes.first() == Some(&b'.') {
            fraction = leading_digits(bytes.get(1..).unwrap_or_default());
            if fraction.is_empty() {
                return Err(DecimalError::Syntax);
            }
            bytes = bytes.get(1 + fraction.len()..).unwrap_or_default();
        }
        let mut exponent: i32 = 0;
        if matches!(bytes.first(), Some(b'e' | b'E')) {
            bytes = bytes.get(1..).unwrap_or_default();
            let down = bytes.first() == Some(&b'-');
            if matches!(bytes.first(), Some(b'+' | b'-')) {
                bytes = bytes.get(1..).unwrap_or_default();
            }
            let power = leading_digits(bytes);
            if power.is_empty() {
                return Err(DecimalError::Syntax);
            }
            bytes = bytes.get(power.len()..).unwrap_or_default();
            for digit in power {
                exponent = exponent
                    .saturating_mul(10)
                    .saturating_add(i32::from(digit - b'0'));
            }
            exponent = exponent.min(1_000_000);
            if down {
                exponent = -exponent;
            }
        }
        if !bytes.is_empty() {
            return Err(DecimalError::Syntax);
        }
        let mut number = Self {
            negative,
            digits: 0,
            exponent,
            rest: false,
        };
        for digit in whole {
            number.push(*digit, 0);
        }
        for digit in fraction {
            number.push(*digit, -1);
        }
        Ok(number)
    }

    /// Adds one digit; `shift` is -1 behind the decimal point, where each digit lowers the exponent.
    fn push(&mut self, digit: u8, shift: i32) {
        if self.digits >= 10_u128.pow(KEPT) {
            self.rest |= digit != b'0';
            self.exponent = self.exponent.saturating_add(1 + shift);
        } else {
            self.digits = self.digits * 10 + u128::from(digit - b'0');
            self.exponent = self.exponent.saturating_add(shift);
        }
    }

    /// The number times 10^`scale` as an integer, rounded half to even.
    ///
    /// # Errors
    /// [`DecimalError::OutOfRange`] when it does not fit `i64`.
    pub fn to_scaled(self, scale: i32) -> Result<i64, DecimalError> {
        if self.digits == 0 {
            return Ok(0);
        }
        let power = self.exponent.saturating_add(scale);
        let magnitude = if power >= 0 {
            let factor = u32::try_from(power)
                .ok()
                .and_then(|p| 10_u128.checked_pow(p));
            factor
                .and_then(|f| self.digits.checked_mul(f))
                .ok_or(DecimalError::OutOfRange)?
        } else {
            match 10_u128.checked_pow(power.unsigned_abs()) {
                Some(divisor) => {
                    let (quotient, remainder) = (self.digits / divisor, self.digits % divisor);
                    let twice = remainder.saturating_mul(2);
                    let up =
                        twice > divisor || (twice == divisor && (self.rest || quotient % 2 == 1));
                    quotient + u128::from(up)
                }
                None => 0,
            }
        };
        let value = i64::try_from(magnitude).map_err(|_| DecimalError::OutOfRange)?;
        Ok(if self.negative { -value } else { value })
    }
}

fn leading_digits(bytes: &[u8]) -> &[u8] {
    let count = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    bytes.get(..count).unwrap_or_default()
}

/// Writes `value ÷ 10^scale` as plain decimal, trailing zeros dropped.
pub(crate) fn write_scaled(f: &mut fmt::Formatter<'_>, value: i64, scale: u32) -> fmt::Result {
    let unit = 10_u64.pow(scale);
    let magnitude = value.unsigned_abs();
    // From the last byte to the first: a sign, twenty digits and a point at the most.
    let mut text = Backwards::<22>::default();
    let mut fraction = magnitude % unit;
    if fraction != 0 {
        let mut places = scale;
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            places -= 1;
        }
        for _ in 0..places {
            text.digit(fraction);
            fraction /= 10;
        }
        text.push(b'.');
    }
    let mut whole = magnitude / unit;
    loop {
        text.digit(whole);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if value < 0 {
        text.push(b'-');
    }
    f.write_str(text.as_str())
}

/// A short text of ASCII that is written from its end: digits come out lowest first.
struct Backwards<const N: usize> {
    bytes: [u8; N],
    begin: usize,
}

impl<const N: usize> Default for Backwards<N> {
    fn default() -> Self {
        Self {
            bytes: [b'0'; N],
            begin: N,
        }
    }
}

impl<const N: usize> Backwards<N> {
    /// The lowest digit of a number.
    fn digit(&mut self, number: u64) {
        let [digit, ..] = (number % 10).to_le_bytes();
        self.push(b'0' + digit);
    }

    fn push(&mut self, byte: u8) {
        self.begin = self.begin.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.begin) {
            *place = byte;
        }
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(self.begin..).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// `a × b ÷ c`, rounded half to even; `None` for `c = 0` or outside the range.
pub(crate) fn mul_div_half_even(a: i64, b: i64, c: i64) -> Option<i64> {
    if c == 0 {
        return None;
    }
    let product = i128::from(a) * i128::from(b);
    let divisor = i128::from(c);
    let quotient = product.div_euclid(divisor);
    let remainder = product.rem_euclid(divisor);
    let half = remainder * 2;
    let width = divisor.abs();
    // div_euclid rounds towards minus infinity for c > 0 and plus infinity for c < 0.
    let step = divisor.signum();
    let up = half > width || (half == width && quotient % 2 != 0);
    i64::try_from(if up { quotient + step } else { quotient }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_numbers_are_written_whole() {
        #[rustfmt::skip]
        let rows = [
            (crate::Nanos(i64::MIN), "-9223372036.854775808"),
            (crate::Nanos(i64::MAX), "9223372036.854775807"),
            (crate::Nanos(-1), "-0.000000001"),
            (crate::Nanos(0), "0"),
            (crate::Nanos(1_500_000_000), "1.5"),
            (crate::Nanos(-20_000_000_000), "-20"),
        ];
        for (nanos, text) in rows {
            assert_eq!(nanos.to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any::<i64>().prop_filter("has a magnitude", |v| *v != i64::MIN)) {
            let text = crate::Nanos(value).to_string();
            prop_assert_eq!(Decimal::parse(&text).unwrap().to_scaled(9), Ok(value));
        }

        #[test]
        fn any_text_is_a_number_or_an_error(text in "\\PC{0,40}") {
            let ours = Decimal::parse(&text).is_ok();
            let json = serde_json::from_str::<serde_json::value::Number>(&text).is_ok() && text.trim() == text;
            // serde_json refuses numbers beyond f64; ours is refused later, by range.
            prop_assert!(ours || !json, "{}", text);
        }

        #[test]
        fn rounding_agrees_with_exact_arithmetic(a in -1_000_000_i64..1_000_000, b in 0_i64..1_000_000, c in 1_i64..100_000) {
            let got = i128::from(mul_div_half_even(a, b, c).unwrap());
            let distance = (got * i128::from(c) - i128::from(a) * i128::from(b)).abs() * 2;
            prop_assert!(distance <= i128::from(c));
            prop_assert!(distance < i128::from(c) || got % 2 == 0);
        }
    }
}
