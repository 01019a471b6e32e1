//! Bodies of messages in a record: byte for byte behind it, and only their length in it.

use std::borrow::Cow;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A body in what was seen. It is written as its length; its bytes are handed over beside it
/// ([`Draft`](crate::Draft)) and come back by [`Body::fill`]. Records of format 1 have it as a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'b> {
    /// Its bytes.
    Bytes(Cow<'b, [u8]>),
    /// So many bytes of those that stand behind the record.
    Awaited(usize),
}

/// The record says of more bytes than there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a body is not there")]
pub struct Missing;

/// The bodies behind a record, from the first to the last.
#[derive(Debug, Clone, Copy)]
pub struct Bodies<'b>(&'b [u8]);

impl<'b> Bodies<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Missing> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Missing)?;
        self.0 = rest;
        Ok(taken)
    }
}

impl Body<'_> {
    /// Its bytes; none while they are awaited.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Awaited(_) => &[],
        }
    }

    /// Takes its bytes, where they are awaited.
    ///
    /// # Errors
    /// [`Missing`]: there are not so many.
    pub fn fill(&mut self, bodies: &mut Bodies<'_>) -> Result<(), Missing> {
        if let Self::Awaited(length) = self {
            *self = Self::Bytes(Cow::Owned(bodies.take(*length)?.to_vec()));
        }
        Ok(())
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let length = match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Awaited(length) => *length,
        };
        serializer.serialize_u64(u64::try_from(length).unwrap_or(u64::MAX))
    }
}

impl<'de> Deserialize<'de> for Body<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LengthOrText;
        impl Visitor<'_> for LengthOrText {
            type Value = Body<'static>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a body's length, or its text")
            }

            fn visit_u64<E: Error>(self, length: u64) -> Result<Self::Value, E> {
                usize::try_from(length)
                    .map(Body::Awaited)
                    .map_err(E::custom)
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Body::Bytes(Cow::Owned(text.as_bytes().to_vec())))
            }
        }
        deserializer.deserialize_any(LengthOrText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_from_its_length_or_its_text() {
        let body = Body::Bytes(Cow::Borrowed(b"{\"a\":\xff}"));
        let written = serde_json::to_string(&body).unwrap();
        assert_eq!(written, "7");
        let mut read: Body<'_> = serde_json::from_str(&written).unwrap();
        assert_eq!((&read, read.bytes()), (&Body::Awaited(7), &b""[..]));
        let mut bodies = Bodies::new(b"{\"a\":\xff}next");
        read.fill(&mut bodies).unwrap();
        assert_eq!(read, body);
        let mut next = Body::Awaited(5);
        assert_eq!(next.fill(&mut bodies), Err(Missing), "only four are left");
        let text: Body<'_> = serde_json::from_str(r#""{\"a\":1}""#).unwrap();
        assert_eq!(text.bytes(), b"{\"a\":1}", "format 1");
    }
}
