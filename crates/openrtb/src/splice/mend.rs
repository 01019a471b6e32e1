//! A text as it was understood: what the reading repaired is written strictly, what it left out is left out (C-26).

use super::outline::Cut;
use crate::json::{Fault, Reader, offset};
use crate::limits::Limits;
use crate::request::BidRequest;
use crate::to_json::ToJson;
use crate::write::JsonWriter;
use std::ops::Range;

/// What becomes of a value that is written otherwise than the standard wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// It goes, and its name with it: null, or of no use.
    LeftOut,
    /// It is this range of the texts.
    Rewritten(Range<u32>),
    /// It is the one element of an array; it may be rewritten as well.
    Enclosed,
}

/// One such value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mend {
    /// Offset of the value.
    at: u32,
    how: How,
}

/// All such values of a text. Bounded as the values of the text are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Mends {
    list: Vec<Mend>,
    /// Texts of the values that are rewritten.
    texts: Vec<u8>,
}

impl Mends {
    fn push(&mut self, at: usize, how: How) {
        let at = offset(at);
        self.list.push(Mend { at, how });
    }

    pub(super) fn sort(&mut self) {
        // What encloses a value, or leaves it out, is noted behind what it holds.
        self.list.sort_by_key(|mend| mend.at);
    }
}

impl Reader<'_> {
    /// Notes a value that says nothing, or nothing of use.
    pub(crate) fn leave_out(&mut self, at: usize) {
        if self.passes_on {
            self.outline.mends_mut().push(at, How::LeftOut);
        }
    }

    /// Notes a single value where an array is meant.
    pub(crate) fn enclose(&mut self, at: usize) {
        if self.passes_on {
            self.outline.mends_mut().push(at, How::Enclosed);
        }
    }

    /// Notes what a value was understood as.
    pub(crate) fn rewrite(&mut self, at: usize, value: &impl ToJson) {
        if self.passes_on {
            let mends = self.outline.mends_mut();
            let start = offset(mends.texts.len());
            value.write(&mut JsonWriter::new(&mut mends.texts));
            let text = start..offset(mends.texts.len());
            mends.push(at, How::Rewritten(text));
        }
    }
}

impl BidRequest<'_> {
    /// Whether the text that was read has all values in the types of the standard, no nulls, and nothing that could
    /// not be used; what it holds inside `ext`, and under names that the standard does not know, is not looked at.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.outline.mends().is_none()
    }

    /// Appends the text as it was understood (C-26): numbers, flags and texts in their own types, arrays where the
    /// standard has arrays, floors below zero as 0, without nulls, without what could not be used, and without the
    /// earlier ones of duplicate keys (C-31). All else, `ext` and unknown members included, is copied byte for byte
    /// (C-22).
    ///
    /// Of two attributes that exclude each other both stay (C-42 to C-46): which of them a recipient can read depends on
    /// its version. `body` must be what the request was read from. What is written is strict, and reads as the same request.
    ///
    /// ```
    /// use openrtb::{BidRequest, Limits};
    /// let body = br#"{"id":7, "imp":{"id":"a","banner":{"w":300.0,"h":null,"x":null},"secure":true}}"#;
    /// let (request, _) = BidRequest::read(body, &Limits::REQUEST).expect("a legal request");
    /// assert!(!request.is_strict());
    /// let mut out = Vec::new();
    /// request.write_strict(body, &mut out);
    /// assert_eq!(out, br#"{"id":"7", "imp":[{"id":"a","banner":{"w":300,"x":null},"secure":1}]}"#);
    /// ```
    pub fn write_strict(&self, body: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        let Some((mends, text)) = self.outline.mends().zip(std::str::from_utf8(body).ok()) else {
            out.extend_from_slice(body);
            return;
        };
        out.reserve(body.len() + mends.texts.len());
        let mut mender = Mender {
            reader: Reader::at(text, 0, &Limits::MEASURED),
            mends: &mends.list,
            texts: &mends.texts,
            cuts: self.outline.cuts(),
            out,
            copied: 0,
        };
        if mender.message().is_err() {
            // Another body, so nothing is known of it.
            out.truncate(start);
            out.extend_from_slice(body);
        }
    }
}

/// One walk over a text that was read, so that its depth is bounded; what is mended comes in document order.
struct Mender<'m, 'o> {
    reader: Reader<'m>,
    /// What is not behind the walk yet.
    mends: &'m [Mend],
    texts: &'m [u8],
    /// What is not behind the walk yet.
    cuts: &'m [Cut],
    out: &'o mut Vec<u8>,
    /// How far the text is copied, or left out.
    copied: usize,
}

