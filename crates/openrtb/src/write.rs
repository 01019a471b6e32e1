//! A strict writer of JSON (C-26): commas where they belong, exact money, no nulls.

use crate::json::next_special;
use units::CpmMicros;

/// Writes JSON values behind one another into a buffer that the caller owns and reuses.
///
/// ```
/// use openrtb::JsonWriter;
/// let mut out = Vec::new();
/// let mut json = JsonWriter::new(&mut out);
/// json.begin_object();
/// json.text("id", "a\"b");
/// json.key("cat");
/// json.texts(["IAB1", "IAB2"]);
/// json.end_object();
/// assert_eq!(out, br#"{"id":"a\"b","cat":["IAB1","IAB2"]}"#);
/// ```
#[derive(Debug)]
pub struct JsonWriter<'b> {
    out: &'b mut Vec<u8>,
    /// Whether the next value or key needs a comma before it.
    comma: bool,
}

impl<'b> JsonWriter<'b> {
    /// Writes behind what the buffer holds.
    pub const fn new(out: &'b mut Vec<u8>) -> Self {
        Self { out, comma: false }
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }

    /// Opens an object.
    pub fn begin_object(&mut self) {
        self.separate();
        self.out.push(b'{');
        self.comma = false;
    }

    /// Closes an object.
    pub fn end_object(&mut self) {
        self.out.push(b'}');
        self.comma = true;
    }

    /// Opens an array.
    pub fn begin_array(&mut self) {
        self.separate();
        self.out.push(b'[');
        self.comma = false;
    }

    /// Closes an array.
    pub fn end_array(&mut self) {
        self.out.push(b']');
        self.comma = true;
    }

    /// Writes a member's name; its value comes next.
    pub fn key(&mut self, name: &str) {
        self.separate();
        quote(self.out, name);
        self.out.push(b':');
        self.comma = false;
    }

    /// Writes a member's name that needs no escaping, as those of a program do; its value comes next.
    pub fn plain_key(&mut self, name: &'static str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
    }

    /// Writes a string.
    pub fn text_value(&mut self, value: &str) {
        self.separate();
        quote(self.out, value);
    }

    /// Writes an integer.
    pub fn integer_value(&mut self, value: i64) {
        self.separate();
        decimal(self.out, value);
    }

    /// Writes a price in plain decimal notation, trailing zeros dropped.
    pub fn price_value(&mut self, value: CpmMicros) {
        self.separate();
        price(self.out, value);
    }

