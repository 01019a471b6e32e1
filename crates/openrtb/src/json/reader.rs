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

/// A member's name, with the place of its opening quote.
pub(crate) struct Key<'a> {
    pub(crate) text: Str<'a>,
    pub(crate) at: usize,
}

/// One position in a text that is UTF-8.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    values: u32,
    limits: Limits,
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
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// The next byte; 0, which no value starts with, at the end.
    pub(crate) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    pub(crate) fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// The fault of meeting the next byte.
    pub(crate) fn unexpected(&self) -> Fault {
        let kind = if self.at >= self.text.len() {
            MalformedKind::UnexpectedEnd
        } else {
            MalformedKind::UnexpectedByte
        };
        Fault::malformed(self.at, kind)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn count_value(&mut self) -> Result<(), Fault> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(Fault::malformed(self.at, MalformedKind::TooManyValues));
        }
        Ok(())
    }

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
    pub(crate) fn open_object(&mut self) -> Result<usize, Fault> {
        if self.peek() != b'{' {
            return Err(self.unexpected());
        }
        self.enter()
    }

    /// Enters the array that the next byte opens.
    pub(crate) fn open_array(&mut self) -> Result<usize, Fault> {
        if self.peek() != b'[' {
            return Err(self.unexpected());
        }
        self.enter()
    }

    /// The next member's name, standing at its value afterwards; `None` behind the object's end.
    pub(crate) fn next_key(&mut self, first: bool) -> Result<Option<Key<'a>>, Fault> {
        self.blanks();
        if self.peek() == b'}' {
            self.at += 1;
            self.depth = self.depth.saturating_sub(1);
            return Ok(None);
        }
        if !first {
            self.expect(b',')?;
            self.blanks();
        }
        let at = self.at;
        if self.peek() != b'"' {
            return Err(self.unexpected());
        }
        let text = self.string()?;
        self.blanks();
        self.expect(b':')?;
        self.blanks();
        Ok(Some(Key { text, at }))
    }

    /// Whether an array has a further element, standing at it then; behind the array otherwise.
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
