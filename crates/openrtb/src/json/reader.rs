//! The pull reader itself: one position in a text, moved by whoever knows what must come next.

use super::fault::{Fault, MalformedKind};
use super::key::Key;
use super::text::Span;
use crate::limits::Limits;
use crate::repairs::Repairs;
use crate::response::Room;
use crate::splice::Outline;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// One position in a text that is UTF-8.
pub(crate) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) depth: u32,
    pub(super) values: u32,
    /// Members that the standard does not name, so far.
    unknown: u32,
    pub(super) limits: Limits,
    /// Whether all is to be told: what cannot be used is kept, and no key there twice is a fault.
    pub(crate) inspecting: bool,
    /// Whether the text is to be passed on, so that what comes twice in it is to be cut out (C-31).
    pub(crate) passes_on: bool,
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
    /// Bids so far.
    pub(crate) bids: usize,
    /// Where the next seat's bids are read to.
    pub(crate) room: Room<'a>,
    /// Hashes of the keys of the objects that are being skipped, of a text that is passed on.
    pub(super) keys: Vec<u32>,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of a body.
    pub(crate) fn new(body: &'a [u8], limits: &Limits) -> Result<Self, Fault> {
        if u32::try_from(body.len()).is_err() {
            return Err(Fault::malformed(0, MalformedKind::TooLarge));
        }
        if body.starts_with(BYTE_ORDER_MARK.as_bytes()) {
            return Err(Fault::malformed(0, MalformedKind::ByteOrderMark));
        }
        let text = std::str::from_utf8(body)
            .map_err(|error| Fault::malformed(error.valid_up_to(), MalformedKind::NotUtf8))?;
        Ok(Self::at(text, 0, limits))
    }

    /// Starts at the beginning of what is known to be UTF-8: text inside a body.
    pub(crate) fn within(text: &'a str, limits: &Limits) -> Result<Self, Fault> {
        if u32::try_from(text.len()).is_err() {
            return Err(Fault::malformed(0, MalformedKind::TooLarge));
        }
        if text.starts_with(BYTE_ORDER_MARK) {
            return Err(Fault::malformed(0, MalformedKind::ByteOrderMark));
        }
        Ok(Self::at(text, 0, limits))
    }

    /// Starts inside a text whose bytes before `at` are of no interest.
    pub(crate) fn at(text: &'a str, at: usize, limits: &Limits) -> Self {
        Self {
            text,
            at,
            depth: 0,
            values: 0,
            unknown: 0,
            limits: *limits,
            inspecting: false,
            passes_on: false,
            nulls: Vec::new(),
            key: Key::default(),
            repairs: Repairs::default(),
            outline: Outline::default(),
            unreadable_price: false,
            doubled_bid_key: false,
            bids: 0,
            room: Room::default(),
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
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    #[inline(always)]
    pub(super) fn count_value(&mut self) -> Result<(), Fault> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(Fault::malformed(self.at, MalformedKind::TooManyValues));
        }
        Ok(())
    }

    /// Counts the member whose name was read last as one that the standard does not name.
    pub(crate) fn count_unknown(&mut self) -> Result<(), Fault> {
        self.unknown += 1;
        if self.unknown > self.limits.unknown {
            return Err(Fault::malformed(self.key.at, MalformedKind::TooManyUnknown));
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
