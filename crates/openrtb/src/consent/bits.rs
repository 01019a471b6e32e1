//! Bits of a web-safe base64 text, most significant first, without decoding it.

/// One segment of a consent string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bits<'a>(&'a [u8]);

impl<'a> Bits<'a> {
    /// The bits of a segment; `None` when a character is none of web-safe base64 or there are none.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let legal = !text.is_empty() && text.bytes().all(|c| six_bits(c).is_some());
        legal.then_some(Self(text.as_bytes()))
    }

    /// How many there are, padding included.
    pub(super) const fn len(&self) -> usize {
        self.0.len() * 6
    }

    /// The bit at `index`; `None` behind the end.
    pub(super) fn bit(&self, index: usize) -> Option<bool> {
        let six = six_bits(*self.0.get(index / 6)?)?;
        Some(six >> (5 - index % 6) & 1 == 1)
    }

    /// At most 64 bits from `start` as a number; `None` behind the end.
    pub(super) fn number(&self, start: usize, width: usize) -> Option<u64> {
        (start..start.checked_add(width)?).try_fold(0_u64, |number, index| {
            Some(number << 1 | u64::from(self.bit(index)?))
        })
    }

    /// A number of at most 16 bits.
    pub(super) fn short(&self, start: usize, width: usize) -> Option<u16> {
        u16::try_from(self.number(start, width)?).ok()
    }
}

const fn six_bits(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}
