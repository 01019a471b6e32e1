//! Positions in a stream: `milliseconds-sequence`, as Redis numbers entries.

use crate::error::EventLogError;

/// Before the first entry of any stream.
pub const START: &str = "0-0";

/// The milliseconds and the sequence number of a position.
pub(crate) fn parse(position: &str) -> Result<(u64, u64), EventLogError> {
    let wrong = || EventLogError::Position(position.into());
    let (millis, sequence) = position.split_once('-').ok_or_else(wrong)?;
    Ok((
        millis.parse().map_err(|_| wrong())?,
        sequence.parse().map_err(|_| wrong())?,
    ))
}

/// The first position after this one.
pub(crate) fn following(position: &str) -> Result<String, EventLogError> {
    let (millis, sequence) = parse(position)?;
    Ok(match sequence.checked_add(1) {
        Some(next) => format!("{millis}-{next}"),
        None => format!("{}-0", millis.saturating_add(1)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_after() {
        for (position, next) in [
            (START, Some("0-1")),
            ("1790000000000-7", Some("1790000000000-8")),
            ("5-18446744073709551615", Some("6-0")),
            ("5", None),
            ("a-1", None),
            ("", None),
            ("-1-2", None),
        ] {
            assert_eq!(following(position).ok().as_deref(), next, "{position}");
        }
    }
}
