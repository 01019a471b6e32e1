//! Durations, sizes and secrets as people write them: `"100ms"`, `"256KiB"`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A span of time written with its unit: `us`, `ms`, `s`, `m`, `h` or `d`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Millis(pub Duration);

/// A size written with its unit: `B`, `KiB`, `MiB`, `GiB`, `KB`, `MB` or `GB`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Bytes(pub u64);

/// A text that no log and no printed configuration shows.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// Why a text is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a duration.
    #[error("expected a duration such as \"100ms\" (us, ms, s, m, h, d)")]
    Duration,
    /// Not a size.
    #[error("expected a size such as \"256KiB\" (B, KiB, MiB, GiB, KB, MB, GB)")]
    Size,
}

const DURATIONS: &[(&str, u64)] = &[
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];
const SIZES: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

impl FromStr for Millis {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        quantity(text, DURATIONS)
            .map(|micros| Self(Duration::from_micros(micros)))
            .ok_or(QuantityError::Duration)
    }
}

impl FromStr for Bytes {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        quantity(text, SIZES).map(Self).ok_or(QuantityError::Size)
    }
}

impl TryFrom<String> for Millis {
    type Error = QuantityError;
    fn try_from(text: String) -> Result<Self, QuantityError> {
        text.parse()
    }
}

impl TryFrom<String> for Bytes {
    type Error = QuantityError;
    fn try_from(text: String) -> Result<Self, QuantityError> {
        text.parse()
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX);
        if micros == 0 {
            return f.write_str("0ms");
        }
        largest_whole(f, micros, DURATIONS)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0B");
        }
        largest_whole(f, self.0, SIZES)
    }
}

impl From<Millis> for String {
    fn from(span: Millis) -> Self {
        span.to_string()
    }
}

impl From<Bytes> for String {
    fn from(size: Bytes) -> Self {
        size.to_string()
    }
}

impl From<Millis> for Duration {
    fn from(span: Millis) -> Self {
        span.0
    }
}

impl Millis {
    /// So many milliseconds.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }
}

impl Bytes {
    /// The size as a length in memory; saturates.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// A whole number followed by one of the units.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim_start();
    let (_, size) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*size)
}

fn largest_whole(f: &mut fmt::Formatter<'_>, amount: u64, units: &[(&str, u64)]) -> fmt::Result {
    let whole = units.iter().find(|(_, size)| amount.is_multiple_of(*size));
    match whole {
        Some((name, size)) => write!(f, "{}{name}", amount / size),
        None => write!(f, "{amount}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_4_durations_as_people_write_them() {
        let rows = [
            ("100ms", Some(100_000)),
            ("2s", Some(2_000_000)),
            ("1m", Some(60_000_000)),
            ("250us", Some(250)),
            (" 5 ms ", Some(5_000)),
            ("0s", Some(0)),
            ("1d", Some(86_400_000_000)),
            ("100", None),
            ("ms", None),
            ("", None),
            ("-1s", None),
            ("1.5s", None),
            ("1S", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
            ("1é", None),
        ];
        for (text, micros) in rows {
            let read = text.parse::<Millis>().ok().map(|span| span.0.as_micros());
            assert_eq!(read, micros, "{text}");
        }
    }

    #[test]
    fn e_4_sizes_as_people_write_them_and_back() {
        let rows = [
            ("256KiB", Some(262_144)),
            ("1MiB", Some(1 << 20)),
            ("10MB", Some(10_000_000)),
            ("7B", Some(7)),
            ("0B", Some(0)),
            ("256kib", None),
            ("256", None),
        ];
        for (text, bytes) in rows {
            let read = text.parse::<Bytes>().ok();
            assert_eq!(read.map(|size| size.0), bytes, "{text}");
            if let Some(size) = read {
                assert_eq!(size.to_string(), text);
            }
        }
        assert_eq!(Millis::new(1_500).to_string(), "1500ms");
        assert_eq!(Millis::new(0).to_string(), "0ms");
        assert_eq!(Millis::new(120_000).to_string(), "2m");
    }

    #[test]
    fn s_14_a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("x")), "[REDACTED]");
    }
}
