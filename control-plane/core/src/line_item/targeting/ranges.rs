//! What a range, a circle or a visit must be to mean something.

use contracts::catalog::{AgeRange, Circle, SizeRange, VersionRange, Visits};

/// Oldest age that is believed.
const MAX_AGE: u8 = 120;
/// Farthest distance on earth, in metres.
const FARTHEST: u32 = 20_040_000;
/// Longest side of a size, in pixels.
const MAX_SIDE: u32 = 10_000;
/// Longest name or version.
const MAX_TEXT: usize = 128;

/// A fault: the key inside the value, and what is wrong.
pub(super) type Wrong = (&'static str, String);

pub(super) fn age(range: &AgeRange) -> Option<Wrong> {
    for (key, age) in [("min_age", range.min_age), ("max_age", range.max_age)] {
        if age.is_some_and(|age| age > MAX_AGE) {
            return Some((key, format!("must be 0 to {MAX_AGE}")));
        }
    }
    let ends = range.min_age.zip(range.max_age);
    ends.is_some_and(|(min, max)| min > max)
        .then(|| ("max_age", "must not be below min_age".to_owned()))
}

pub(super) fn version(range: &VersionRange) -> Option<Wrong> {
    if range.os.trim().is_empty() || range.os.len() > MAX_TEXT {
        return Some(("os", "must name an operating system".to_owned()));
    }
    let numbers = |text: &String| -> Option<Vec<u32>> {
        let parts = text.split('.').map(|part| part.parse().ok());
        parts.collect()
    };
    for (key, end) in [("min", &range.min), ("max", &range.max)] {
        if end
            .as_ref()
            .is_some_and(|end| end.len() > MAX_TEXT || numbers(end).is_none_or(|it| it.len() > 6))
        {
            let says = "must be a version of at most six numbers, such as 15.4";
            return Some((key, says.to_owned()));
        }
    }
    let ends = range.min.as_ref().and_then(numbers);
    let ends = ends.zip(range.max.as_ref().and_then(numbers));
    // The end says only the parts it has: 17.5 to 17 is not empty.
    let empty = ends.is_some_and(|(mut min, max)| {
        min.resize(min.len().max(max.len()), 0);
        min.truncate(max.len());
        min > max
    });
    empty.then(|| ("max", "must not be below min".to_owned()))
}

pub(super) fn size(range: &SizeRange) -> Option<Wrong> {
    let sides = [
        ("max_width", range.min_width, range.max_width),
        ("max_height", range.min_height, range.max_height),
    ];
    for (key, least, most) in sides {
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            return Some((key, "must not be below its least".to_owned()));
        }
        if [least, most].into_iter().flatten().any(|it| it > MAX_SIDE) {
            return Some((key, format!("must be at most {MAX_SIDE} pixels")));
        }
    }
    (*range == SizeRange::default()).then(|| ("", "must have at least one end".to_owned()))
}

pub(super) fn circle(circle: &Circle) -> Option<Wrong> {
    if circle.lat.micros().unsigned_abs() > 90_000_000 {
        return Some(("lat", "must be -90 to 90 degrees".to_owned()));
    }
    (!(1..=FARTHEST).contains(&circle.metres))
        .then(|| ("metres", format!("must be 1 to {FARTHEST}")))
}

pub(super) fn visits(visits: &Visits) -> Option<Wrong> {
    if visits.segment.as_str().trim().is_empty() {
        return Some(("segment", "must name a segment".to_owned()));
    }
    (visits.at_least == 0).then(|| ("at_least", "must be at least 1".to_owned()))
}
