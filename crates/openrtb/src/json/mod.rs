//! A strict pull reader of JSON text: linear time, bounded depth, borrowed strings.
//!
//! The grammar is RFC 8259 without exceptions (C-12); what is lenient is the *typing* of
//! members, which is decided one level up, in [`crate::lenient`].

mod fault;
mod key;
mod pointer;
mod raw;
mod reader;
mod scan;
mod skip;
mod text;
mod value;

pub use fault::MalformedKind;
pub(crate) use fault::{Fault, FaultKind};
pub(crate) use key::{Key, code};
pub(crate) use pointer::Pointers;
pub use pointer::pointer_at;
pub use raw::Raw;
pub(crate) use reader::Reader;
pub(crate) use scan::next_special;
pub(crate) use text::offset;
pub use text::{Span, Str};
pub(crate) use value::Scalar;
