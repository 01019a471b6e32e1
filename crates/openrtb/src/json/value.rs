//! Scalars: texts, numbers and words, the usual forms first.

use super::fault::Fault;
use super::reader::Reader;
use super::scan;
use super::text::Str;

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

impl<'a> Reader<'a> {
    /// Reads the string that the next byte opens.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<Str<'a>, Fault> {
        let start = self.at + 1;
        let scanned = scan::string(self.text.as_bytes(), start, self.limits.string)?;
        self.at = scanned.end + 1;
        let content = self.text.get(start..scanned.end).unwrap_or_default();
        Ok(if scanned.length < content.len() {
            Str::Owned(scan::unescape(content, scanned.length))
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
}
