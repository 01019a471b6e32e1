//! Reading native texts, wrapped in `{"native": …}` or not (C-90, C-91).

use super::{NativeRequest, NativeResponse};
use crate::error::ReadError;
use crate::json::{Fault, MalformedKind, Raw, Reader};
use crate::lenient::{Name, Value};
use crate::limits::Limits;
use crate::repairs::Repairs;
use crate::request::Native;
use crate::response::Bid;

const ROOT: &Name = &Name {
    object: "Native",
    field: "",
};

/// Reads the object in the text, or the one that stands alone inside it under `native`.
fn unwrapped<'a, T: Value<'a>>(text: &'a str) -> Result<(T, Repairs), ReadError> {
    let body = text.as_bytes();
    let read = || -> Result<(T, Repairs), Fault> {
        let mut reader = Reader::new(body, &Limits::RESPONSE)?;
        reader.blanks();
        let start = reader.position();
        let whole = reader.raw()?;
        reader.finish()?;
        let inner = whole.get("native").filter(Raw::is_object);
        let at = inner.map_or(start, |raw| raw.span().range().start);
        let mut reader = Reader::at(text, at, &Limits::RESPONSE);
        let value = T::read_value(&mut reader, ROOT)?
            .ok_or(Fault::malformed(at, MalformedKind::NotAnObject))?;
        Ok((value, std::mem::take(&mut reader.repairs)))
    };
    read().map_err(|fault| ReadError::new(fault, body))
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