    /// Writes what is JSON text already.
    pub fn raw_value(&mut self, json: &str) {
        self.separate();
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Writes a value that `push` appends: JSON text, without a comma before it.
    pub fn value(&mut self, push: impl FnOnce(&mut Vec<u8>)) {
        self.separate();
        push(self.out);
    }

    /// Writes members that are JSON text already, such as `"a":1,"b":[2]`; nothing for an empty text.
    pub fn members(&mut self, json: &str) {
        if !json.is_empty() {
            self.raw_value(json);
        }
    }

    /// Writes a member that is a string; `push` appends what needs no escaping or is escaped already.
    pub fn escaped(&mut self, name: &str, push: impl FnOnce(&mut Vec<u8>)) {
        self.key(name);
        self.escaped_value(push);
    }

    /// Writes a string; `push` appends what needs no escaping or is escaped already.
    pub fn escaped_value(&mut self, push: impl FnOnce(&mut Vec<u8>)) {
        self.separate();
        self.out.push(b'"');
        push(self.out);
        self.out.push(b'"');
    }

    /// Writes a number that is a ratio, coordinate or probability; not a finite one is left out
    /// as `0`, since JSON has no word for it. Far from 1 it has an exponent, so that no short text becomes a long one.
    pub fn float_value(&mut self, value: f64) {
        self.separate();
        let text = match value.abs() {
            0.0 | 1e-7..1e17 => value.to_string(),
            size if size.is_finite() => format!("{value:e}"),
            _ => "0".to_owned(),
        };
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes an array of strings.
    pub fn texts<'t>(&mut self, values: impl IntoIterator<Item = &'t str>) {
        self.begin_array();
        for value in values {
            self.text_value(value);
        }
        self.end_array();
    }

    /// Writes an array of integers.
    pub fn integers(&mut self, values: impl IntoIterator<Item = i64>) {
        self.begin_array();
        for value in values {
            self.integer_value(value);
        }
        self.end_array();
    }

    /// Writes a member that is a string.
    pub fn text(&mut self, name: &str, value: &str) {
        self.key(name);
        self.text_value(value);
    }

    /// Writes a member that is an integer.
    pub fn integer(&mut self, name: &str, value: i64) {
        self.key(name);
        self.integer_value(value);
    }

    /// Writes a member that is a 0/1 flag.
    pub fn flag(&mut self, name: &str, value: bool) {
        self.integer(name, i64::from(value));
    }

    /// Writes a member that is a price.
    pub fn price(&mut self, name: &str, value: CpmMicros) {
        self.key(name);
        self.price_value(value);
    }

    /// Writes a member whose value is JSON text already.
    pub fn raw(&mut self, name: &str, json: &str) {
        self.key(name);
        self.raw_value(json);
    }

    /// Writes a member that is a string, if there is one.
    pub fn text_opt(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Writes a member that is an integer, if there is one.
    pub fn integer_opt(&mut self, name: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.integer(name, value);
        }
    }
}

/// Writes a JSON string with its quotes.
pub(crate) fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, tail) = rest.split_at(next_special(rest, 0));
        out.extend_from_slice(plain);
        let Some((special, tail)) = tail.split_first() else {
            break;
        };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u00");
                for digit in [control >> 4, control & 15] {
                    out.push(if digit < 10 {
                        b'0' + digit
                    } else {
                        b'a' + digit - 10
                    });
                }
            }
        }
        rest = tail;
    }
    out.push(b'"');
}

/// Writes an integer without an allocation.
pub(crate) fn decimal(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    digits(out, value.unsigned_abs(), 1);
}

/// Writes at least `width` decimal digits.
fn digits(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let start = out.len();
    while value > 0 || out.len() - start < width {
        let digit = u8::try_from(value % 10).unwrap_or(0);
        out.push(b'0' + digit);
        value /= 10;
    }
    if let Some(written) = out.get_mut(start..) {
        written.reverse();
    }
}

/// Writes a price in plain decimal notation without an allocation.
pub(crate) fn price(out: &mut Vec<u8>, value: CpmMicros) {
    let micros = value.micros().unsigned_abs();
    digits(out, micros / 1_000_000, 1);
    let fraction = micros % 1_000_000;
    if fraction != 0 {
        out.push(b'.');
        digits(out, fraction, 6);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prices_are_plain_decimals() {
        // C-26, X-95: no exponent, trailing zeros dropped
        let cases = [
            ("0", "0"),
            ("1.375", "1.375"),
            ("12.50", "12.5"),
            ("0.000001", "0.000001"),
            ("1000000", "1000000"),
            ("100", "100"),
        ];
        for (given, written) in cases {
            let mut out = Vec::new();
            price(&mut out, CpmMicros::parse(given).unwrap());
            assert_eq!(out, written.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn strings_are_read_back(text in any::<String>()) {
            let mut out = Vec::new();
            quote(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn integers_and_prices_are_read_back(n in any::<i64>(), micros in 0..1_000_000_000_000_i64) {
            let mut out = Vec::new();
            decimal(&mut out, n);
            prop_assert_eq!(out, n.to_string().into_bytes());
            let price_given = CpmMicros::new(micros).unwrap();
            let mut out = Vec::new();
            price(&mut out, price_given);
            prop_assert_eq!(String::from_utf8(out).unwrap(), price_given.to_string());
        }
    }
}
