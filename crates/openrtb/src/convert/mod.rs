//! From 2.6 to 2.5 and back: signals that moved are moved, what 2.5 lacks is left out
//! (OpenRTB 2.6 Appendix B; C-170 to C-174).
//!
//! What does not change is copied byte for byte, in its order. One pass for each level of objects
//! that has rules; nothing is read into the model.
//!
//! ```
//! use openrtb::{Limits, convert};
//! let body = br#"{"id":"1","imp":[{"id":"a","banner":{},"rwdd":1}],"regs":{"coppa":0,"gdpr":1}}"#;
//! let mut out = Vec::new();
//! let changes = convert::request_to_25(body, &Limits::REQUEST, &mut out)?;
//! assert_eq!(out, br#"{"id":"1","imp":[{"id":"a","banner":{}}],"regs":{"coppa":0,"ext":{"gdpr":1}}}"#);
//! assert_eq!((changes.moved, changes.dropped), (vec!["gdpr"], vec!["rwdd"]));
//! # Ok::<(), convert::ConvertError>(())
//! ```

mod members;
mod object;
mod tables;
mod writing;

use crate::error::ReadError;
use crate::json::{Fault, Reader};
use crate::limits::Limits;
use object::Converter;
use tables::Kind;

/// What a conversion did, each attribute once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Attributes that stand in another place now, or under another name.
    pub moved: Vec<&'static str>,
    /// Attributes that the other version has no place for.
    pub dropped: Vec<&'static str>,
}

impl Changes {
    /// Whether the message is as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty() && self.dropped.is_empty()
    }

    fn note(list: &mut Vec<&'static str>, name: &'static str) {
        if !list.contains(&name) {
            list.push(name);
        }
    }
}

/// What 2.5 cannot say at all, so that the request is not sent (C-171).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unsayable {
    /// Digital out of home: there is no such place of sale in 2.5.
    Dooh,
    /// A pod whose slots the buyer divides.
    DynamicPod,
}

/// Why a message was not converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// It is no JSON object within the limits.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// 2.5 has no words for it.
    #[error("OpenRTB 2.5 cannot say {0:?}")]
    Unsayable(Unsayable),
}

/// Appends a bid request as 2.5 to `out`.
///
/// # Errors
/// [`ConvertError`]; `out` may hold a part then.
pub fn request_to_25(
    body: &[u8],
    limits: &Limits,
    out: &mut Vec<u8>,
) -> Result<Changes, ConvertError> {
    convert(body, limits, &tables::DOWN_REQUEST, out)
}

/// Appends a bid request as 2.6 to `out`: what stands in a 2.5 place moves to its own, unless that
/// is taken (C-170), and forms that 2.6 has no more get their new one (C-172).
///
/// # Errors
/// [`ConvertError::Unreadable`]; `out` may hold a part then.
pub fn request_to_26(
    body: &[u8],
    limits: &Limits,
    out: &mut Vec<u8>,
) -> Result<Changes, ConvertError> {
    convert(body, limits, &tables::UP_REQUEST, out)
}

/// Appends a bid response as 2.5 to `out`.
///
/// # Errors
/// [`ConvertError::Unreadable`]; `out` may hold a part then.
pub fn response_to_25(
    body: &[u8],
    limits: &Limits,
    out: &mut Vec<u8>,
) -> Result<Changes, ConvertError> {
    convert(body, limits, &tables::DOWN_RESPONSE, out)
}

/// Appends a bid response as 2.6 to `out`.
///
/// # Errors
/// [`ConvertError::Unreadable`]; `out` may hold a part then.
pub fn response_to_26(
    body: &[u8],
    limits: &Limits,
    out: &mut Vec<u8>,
) -> Result<Changes, ConvertError> {
    convert(body, limits, &tables::UP_RESPONSE, out)
}

/// Why an object was not converted, one level down.
enum Stop {
    Fault(Fault),
    Unsayable(Unsayable),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn convert(
    body: &[u8],
    limits: &Limits,
    kind: &'static Kind,
    out: &mut Vec<u8>,
) -> Result<Changes, ConvertError> {
    let unreadable = |fault| ConvertError::Unreadable(ReadError::new(fault, body));
    let mut reader = Reader::new(body, limits).map_err(unreadable)?;
    let text = reader.text();
    reader.blanks();
    let start = reader.position();
    // Once through the whole message: what follows reads text that is known to be well formed.
    let whole = (|| {
        if reader.peek() != b'{' {
            return Err(reader.unexpected());
        }
        let whole = reader.raw()?;
        reader.finish()?;
        Ok(whole)
    })()
    .map_err(unreadable)?;
    out.extend_from_slice(text.get(..start).unwrap_or_default().as_bytes());
    let mut converter = Converter::new(text, out);
    match converter.value(whole.span().range(), kind, None) {
        Ok(()) => {}
        Err(Stop::Fault(fault)) => return Err(unreadable(fault)),
        Err(Stop::Unsayable(what)) => return Err(ConvertError::Unsayable(what)),
    }
    let changes = converter.finish();
    let end = whole.span().range().end;
    out.extend_from_slice(text.get(end..).unwrap_or_default().as_bytes());
    Ok(changes)
}
