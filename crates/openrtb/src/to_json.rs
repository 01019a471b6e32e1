//! Strict writing of the model (C-26): the exact types of the standard, no nulls, nothing empty.

use crate::json::{Raw, Str};
use crate::list::List;
use crate::markup::Markup;
use crate::response::{BadBid, Bid, Price};
use crate::write::JsonWriter;
use units::{CpmMicros, Currency, Multiplier};

/// What an attribute holds.
pub(crate) trait ToJson {
    /// Whether it is not written at all.
    fn is_nothing(&self) -> bool;
    /// Writes the value.
    fn write(&self, json: &mut JsonWriter<'_>);
}

/// Writes a member, if there is something to write.
pub(crate) fn member<T: ToJson>(json: &mut JsonWriter<'_>, name: &str, value: &T) {
    if !value.is_nothing() {
        json.key(name);
        value.write(json);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn is_nothing(&self) -> bool {
        self.as_ref().is_none_or(ToJson::is_nothing)
    }
    fn write(&self, json: &mut JsonWriter<'_>) {
        if let Some(value) = self {
            value.write(json);
        }
    }
}

impl<T: ToJson> ToJson for Box<T> {
    fn is_nothing(&self) -> bool {
        (**self).is_nothing()
    }
    fn write(&self, json: &mut JsonWriter<'_>) {
        (**self).write(json);
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn is_nothing(&self) -> bool {
        self.as_slice().is_nothing()
    }
    fn write(&self, json: &mut JsonWriter<'_>) {
        self.as_slice().write(json);
    }
}

impl<T: ToJson> ToJson for List<T> {
    fn is_nothing(&self) -> bool {
        (**self).is_nothing()
    }
    fn write(&self, json: &mut JsonWriter<'_>) {
        (**self).write(json);
    }
}

impl<T: ToJson> ToJson for [T] {
    fn is_nothing(&self) -> bool {
        self.iter().all(ToJson::is_nothing)
    }
    fn write(&self, json: &mut JsonWriter<'_>) {
        json.begin_array();
        for value in self.iter().filter(|value| !value.is_nothing()) {
            value.write(json);
        }
        json.end_array();
    }
}

macro_rules! always {
    ($($type:ty: $write:expr;)*) => {$(
        impl ToJson for $type {
            fn is_nothing(&self) -> bool {
                false
            }
            fn write(&self, json: &mut JsonWriter<'_>) {
                let write: fn(&Self, &mut JsonWriter<'_>) = $write;
                write(self, json);
            }
        }
    )*};
}

always! {
    Str<'_>: |text, json| json.text_value(text);
    i32: |n, json| json.integer_value(i64::from(*n));
    i64: |n, json| json.integer_value(*n);
    bool: |flag, json| json.integer_value(i64::from(*flag));
    f64: |n, json| json.float_value(*n);
    CpmMicros: |price, json| json.price_value(*price);
    Currency: |currency, json| json.text_value(currency.as_str());
    Multiplier: |multiplier, json| json.raw_value(&multiplier.to_string());
    Raw<'_>: |raw, json| json.raw_value(raw.as_str());
    Markup<'_>: |markup, json| match markup {
        Markup::Text(text) => json.text_value(text),
        Markup::Object(raw) => json.raw_value(raw.as_str()),
    };
}

impl ToJson for Price {
    fn is_nothing(&self) -> bool {
        self.cpm().is_none()
    }
    fn write(&self, json: &mut JsonWriter<'_>) {
        if let Some(price) = self.cpm() {
            json.price_value(price);
        }
    }
}

/// A bid of no use is not written.
impl ToJson for Result<Bid<'_>, BadBid<'_>> {
    fn is_nothing(&self) -> bool {
        self.is_err()
    }
    fn write(&self, json: &mut JsonWriter<'_>) {
        if let Ok(bid) = self {
            bid.write(json);
        }
    }
}
