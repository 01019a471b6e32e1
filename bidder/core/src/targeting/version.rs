//! Versions of operating systems, compared number by number.

use std::cmp::Ordering;

/// Parts of a version that are compared.
const PARTS: usize = 6;

/// A version such as 17.5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    parts: [u32; PARTS],
    count: u8,
}

impl Version {
    /// Reads the first numbers in a text, parted by `.` or `_`: `17.5.1`, `iOS 17_5`; `None` without any.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let mut version = Self {
            parts: [0; PARTS],
            count: 0,
        };
        for (place, part) in version
            .parts
            .iter_mut()
            .zip(text.get(start..)?.split(['.', '_']))
        {
            let end = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            let Some(number) = part.get(..end).filter(|it| !it.is_empty()) else {
                break;
            };
            *place = number.parse().unwrap_or(u32::MAX);
            version.count += 1;
            if end < part.len() {
                break;
            }
        }
        Some(version)
    }

    /// The version whose parts stand in a list; `None` if the first is no number.
    pub fn of_parts<'t>(parts: impl Iterator<Item = &'t str>) -> Option<Self> {
        let mut version = Self {
            parts: [0; PARTS],
            count: 0,
        };
        for (place, part) in version.parts.iter_mut().zip(parts) {
            let Some(read) = Self::parse(part) else { break };
            let [first, ..] = read.parts;
            *place = first;
            version.count += 1;
        }
        (version.count > 0).then_some(version)
    }

    /// How the version stands to the end of a range: only the parts that the end has are compared, and a
    /// part that the version lacks is 0.
    #[must_use]
    pub fn against(&self, end: &Self) -> Ordering {
        let count = usize::from(end.count).min(PARTS);
        let parts = |version: &Self| version.parts.into_iter().take(count);
        parts(self).cmp(parts(end))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = self.parts.iter().take(usize::from(self.count));
        if let Some(first) = parts.next() {
            write!(f, "{first}")?;
        }
        parts.try_for_each(|part| write!(f, ".{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_number_by_number() {
        use Ordering::{Equal, Greater, Less};
        let cases = [
            ("9.3", "10", Less),
            ("10.10", "10.9", Greater),
            ("17.5.1", "17", Equal),
            ("17", "17.0.0", Equal),
            ("17", "17.1", Less),
            ("iOS 17_5", "17.5", Equal),
            ("14beta2", "14.0", Equal),
            ("99999999999", "1", Greater),
        ];
        for (version, end, want) in cases {
            let (version, end) = (Version::parse(version), Version::parse(end));
            let (Some(version), Some(end)) = (version, end) else {
                panic!("{version:?} {end:?}");
            };
            assert_eq!(version.against(&end), want, "{version} against {end}");
        }
        assert_eq!(Version::parse("XP"), None);
    }
}
