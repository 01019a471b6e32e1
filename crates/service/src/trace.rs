//! W3C Trace Context (level 1): the trace id of an auction is its auction id.

use std::fmt;

use http::HeaderMap;

/// The 16 bytes of a trace id; written as 32 hexadecimal digits. Never all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub [u8; 16]);

/// What a `traceparent` header says: whose trace, which caller, and whether it is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace that the request belongs to.
    pub trace_id: TraceId,
    /// The caller's span.
    pub parent_id: [u8; 8],
    /// Whether the caller records this trace.
    pub sampled: bool,
}

impl TraceId {
    /// Reads 32 hexadecimal digits in lower case; all zero is no trace id (§3.2.2.3).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex(text.as_bytes())
            .filter(|bytes| *bytes != [0; 16])
            .map(Self)
    }

    /// Whether this trace is among so many percent that are told in full. Every service chooses the
    /// same ones, by the random end of the id.
    #[must_use]
    pub const fn is_sampled(self, percent: u8) -> bool {
        let [.., a, b, c, d] = self.0;
        u32::from_be_bytes([a, b, c, d]) % 100 < percent as u32
    }
}

impl TraceParent {
    /// Reads a `traceparent` value. A later version is read by its first four fields (§4.3).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.splitn(5, '-');
        let [version] = hex(fields.next()?.as_bytes())?;
        let trace_id = TraceId::parse(fields.next()?)?;
        let parent_id = hex(fields.next()?.as_bytes())?;
        let [flags] = hex(fields.next()?.as_bytes())?;
        let well_formed =
            version != 0xff && parent_id != [0; 8] && (version != 0 || fields.next().is_none());
        well_formed.then_some(Self {
            trace_id,
            parent_id,
            sampled: flags & 1 == 1,
        })
    }

    /// The value of the header, in ASCII.
    #[must_use]
    pub fn written(&self) -> [u8; 55] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let (trace, rest) = text.split_at_mut(35);
        write_hex(&self.trace_id.0, trace.get_mut(3..).unwrap_or_default());
        write_hex(&self.parent_id, rest.get_mut(1..17).unwrap_or_default());
        write_hex(
            &[u8::from(self.sampled)],
            rest.get_mut(18..).unwrap_or_default(),
        );
        text
    }

    /// Reads the header of a request; a bad or repeated one counts as absent (§4.3).
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all("traceparent").iter();
        let first = values.next()?;
        if values.next().is_some() {
            return None;
        }
        Self::parse(first.to_str().ok()?)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 32];
        write_hex(&self.0, &mut digits);
        f.write_str(std::str::from_utf8(&digits).unwrap_or_default())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.written()).unwrap_or_default())
    }
}

/// Writes two digits a byte.
fn write_hex(bytes: &[u8], digits: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [byte >> 4, byte & 15].map(|nibble| DIGITS[usize::from(nibble)]);
    }
}

fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(bytes)
}

/// Upper case is not allowed in `traceparent` (§3.2).
const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_traces_is_sampled_the_same_everywhere() {
        let ids: Vec<TraceId> = (0..10_000_u32)
            .map(|n| {
                let mut id = [7; 16];
                id[12..].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
                TraceId(id)
            })
            .collect();
        let sampled = |percent| ids.iter().filter(|id| id.is_sampled(percent)).count();
        assert_eq!((sampled(0), sampled(100)), (0, 10_000));
        assert!((50..150).contains(&sampled(1)), "{}", sampled(1));
    }

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_standards_example_round_trips() {
        let parent = TraceParent::parse(GOOD).unwrap();
        assert!(parent.sampled);
        assert_eq!(parent.to_string(), GOOD);
    }

    #[test]
    fn what_is_and_is_not_a_traceparent() {
        let rows = [
            (
                "later version, more fields",
                "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-x",
                true,
            ),
            (
                "version 0 with more fields",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-x",
                false,
            ),
            (
                "version ff",
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
                false,
            ),
            (
                "zero trace id",
                "00-00000000000000000000000000000000-b7ad6b7169203331-00",
                false,
            ),
            (
                "zero parent",
                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-00",
                false,
            ),
            (
                "upper case",
                "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
                false,
            ),
            (
                "short",
                "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-00",
                false,
            ),
            ("empty", "", false),
            (
                "not ascii",
                "00-0af7651916cd43dd8448eb211c8031é-b7ad6b7169203331-00",
                false,
            ),
        ];
        for (says, text, good) in rows {
            assert_eq!(TraceParent::parse(text).is_some(), good, "{says}");
        }
    }
}
