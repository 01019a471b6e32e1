//! A value kept as its own text, opened on demand: `ext`, and members that the standard does not name.

use super::key::code;
use super::reader::Reader;
use super::text::{Span, Str, offset};
use super::value::Scalar;
use crate::error::ReadError;
use crate::lenient::{self, Field};
use crate::limits::Limits;
use std::fmt;

/// The text of one JSON value, known to be well formed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a> {
    text: &'a str,
    start: u32,
}

impl<'a> Raw<'a> {
    pub(crate) const fn new(text: &'a str, start: u32) -> Self {
        Self { text, start }
    }

    /// Checks one JSON value, to put it into a message that is made in Rust.
    ///
    /// ```
    /// use openrtb::Raw;
    /// assert_eq!(Raw::parse(r#"{"own":[1,2]}"#)?.get("own").map(|own| own.elements().len()), Some(2));
    /// assert!(Raw::parse("{}}").is_err());
    /// # Ok::<(), openrtb::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// [`ReadError::Malformed`] when the text is not one value, with nothing but blanks around it.
    pub fn parse(text: &'a str) -> Result<Self, ReadError> {
        let read = || {
            let mut reader = Reader::within(text, &Limits::MEASURED)?;
            reader.blanks();
            let raw = reader.raw()?;
            reader.finish()?;
            Ok(raw)
        };
        read().map_err(|fault| ReadError::new(fault, text.as_bytes()))
    }

    /// The same of a body, which may be no text at all.
    ///
    /// # Errors
    /// [`ReadError::Malformed`] when it is not one value, with nothing but blanks around it.
    pub fn of_body(body: &'a [u8]) -> Result<Self, ReadError> {
        let read = || {
            let mut reader = Reader::new(body, &Limits::MEASURED)?;
            reader.blanks();
            let raw = reader.raw()?;
            reader.finish()?;
            Ok(raw)
        };
        read().map_err(|fault| ReadError::new(fault, body))
    }

    /// The value as JSON text.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// Where the value stands in the text it was read from.
    #[must_use]
    pub fn span(&self) -> Span {
        Span {
            start: self.start,
            end: self.start.saturating_add(offset(self.text.len())),
        }
    }

    fn reader(&self) -> Reader<'a> {
        Reader::at(self.text, 0, &Limits::MEASURED)
    }

    /// Whether the value is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.text.starts_with('{')
    }

    /// Whether the value is an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.text.starts_with('[')
    }

    /// The members of an object in document order; empty for any other value.
    #[must_use]
    pub fn members(&self) -> Vec<(Str<'a>, Raw<'a>)> {
        let mut members = Vec::new();
        let mut reader = self.reader();
        if reader.open_object().is_err() {
            return members;
        }
        while let Ok(Some(key)) = reader.next_key(members.is_empty()) {
            let Ok(value) = reader.raw() else { break };
            members.push((key.text(&reader), value.moved(self.start)));
        }
        members
    }

    /// The elements of an array; empty for any other value.
    #[must_use]
    pub fn elements(&self) -> Vec<Raw<'a>> {
        let mut elements = Vec::new();
        let mut reader = self.reader();
        if reader.open_array().is_err() {
            return elements;
        }
        while let Ok(true) = reader.next_element(elements.is_empty()) {
            let Ok(value) = reader.raw() else { break };
            elements.push(value.moved(self.start));
        }
        elements
    }

    fn moved(self, by: u32) -> Self {
        Self {
            text: self.text,
            start: self.start.saturating_add(by),
        }
    }

    /// The member `name` of an object; the last one when it is there twice (C-31).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Raw<'a>> {
        let mut reader = self.reader();
        reader.open_object().ok()?;
        let mut first = true;
        let mut found = None;
        let wanted = code(name.as_bytes());
        while let Ok(Some(key)) = reader.next_key(first) {
            first = false;
            let value = reader.raw().ok()?;
            if key.code == wanted && key.is_named(name, &reader) {
                found = Some(value.moved(self.start));
            }
        }
        found
    }

    /// The value at a path of member names.
    #[must_use]
    pub fn path(&self, names: &[&str]) -> Option<Raw<'a>> {
        names.iter().try_fold(*self, |value, name| value.get(name))
    }

    /// The value as text, read as leniently as any string attribute (C-24).
    #[must_use]
    pub fn to_text(&self) -> Option<Str<'a>> {
        self.scalar()
            .and_then(|scalar| lenient::text(scalar).value())
    }

    /// The value as an integer, read as leniently as any attribute (C-24).
    #[must_use]
    pub fn to_integer(&self) -> Option<i64> {
        self.scalar()
            .and_then(|scalar| lenient::integer(&scalar).value())
    }

    /// The value as a flag, read as leniently as any attribute (C-24).
    #[must_use]
    pub fn to_flag(&self) -> Option<bool> {
        self.scalar()
            .and_then(|scalar| lenient::flag(&scalar).value())
    }

    fn scalar(&self) -> Option<Scalar<'a>> {
        self.reader().scalar().ok()
    }

    /// The value as an attribute of the given type; spans inside count from this value's start.
    pub(crate) fn field<T: Field<'a>>(&self) -> T {
        let mut value = T::default();
        match value.read_into(&mut self.reader(), &lenient::Name::EXT) {
            Ok(()) => value,
            Err(_) => T::default(),
        }
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}
