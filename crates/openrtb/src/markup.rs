//! A value that is text by the standard and an object by habit: native requests and markup (C-90, C-91).

use crate::json::{Fault, Raw, Reader, Str};
use crate::lenient::{self, Field, Name, Value};

/// Markup or a native request, as text or as an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Markup<'a> {
    /// A string, as the standard wants it.
    Text(Str<'a>),
    /// A JSON object in its place.
    Object(Raw<'a>),
}

impl Markup<'_> {
    /// The markup; an object as its JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Object(raw) => raw.as_str(),
        }
    }

    /// Whether it came as an object.
    #[must_use]
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

impl<'a> Value<'a> for Markup<'a> {
    fn read_value(r: &mut Reader<'a>, name: &'static Name) -> Result<Option<Self>, Fault> {
        if r.peek() == b'{' {
            return Ok(Some(Self::Object(r.raw()?)));
        }
        Ok(lenient::read_scalar(r, name)?.map(Self::Text))
    }
}

impl<'a> Field<'a> for Option<Markup<'a>> {
    fn read_into(&mut self, r: &mut Reader<'a>, name: &'static Name) -> Result<(), Fault> {
        *self = Value::read_value(r, name)?;
        Ok(())
    }
    fn is_missing(&self) -> bool {
        self.as_ref()
            .is_none_or(|markup| markup.as_str().is_empty())
    }
}
