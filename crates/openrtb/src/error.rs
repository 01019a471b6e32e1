//! Why a message was not read.

use crate::json::{Fault, FaultKind, MalformedKind, Span, pointer_at};

/// A message that cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or JSON beyond the limits (C-12, R34 to R37).
    #[error("{kind} at byte {offset} ({pointer:?})")]
    Malformed {
        /// Offset of the byte where it stops being acceptable.
        offset: usize,
        /// JSON pointer of the value around that byte.
        pointer: String,
        /// What is wrong.
        kind: MalformedKind,
    },
    /// JSON that breaks a rule of the standard beyond repair.
    #[error("{what} ({rule}, {pointer:?})")]
    Invalid {
        /// JSON pointer of the offending value.
        pointer: String,
        /// The rule, by its number in the conformance list.
        rule: &'static str,
        /// What is wrong.
        what: &'static str,
    },
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
            },
            FaultKind::DoubledKey => Self::Invalid {
                pointer,
                rule: "C-31",
                what: "the key is there twice",
            },
            FaultKind::TooManyBids => Self::Invalid {
                pointer,
                rule: "R37",
                what: "too many bids",
            },
        }
    }

    pub(crate) fn invalid(pointer: &str, rule: &'static str, what: &'static str) -> Self {
        Self::Invalid {
            pointer: pointer.to_owned(),
            rule,
            what,
        }
    }

    /// A member of an object in `body` that breaks a rule; the object is known by its span.
    #[must_use]
    pub fn in_member(
        body: &[u8],
        object: Span,
        member: &str,
        rule: &'static str,
        what: &'static str,
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
