//! A strict pull reader of JSON text: linear time, bounded depth, borrowed strings.
//!
//! The grammar is RFC 8259 without exceptions (C-12); what is lenient is the *typing* of
//! members, which is decided one level up, in [`crate::lenient`].

mod fault;
mod pointer;
mod raw;
mod reader;
mod scan;
mod text;

pub use fault::MalformedKind;
pub(crate) use fault::{Fault, FaultKind};
pub use pointer::pointer_at;
pub use raw::Raw;
pub(crate) use reader::{Key, Reader, Scalar, code};
pub(crate) use scan::next_special;
pub(crate) use text::offset;
pub use text::{Span, Str};
