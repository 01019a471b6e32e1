//! Why a text is not JSON that we read, with the byte where it stops being so.

use super::text::offset;

/// What is wrong with a text that is not acceptable JSON (C-12, R34 to R37).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedKind {
    /// The text ends inside a value.
    #[error("the text ends inside a value")]
    UnexpectedEnd,
    /// A byte that the grammar does not allow here.
    #[error("unexpected character")]
    UnexpectedByte,
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A byte order mark opens the text.
    #[error("a byte order mark is not allowed")]
    ByteOrderMark,
    /// Something follows the value.
    #[error("bytes follow the value")]
    TrailingBytes,
    /// A number outside the grammar, such as `01`.
    #[error("not a number of the JSON grammar")]
    BadNumber,
    /// An escape sequence that does not exist.
    #[error("unknown escape sequence")]
    BadEscape,
    /// Half of a surrogate pair.
    #[error("half of a surrogate pair")]
    LoneSurrogate,
    /// A NUL character, written or escaped.
    #[error("a NUL character is not allowed")]
    NulCharacter,
    /// An unescaped control character inside a string.
    #[error("a control character must be escaped")]
    ControlCharacter,
    /// Nested deeper than allowed.
    #[error("nested too deeply")]
    TooDeep,
    /// A string longer than allowed.
    #[error("a string is too long")]
    StringTooLong,
    /// More values than allowed.
    #[error("too many values")]
    TooManyValues,
    /// More members that the standard does not name than allowed.
    #[error("too many members that the standard does not name")]
    TooManyUnknown,
    /// More bytes than can be addressed.
    #[error("too many bytes")]
    TooLarge,
    /// The outermost value is not an object.
    #[error("an object is expected")]
    NotAnObject,
}

/// What stopped a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The text is not JSON that we accept.
    Malformed(MalformedKind),
    /// The text is JSON, but a key that decides the auction is there twice (C-31).
    DoubledKey,
    /// The text is JSON, but holds more bids than allowed (R37).
    TooManyBids,
}

/// A fault and the byte at which it was met. The pointer is found later, off the hot path.
///
/// Eight bytes, so that a result with it still travels in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: u32,
    pub(crate) kind: FaultKind,
}

impl Fault {
    #[cold]
    pub(crate) fn malformed(at: usize, kind: MalformedKind) -> Self {
        Self {
            at: offset(at),
            kind: FaultKind::Malformed(kind),
        }
    }

    #[cold]
    pub(crate) fn doubled_key(at: usize) -> Self {
        Self {
            at: offset(at),
            kind: FaultKind::DoubledKey,
        }
    }

    #[cold]
    pub(crate) fn too_many_bids(at: usize) -> Self {
        Self {
            at: offset(at),
            kind: FaultKind::TooManyBids,
        }
    }
}
