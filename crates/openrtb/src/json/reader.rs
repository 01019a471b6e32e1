//! The pull reader itself: one position in a text, moved by whoever knows what must come next.

use super::fault::{Fault, MalformedKind};
use super::raw::Raw;
use super::scan;
use super::text::{Span, Str, offset};
use crate::limits::Limits;
use crate::repairs::Repairs;
use crate::splice::Outline;

/// A value that is not an object or array, or the news that it was one and is passed by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// A number's own text.
    Number(&'a str),
    Text(Str<'a>),
    /// An object or array, already skipped.
    Nested,
}

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
            Str::from(scan::unescape(written))
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

/// One position in a text that is UTF-8.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    values: u32,
    limits: Limits,
    /// Whether all is to be told: what cannot be used is kept, and no key there twice is a fault.
    pub(crate) inspecting: bool,
    /// Where nulls and empty texts stand that count as absent, when inspecting.
    pub(crate) nulls: Vec<usize>,
    /// The member's name that was read last.
    pub(crate) key: Key,
    /// Repairs made so far.
    pub(crate) repairs: Repairs,
    /// Where the members of the tracked objects stand.
    pub(crate) outline: Outline,
    /// A price that guards money could not be read since the flag was last cleared.
    pub(crate) unreadable_price: bool,
    /// A key that decides a bid came twice since the flag was last cleared (C-31).
    pub(crate) doubled_bid_key: bool,
    /// Hashes of the keys of the objects that are being skipped.
    keys: Vec<u32>,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of a body.
    pub(crate) fn new(body: &'a [u8], limits: &Limits) -> Result<Self, Fault> {
        if u32::try_from(body.len()).is_err() {
            return Err(Fault::malformed(0, MalformedKind::TooLarge));
        }
        if body.starts_with(b"\xef\xbb\xbf") {
            return Err(Fault::malformed(0, MalformedKind::ByteOrderMark));
        }
        let text = std::str::from_utf8(body)
            .map_err(|error| Fault::malformed(error.valid_up_to(), MalformedKind::NotUtf8))?;
        Ok(Self::at(text, 0, limits))
    }

    /// Starts inside a text whose bytes before `at` are of no interest.
    pub(crate) fn at(text: &'a str, at: usize, limits: &Limits) -> Self {
        Self {
            text,
            at,
            depth: 0,
            values: 0,
            limits: *limits,
            inspecting: false,
            nulls: Vec::new(),
            key: Key::default(),
            repairs: Repairs::default(),
            outline: Outline::default(),
            unreadable_price: false,
            doubled_bid_key: false,
            keys: Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Offset of the next byte.
    #[inline(always)]
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// The next byte; 0, which no value starts with, at the end.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    #[inline(always)]
    pub(crate) fn blanks(&mut self) {
        if self.peek() <= b' ' {
            self.some_blanks();
        }
    }

    fn some_blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// The fault of meeting the next byte.
    #[cold]
    pub(crate) fn unexpected(&self) -> Fault {
        let kind = if self.at >= self.text.len() {
            MalformedKind::UnexpectedEnd
        } else {
            MalformedKind::UnexpectedByte
        };
        Fault::malformed(self.at, kind)
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    #[inline(always)]
    fn count_value(&mut self) -> Result<(), Fault> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(Fault::malformed(self.at, MalformedKind::TooManyValues));
        }
        Ok(())
    }

    #[inline(always)]
    fn enter(&mut self) -> Result<usize, Fault> {
        self.count_value()?;
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(Fault::malformed(self.at, MalformedKind::TooDeep));
        }
        let start = self.at;
        self.at += 1;
        Ok(start)
    }

    /// Enters the object that the next byte opens; returns where that byte stands.
    #[inline(always)]
    pub(crate) fn open_object(&mut self) -> Result<usize, Fault> {
        if self.peek() != b'{' {
            return Err(self.unexpected());
        }
        self.enter()
    }

    /// Enters the array that the next byte opens.
    #[inline(always)]
    pub(crate) fn open_array(&mut self) -> Result<usize, Fault> {
        if self.peek() != b'[' {
            return Err(self.unexpected());
        }
        self.enter()
    }

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
        let (length, code) = if scanned.escaped {
            let name = scan::unescape(written);
            (name.len(), code(name.as_bytes()))
        } else {
            (written.len(), code(written.as_bytes()))
        };
        self.blanks();
        self.expect(b':')?;
        self.blanks();
        self.key = Key {
            at,
            end: scanned.end,
            length,
            code,
        };
        Ok(true)
    }

    /// Whether an array has a further element, standing at it then; behind the array otherwise.
    #[inline(always)]
    pub(crate) fn next_element(&mut self, first: bool) -> Result<bool, Fault> {
        self.blanks();
        if self.peek() == b']' {
            self.at += 1;
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
            self.blanks();
            if self.peek() == b']' {
                return Err(self.unexpected());
            }
        }
        Ok(true)
    }

    /// Reads the string that the next byte opens.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<Str<'a>, Fault> {
        let start = self.at + 1;
        let scanned = scan::string(self.text.as_bytes(), start, self.limits.string)?;
        self.at = scanned.end + 1;
        let content = self.text.get(start..scanned.end).unwrap_or_default();
        Ok(if scanned.escaped {
            Str::from(scan::unescape(content))
        } else {
            Str::Borrowed(content)
        })
    }

    /// A string without escape sequences; `None`, without moving, for anything else.
    #[inline(always)]
    pub(crate) fn quick_text(&mut self) -> Option<&'a str> {
        if self.peek() != b'"' || self.values >= self.limits.values {
            return None;
        }
        let start = self.at + 1;
        let end = scan::plain_string(self.text.as_bytes(), start, self.limits.string)?;
        let text = self.text.get(start..end)?;
        self.values += 1;
        self.at = end + 1;
        Some(text)
    }

    /// A non-negative integer of up to nine digits; `None`, without moving, for anything else.
    #[inline(always)]
    pub(crate) fn quick_integer(&mut self) -> Option<i32> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        let mut value = 0_i32;
        while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            if at - self.at == 9 {
                return None;
            }
            value = value * 10 + i32::from(digit);
            at += 1;
        }
        let length = at - self.at;
        let canonical = length == 1 || (length > 1 && self.peek() != b'0');
        let ends = matches!(bytes.get(at), Some(b',' | b'}' | b']'));
        if !canonical || !ends || self.values >= self.limits.values {
            return None;
        }
        self.values += 1;
        self.at = at;
        Some(value)
    }

    /// `0` or `1`; `None`, without moving, for anything else.
    #[inline(always)]
    pub(crate) fn quick_flag(&mut self) -> Option<bool> {
        let set = match self.peek() {
            b'0' => false,
            b'1' => true,
            _ => return None,
        };
        let next = self.text.as_bytes().get(self.at + 1);
        if !matches!(next, Some(b',' | b'}' | b']')) || self.values >= self.limits.values {
            return None;
        }
        self.values += 1;
        self.at += 1;
        Some(set)
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.at = scan::number(self.text.as_bytes(), start)?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        self.at += rest
            .iter()
            .zip(word.as_bytes())
            .take_while(|(a, b)| a == b)
            .count();
        Err(self.unexpected())
    }

    /// Reads a scalar, or passes by a whole object or array.
    pub(crate) fn scalar(&mut self) -> Result<Scalar<'a>, Fault> {
        match self.peek() {
            b'"' => {
                self.count_value()?;
                self.string().map(Scalar::Text)
            }
            b'-' | b'0'..=b'9' => {
                self.count_value()?;
                self.number().map(Scalar::Number)
            }
            b'{' | b'[' => {
                self.skip()?;
                Ok(Scalar::Nested)
            }
            b't' => {
                self.count_value()?;
                self.word("true").map(|()| Scalar::Bool(true))
            }
            b'f' => {
                self.count_value()?;
                self.word("false").map(|()| Scalar::Bool(false))
            }
            b'n' => {
                self.count_value()?;
                self.word("null").map(|()| Scalar::Null)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Reads any value as its own text.
    pub(crate) fn raw(&mut self) -> Result<Raw<'a>, Fault> {
        let start = self.at;
        match self.peek() {
            b'{' | b'[' => self.skip()?,
            _ => {
                self.scalar()?;
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(Raw::new(text, offset(start)))
    }

    /// Passes by the object or array at the next byte, checking its grammar.
    ///
    /// Iterative: which bracket closes which level is one bit each, so the depth is at most 64.
    fn skip(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let room = self.limits.depth.saturating_sub(self.depth);
        let allowed = self.limits.ext_depth.min(room).min(64);
        let mut objects: u64 = 0;
        let mut depth: u32 = 0;
        let mut doubtful = false;
        self.keys.clear();
        let mut marks = [0_usize; 64];
        loop {
            let opened = matches!(self.peek(), b'{' | b'[');
            if opened {
                if depth >= allowed {
                    return Err(Fault::malformed(self.at, MalformedKind::TooDeep));
                }
                self.count_value()?;
                if let Some(mark) = marks.get_mut(depth as usize) {
                    *mark = self.keys.len();
                }
                objects = (objects << 1) | u64::from(self.peek() == b'{');
                depth += 1;
                self.at += 1;
            } else {
                self.leaf()?;
            }
            let mut first = opened;
            loop {
                if depth == 0 {
                    if doubtful {
                        self.outline.cut_nested(self.text, start, &self.limits);
                    }
                    return Ok(());
                }
                let object = objects & 1 == 1;
                self.blanks();
                if self.peek() == if object { b'}' } else { b']' } {
                    self.at += 1;
                    depth -= 1;
                    objects >>= 1;
                    let mark = marks.get(depth as usize).copied().unwrap_or(0);
                    doubtful |= repeated(self.keys.get_mut(mark..).unwrap_or_default());
                    self.keys.truncate(mark);
                    first = false;
                    continue;
                }
                if !first {
                    self.expect(b',')?;
                    self.blanks();
                }
                if object {
                    doubtful |= self.skip_key()?;
                } else if self.peek() == b']' {
                    return Err(self.unexpected());
                }
                break;
            }
        }
    }

    /// Passes by a member's name and colon; true when its hash cannot be trusted.
    fn skip_key(&mut self) -> Result<bool, Fault> {
        if self.peek() != b'"' {
            return Err(self.unexpected());
        }
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let scanned = scan::string(bytes, start, self.limits.string)?;
        let content = bytes.get(start..scanned.end).unwrap_or_default();
        let hash = content.iter().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
        self.keys.push(hash);
        self.at = scanned.end + 1;
        self.blanks();
        self.expect(b':')?;
        self.blanks();
        Ok(scanned.escaped)
    }

    /// Passes by a scalar without resolving escapes.
    fn leaf(&mut self) -> Result<(), Fault> {
        if self.peek() == b'"' {
            self.count_value()?;
            let scanned = scan::string(self.text.as_bytes(), self.at + 1, self.limits.string)?;
            self.at = scanned.end + 1;
            return Ok(());
        }
        self.scalar().map(|_| ())
    }

    /// Ends the read: nothing but blanks may follow (C-12).
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        self.blanks();
        if self.at < self.text.len() {
            return Err(Fault::malformed(self.at, MalformedKind::TrailingBytes));
        }
        Ok(())
    }

    /// The span from `start` to the next byte.
    #[inline(always)]
    pub(crate) fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.at)
    }
}

/// Whether two of the hashes are equal.
fn repeated(hashes: &mut [u32]) -> bool {
    if hashes.len() <= 8 {
        return hashes
            .iter()
            .enumerate()
            .any(|(i, hash)| hashes.iter().skip(i + 1).any(|other| other == hash));
    }
    hashes.sort_unstable();
    hashes.windows(2).any(|pair| pair.first() == pair.last())
}
