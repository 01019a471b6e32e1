//! Ranges: ages, versions, sizes, distances, visits.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use units::SegmentId;

/// An age in years, both ends included; an absent end is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeRange {
    /// Youngest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_age: Option<u8>,
    /// Oldest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u8>,
}

/// Versions of one operating system, both ends included; an absent end is open.
///
/// Versions are compared number by number. An end says only the parts it has: up to `17` includes 17.5.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRange {
    /// The operating system, by name.
    pub os: String,
    /// Oldest version, such as `15.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

/// Widths and heights in pixels, both ends included; an absent end is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SizeRange {
    /// Least width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_width: Option<u32>,
    /// Greatest width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_width: Option<u32>,
    /// Least height.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_height: Option<u32>,
    /// Greatest height.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_height: Option<u32>,
}

impl SizeRange {
    /// Whether a size lies in the range.
    #[must_use]
    pub fn contains(&self, width: u32, height: u32) -> bool {
        let within = |value: u32, least: Option<u32>, most: Option<u32>| {
            least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most)
        };
        within(width, self.min_width, self.max_width)
            && within(height, self.min_height, self.max_height)
    }
}

/// A coordinate in millionths of a degree, written as a decimal number of degrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Degrees(i32);

impl Degrees {
    /// From millionths of a degree; `None` outside of ±180°.
    #[must_use]
    pub const fn from_micros(micros: i32) -> Option<Self> {
        if micros.unsigned_abs() <= 180_000_000 {
            Some(Self(micros))
        } else {
            None
        }
    }

    /// The nearest millionth of a degree; `None` outside of ±180°.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "checked to lie within ±180,000,000"
    )]
    pub fn from_degrees(degrees: f64) -> Option<Self> {
        let micros = (degrees * 1e6).round();
        (micros.abs() <= 180e6).then_some(Self(micros as i32))
    }

    /// In degrees.
    #[must_use]
    pub fn degrees(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// In millionths of a degree.
    #[must_use]
    pub const fn micros(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Degrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.degrees().fmt(f)
    }
}

impl Serialize for Degrees {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.degrees())
    }
}

impl<'de> Deserialize<'de> for Degrees {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let degrees = f64::deserialize(deserializer)?;
        Self::from_degrees(degrees)
            .ok_or_else(|| serde::de::Error::custom("must be -180 to 180 degrees"))
    }
}

/// A place and the distance around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circle {
    /// Latitude, north positive.
    pub lat: Degrees,
    /// Longitude, east positive.
    pub lon: Degrees,
    /// Great-circle distance in metres.
    pub metres: u32,
}

/// A time such as `30m`, `12h` or `7d`, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Within(pub u32);

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Within {
    /// Reads `7d`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().next_back()?;
        let (_, each) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        count.checked_mul(each).filter(|it| *it > 0).map(Self)
    }
}

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS
            .into_iter()
            .find(|(_, each)| self.0.is_multiple_of(*each));
        let (unit, each) = whole.unwrap_or(('s', 1));
        write!(f, "{}{unit}", self.0 / each)
    }
}

impl Serialize for Within {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Within {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("must be a time such as 30m, 12h or 7d"))
    }
}

/// A segment that the user was in lately, or often.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visits {
    /// Which segment.
    pub segment: SegmentId,
    /// How long ago at most it was last seen; absent for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// How often at least it was seen.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub at_least: u32,
}

const fn once() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
const fn is_once(count: &u32) -> bool {
    *count == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_coordinates_are_read_back() {
        for text in ["7d", "12h", "30m", "45s", "36h"] {
            let within = Within::parse(text).unwrap();
            assert_eq!(within.to_string(), text);
        }
        for text in ["0d", "d", "7w", "-1d", "7", "5000000000s"] {
            assert_eq!(Within::parse(text), None, "{text}");
        }
        let json = r#"{"lat":52.520008,"lon":-13.404954,"metres":500}"#;
        let circle: Circle = serde_json::from_str(json).unwrap();
        assert_eq!(circle.lat.micros(), 52_520_008);
        assert_eq!(serde_json::to_string(&circle).unwrap(), json);
        assert!(serde_json::from_str::<Degrees>("180.1").is_err());
    }
}