/// Members or elements of one object or array, those behind the walk.
struct List {
    /// Whether one of them stays.
    any: bool,
    /// End of the last one that stays, or of the opening bracket.
    kept_end: usize,
    /// End of the last one.
    end: usize,
}

impl List {
    const fn behind(bracket: usize) -> Self {
        Self {
            any: false,
            kept_end: bracket + 1,
            end: bracket + 1,
        }
    }
}

/// What was noted of one value.
#[derive(Default)]
struct Found {
    is_left_out: bool,
    is_enclosed: bool,
    text: Option<Range<usize>>,
}

impl Mender<'_, '_> {
    fn message(&mut self) -> Result<(), Fault> {
        self.reader.blanks();
        self.value(&Found::default())?;
        self.copy_to(self.reader.text().len());
        Ok(())
    }

    fn value(&mut self, found: &Found) -> Result<(), Fault> {
        if found.is_enclosed {
            self.copy_to(self.reader.position());
            self.out.push(b'[');
        }
        match (&found.text, self.reader.peek()) {
            (Some(text), _) => {
                self.copy_to(self.reader.position());
                self.reader.raw()?;
                let text = self.texts.get(text.clone()).unwrap_or_default();
                self.out.extend_from_slice(text);
                self.copied = self.reader.position();
            }
            (None, b'{') => self.object()?,
            (None, b'[') => self.array()?,
            (None, _) => {
                self.reader.raw()?;
            }
        }
        if found.is_enclosed {
            self.copy_to(self.reader.position());
            self.out.push(b']');
        }
        Ok(())
    }

    fn object(&mut self) -> Result<(), Fault> {
        let mut members = List::behind(self.reader.open_object()?);
        let mut first = true;
        while let Some(key) = self.reader.next_key(first)? {
            first = false;
            let is_cut = self.is_cut(key.at);
            let found = self.found(self.reader.position());
            self.next(&mut members, key.at, &found, is_cut)?;
        }
        self.close(&members);
        Ok(())
    }

    fn array(&mut self) -> Result<(), Fault> {
        let mut elements = List::behind(self.reader.open_array()?);
        let mut first = true;
        while self.reader.next_element(first)? {
            first = false;
            let start = self.reader.position();
            let found = self.found(start);
            self.next(&mut elements, start, &found, false)?;
        }
        self.close(&elements);
        Ok(())
    }

    /// Passes by the next one of a list, which starts here and whose value comes next.
    fn next(
        &mut self,
        list: &mut List,
        start: usize,
        found: &Found,
        is_cut: bool,
    ) -> Result<(), Fault> {
        if is_cut || found.is_left_out {
            self.reader.raw()?;
            list.end = self.reader.position();
            return Ok(());
        }
        if list.kept_end < list.end {
            // Of the commas around what is left out one stays, if one is needed.
            self.copy_to(list.kept_end);
            if list.any {
                self.out.push(b',');
            }
            let gap = self.reader.text().get(list.end..start);
            let blanks = gap.and_then(|gap| gap.rsplit(',').next());
            self.copied = start - blanks.unwrap_or_default().len();
        }
        self.value(found)?;
        let end = self.reader.position();
        *list = List {
            any: true,
            kept_end: end,
            end,
        };
        Ok(())
    }

    /// Ends a list behind its bracket.
    fn close(&mut self, list: &List) {
        if list.kept_end < list.end {
            self.copy_to(list.kept_end);
            self.copied = list.end;
        }
    }

    /// What was noted of the value at this offset.
    fn found(&mut self, at: usize) -> Found {
        let mut found = Found::default();
        while let Some((mend, rest)) = self.mends.split_first()
            && mend.at as usize <= at
        {
            if mend.at as usize == at {
                match &mend.how {
                    How::LeftOut => found.is_left_out = true,
                    How::Enclosed => found.is_enclosed = true,
                    How::Rewritten(text) => {
                        found.text = Some(text.start as usize..text.end as usize);
                    }
                }
            }
            self.mends = rest;
        }
        found
    }

    /// Whether a later member has the name of the one at this offset.
    fn is_cut(&mut self, key: usize) -> bool {
        while let Some((cut, rest)) = self.cuts.split_first()
            && cut.span.start as usize <= key
        {
            if cut.span.start as usize == key {
                return true;
            }
            self.cuts = rest;
        }
        false
    }

    /// Copies what is not copied yet, as far as this offset.
    fn copy_to(&mut self, end: usize) {
        let text = self.reader.text().get(self.copied..end);
        self.out
            .extend_from_slice(text.unwrap_or_default().as_bytes());
        self.copied = end;
    }
}
