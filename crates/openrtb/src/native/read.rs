//! Reading native texts, wrapped in `{"native": …}` or not (C-90, C-91).

use super::{NativeRequest, NativeResponse};
use crate::error::ReadError;
use crate::json::{Fault, MalformedKind, Raw, Reader, Str};
use crate::lenient::{Name, Value};
use crate::limits::Limits;
use crate::repairs::Repairs;
use crate::request::Native;
use crate::response::Bid;

const ROOT: &Name = &Name {
    object: "Native",
    field: "",
};

/// An object that may stand alone inside another one.
trait Wrapped<'a>: Value<'a> {
    /// What the object has beside its attributes.
    fn extra(&self) -> &[(Str<'a>, Raw<'a>)];
}

impl<'a> Wrapped<'a> for NativeRequest<'a> {
    fn extra(&self) -> &[(Str<'a>, Raw<'a>)] {
        &self.extra
    }
}

impl<'a> Wrapped<'a> for NativeResponse<'a> {
    fn extra(&self) -> &[(Str<'a>, Raw<'a>)] {
        &self.extra
    }
}

/// Bounds of the whole text: what is not native is bounded as what partners add.
const WHOLE: Limits = Limits {
    depth: Limits::RESPONSE.ext_depth,
    ..Limits::RESPONSE
};

/// Whether a text is an object within the bounds of native texts; nothing in it is looked at.
pub(crate) fn is_object(text: &str) -> bool {
    let read = || -> Result<bool, Fault> {
        let mut reader = Reader::within(text, &WHOLE)?;
        reader.blanks();
        let raw = reader.raw()?;
        reader.finish()?;
        Ok(raw.is_object())
    };
    read().unwrap_or(false)
}

/// Reads the object in the text, or the one that stands alone inside it under `native`.
fn unwrapped<'a, T: Wrapped<'a>>(text: &'a str) -> Result<(T, Repairs), ReadError> {
    let read = || -> Result<(T, Repairs), Fault> {
        let mut reader = Reader::within(text, &WHOLE)?;
        reader.blanks();
        let start = reader.position();
        let whole = T::read_value(&mut reader, ROOT)?;
        reader.finish()?;
        let whole = whole.ok_or(Fault::malformed(start, MalformedKind::NotAnObject))?;
        let mut named = whole.extra().iter().rev();
        let inner = named.find(|(name, _)| name == "native");
        let Some((_, inner)) = inner.filter(|(_, inner)| inner.is_object()) else {
            return Ok((whole, reader.repairs));
        };
        let at = inner.span().range().start;
        let mut reader = Reader::at(text, at, &Limits::RESPONSE);
        let value = T::read_value(&mut reader, ROOT)?
            .ok_or(Fault::malformed(at, MalformedKind::NotAnObject))?;
        Ok((value, reader.repairs))
    };
    read().map_err(|fault| ReadError::new(fault, text.as_bytes()))
}

impl<'a> NativeRequest<'a> {
    /// Reads a native request's JSON text.
    ///
    /// # Errors
    /// [`ReadError::Malformed`] when the text is no JSON object.
    pub fn read(text: &'a str) -> Result<(Self, Repairs), ReadError> {
        unwrapped(text)
    }
}

impl<'a> NativeResponse<'a> {
    /// Reads a native response's JSON text.
    ///
    /// # Errors
    /// [`ReadError::Malformed`] when the text is no JSON object.
    pub fn read(text: &'a str) -> Result<(Self, Repairs), ReadError> {
        unwrapped(text)
    }
}

impl Native<'_> {
    /// The native request that the imp carries, as text or as an object.
    ///
    /// # Errors
    /// [`ReadError::Malformed`] when it is no JSON object.
    pub fn request(&self) -> Result<NativeRequest<'_>, ReadError> {
        let text = self.request.as_ref().map_or("", crate::Markup::as_str);
        NativeRequest::read(text).map(|(request, _)| request)
    }
}

impl Bid<'_> {
    /// The native response in `adm`, as text or as an object.
    ///
    /// # Errors
    /// [`ReadError::Malformed`] when `adm` is no JSON object.
    pub fn native(&self) -> Result<NativeResponse<'_>, ReadError> {
        NativeResponse::read(self.adm().unwrap_or_default()).map(|(response, _)| response)
    }
}
