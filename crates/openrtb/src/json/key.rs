//! Names of members: read by their code, compared without being resolved.

use super::fault::Fault;
use super::reader::Reader;
use super::scan;
use super::text::Str;

/// A member's name: where it stands, and what tells it from others.
#[derive(Clone, Copy, Default)]
pub(crate) struct Key {
    /// Offset of the opening quote.
    pub(crate) at: usize,
    /// Offset of the closing quote.
    end: usize,
    /// Bytes of the name, escape sequences resolved.
    length: usize,
    /// What [`code`] makes of the name.
    pub(crate) code: u64,
}

impl Key {
    /// The name.
    pub(crate) fn text<'a>(&self, r: &Reader<'a>) -> Str<'a> {
        let written = self.written(r);
        if written.len() == self.length {
            Str::Borrowed(written)
        } else {
            Str::Owned(scan::unescape(written, self.length))
        }
    }

    fn written<'a>(&self, r: &Reader<'a>) -> &'a str {
        r.text.get(self.at + 1..self.end).unwrap_or_default()
    }

    /// Whether a key whose code is that of `name` has this name indeed.
    #[inline(always)]
    pub(crate) fn is_named(&self, name: &str, r: &Reader<'_>) -> bool {
        self.length == name.len() && (name.len() <= 8 || self.is_written(name, r))
    }

    #[inline(always)]
    fn is_written(&self, name: &str, r: &Reader<'_>) -> bool {
        let start = self.at + 1;
        let written = r.text.as_bytes().get(start..start + name.len());
        written == Some(name.as_bytes()) || (self.end - start > name.len() && self.text(r) == name)
    }
}

/// A number that names are told apart by: of up to eight bytes it is the name itself, of longer
/// names it is made from the first and the last eight, so that equal codes need a second look.
///
/// Names hold no NUL, so shorter ones cannot be confused by the zeros behind them.
pub(crate) const fn code(name: &[u8]) -> u64 {
    let length = name.len();
    let mut code = 0;
    let mut at = 0;
    while at < length && at < 8 {
        code |= (name[at] as u64) << (8 * at);
        at += 1;
    }
    if length > 8 {
        let mut tail = 0;
        let mut at = length - 8;
        while at < length {
            tail |= (name[at] as u64) << (8 * (at + 8 - length));
            at += 1;
        }
        code = mixed(code, tail, length);
    }
    code
}

#[inline(always)]
const fn mixed(first: u64, last: u64, length: usize) -> u64 {
    // The product spreads the tail; the length keeps names apart that overlap themselves.
    first ^ (last ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// [`code`] of the first `length` bytes of `name`, at most sixteen.
#[inline(always)]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the halves of the word are meant"
)]
const fn short_code(name: u128, length: usize) -> u64 {
    if length <= 8 {
        // Twice by half the width: the shift of an empty name is the whole width.
        let unused = 4 * (8 - length);
        (name as u64) << unused << unused >> unused >> unused
    } else {
        let last = (name << (8 * (16 - length)) >> 64) as u64;
        mixed(name as u64, last, length)
    }
}

impl<'a> Reader<'a> {
    /// The next member's name, standing at its value afterwards; `None` behind the object's end.
    pub(crate) fn next_key(&mut self, first: bool) -> Result<Option<Key>, Fault> {
        Ok(self.step(first)?.then_some(self.key))
    }

    /// Whether the object has a further member, whose name is [`Reader::key`] then, standing at
    /// its value; behind the object otherwise.
    ///
    /// The name is left in the reader because moving it through a result costs more than finding it.
    ///
    /// Nor is it inlined: the readers of all objects together would not fit the instruction cache.
    #[inline(never)]
    pub(crate) fn step(&mut self, first: bool) -> Result<bool, Fault> {
        if self.quick_key(first).is_some() {
            return Ok(true);
        }
        if self.peek() == b'}' {
            self.at += 1;
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        self.unusual_key(first)
    }

    /// A short name without blanks before it, as machines write it; `None`, without moving, for
    /// anything else.
    #[inline(always)]
    fn quick_key(&mut self, first: bool) -> Option<()> {
        let lead = usize::from(!first);
        let bytes = self.text.as_bytes().get(self.at..)?;
        if !first && bytes.first() != Some(&b',') {
            return None;
        }
        // The opening quote, up to sixteen bytes of name, the closing quote, the colon, the value.
        let chunk: &[u8; 20] = bytes.get(lead..)?.first_chunk()?;
        let [quote, name @ .., _, _, _] = chunk;
        if *quote != b'"' {
            return None;
        }
        let length = scan::plain_length(name)?;
        let [.., after] = *chunk.get(length + 1..)?.first_chunk::<2>()?;
        if after != b':' {
            return None;
        }
        let at = self.at + lead;
        self.at = at + length + 3;
        self.blanks();
        self.key = Key {
            at,
            end: at + length + 1,
            length,
            code: short_code(u128::from_le_bytes(*name), length),
        };
        Some(())
    }

    #[inline(never)]
    fn unusual_key(&mut self, first: bool) -> Result<bool, Fault> {
        self.blanks();
        if self.peek() == b'}' {
            self.at += 1;
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
            self.blanks();
        }
        let at = self.at;
        if self.peek() != b'"' {
            return Err(self.unexpected());
        }
        let scanned = scan::string(self.text.as_bytes(), at + 1, self.limits.string)?;
        self.at = scanned.end + 1;
        let written = self.text.get(at + 1..scanned.end).unwrap_or_default();
        let code = if scanned.length < written.len() {
            code(scan::unescape(written, scanned.length).as_bytes())
        } else {
            code(written.as_bytes())
        };
        self.blanks();
        self.expect(b':')?;
        self.blanks();
        self.key = Key {
            at,
            end: scanned.end,
            length: scanned.length,
            code,
        };
        Ok(true)
    }
}
