//! Why a message was not read.

use crate::json::{Fault, FaultKind, MalformedKind, Span, pointer_at};
use std::borrow::Cow;
use std::fmt;

/// A message that cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or JSON beyond the limits (C-12, R34 to R37).
    #[error("{}", Place::of(*.kind, *.offset, *.found, .pointer))]
    Malformed {
        /// Offset of the byte where it stops being acceptable.
        offset: usize,
        /// JSON pointer of the value around that byte.
        pointer: String,
        /// What is wrong.
        kind: MalformedKind,
        /// The character there, where one is and it is not allowed.
        found: Option<char>,
    },
    /// JSON that breaks a rule of the standard beyond repair.
    #[error("{what}{}", Around(.pointer))]
    Invalid {
        /// JSON pointer of the offending value.
        pointer: String,
        /// The rule, by its number in the conformance list.
        rule: &'static str,
        /// What is wrong.
        what: Cow<'static, str>,
    },
}

/// What is wrong with a text and where, in words.
struct Place<'e> {
    kind: MalformedKind,
    offset: usize,
    found: Option<char>,
    pointer: &'e str,
}

impl<'e> Place<'e> {
    const fn of(kind: MalformedKind, offset: usize, found: Option<char>, pointer: &'e str) -> Self {
        Self {
            kind,
            offset,
            found,
            pointer,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.offset) {
            (MalformedKind::UnexpectedEnd, 0) => return f.write_str("the text is empty"),
            (kind @ MalformedKind::UnexpectedEnd, bytes) => {
                write!(f, "{kind}, after {bytes} bytes")?
            }
            (kind, offset) => {
                write!(f, "{kind}")?;
                if let Some(found) = self.found {
                    write!(f, " {found:?}")?;
                }
                write!(f, " at byte {offset}")?;
            }
        }
        Around(self.pointer).fmt(f)
    }
}

/// The value around a fault; of the whole message nothing need be said.
struct Around<'e>(&'e str);

impl fmt::Display for Around<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, ", in {}", self.0)
    }
}

impl ReadError {
    pub(crate) fn new(fault: Fault, body: &[u8]) -> Self {
        let offset = fault.at as usize;
        let pointer = pointer_at(body, offset);
        match fault.kind {
            FaultKind::Malformed(kind) => Self::Malformed {
                offset,
                pointer,
                kind,
                found: character(body, offset).filter(|_| kind == MalformedKind::UnexpectedByte),
            },
            FaultKind::DoubledKey => Self::Invalid {
                pointer,
                rule: "C-31",
                what: "the key is there twice, and decides the auction".into(),
            },
            FaultKind::TooManyBids => Self::Invalid {
                pointer,
                rule: "R37",
                what: "more bids than the configuration allows (response.bids)".into(),
            },
        }
    }

    pub(crate) fn invalid(
        pointer: &str,
        rule: &'static str,
        what: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Invalid {
            pointer: pointer.to_owned(),
            rule,
            what: what.into(),
        }
    }

    /// A member of an object in `body` that breaks a rule; the object is known by its span.
    #[must_use]
    pub fn in_member(
        body: &[u8],
        object: Span,
        member: &str,
        rule: &'static str,
        what: impl Into<Cow<'static, str>>,
    ) -> Self {
        let object = pointer_at(body, object.start as usize);
        Self::invalid(&format!("{object}/{member}"), rule, what)
    }

    /// JSON pointer of the value at fault.
    #[must_use]
    pub fn pointer(&self) -> &str {
        match self {
            Self::Malformed { pointer, .. } | Self::Invalid { pointer, .. } => pointer,
        }
    }
}

/// The character of a text at an offset, as far as it is text.
fn character(body: &[u8], offset: usize) -> Option<char> {
    let longest = body.get(offset..body.len().min(offset.saturating_add(4)))?;
    let text = longest.utf8_chunks().next()?.valid();
    text.chars().next()
}

#[cfg(test)]
mod tests {
    use crate::{BidRequest, Limits};

    #[test]
    fn faults_are_told_in_words() {
        let many = vec![r#"{"id":"a","banner":{}}"#; 101].join(",");
        let many = format!(r#"{{"id":"1","imp":[{many}]}}"#);
        #[rustfmt::skip]
        let rows = [
            ("", "the text is empty"),
            ("[]", "an object is expected at byte 0"),
            (r#"{"id":"1","imp":[{"id":"a""#, "the text ends inside a value, after 26 bytes, in /imp/0"),
            (r#"{"id":"1","#, "the text ends inside a value, after 10 bytes"),
            (r#"{"id":"1";}"#, "unexpected character ';' at byte 9"),
            (r#"{"imp":[{"w":é}]}"#, "unexpected character 'é' at byte 13, in /imp/0/w"),
            (r#"{"imp":[01]}"#, "not a number of the JSON grammar at byte 9, in /imp/0"),
            (r#"{"id":"1"} x"#, "bytes follow the value at byte 11"),
            (r#"{"id":"1","id":"2","imp":[]}"#, "the key is there twice, and decides the auction, in /id"),
            (r#"{"imp":[]}"#, "the request has no id, in /id"),
            (&many, "there are 101 imps, and 100 are allowed (request.imps), in /imp"),
        ];
        for (body, words) in rows {
            let error = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap_err();
            assert_eq!(error.to_string(), words, "{body}");
        }
    }
}
