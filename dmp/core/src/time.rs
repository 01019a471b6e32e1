//! Instants as they come in: RFC 3339.

use units::UnixMillis;

/// Reads an RFC 3339 instant with its offset; fractions of a millisecond are dropped.
#[must_use]
pub fn read(text: &str) -> Option<UnixMillis> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(UnixMillis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        let cases = [
            ("2024-01-01T12:00:00Z", Some(1_704_110_400_000)),
            ("2024-01-01T12:00:00.1239Z", Some(1_704_110_400_123)),
            ("2024-01-01T13:00:00+01:00", Some(1_704_110_400_000)),
            ("2024-01-01T12:00:00", None),
            ("2024-13-01T12:00:00Z", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expect) in cases {
            assert_eq!(read(text), expect.map(UnixMillis), "{text}");
        }
    }
}
