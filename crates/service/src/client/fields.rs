//! Header fields as they stand on the wire: an answer's, read where they lie, and a call's, written once.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The header fields of an answer, in the bytes that they came in: most of them are never looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    head: Bytes,
}

impl Fields {
    /// Those of a head that was read and found well-formed: a status line, then a field a line.
    pub(super) const fn of_head(head: Bytes) -> Self {
        Self { head }
    }

    /// The same of an answer over HTTP/2.
    pub(super) fn of_map(map: &HeaderMap) -> Self {
        let mut head = BytesMut::from(&b"HTTP/2\r\n"[..]);
        for (name, value) in map {
            write(&mut head, name, value);
        }
        Self {
            head: head.freeze(),
        }
    }

    /// The values of a field, in their order, without the blanks around them.
    pub fn all<'f>(&'f self, name: &HeaderName) -> impl Iterator<Item = &'f [u8]> {
        let name = name.as_str().as_bytes();
        // Empty lines before the status line are nothing (RFC 9112 §2.2).
        let head = self.head.trim_ascii_start();
        let mut ends = memchr::memchr_iter(b'\n', head);
        let mut begin = ends.next().map_or(head.len(), |end| end + 1);
        let lines = ends.filter_map(move |end| {
            let line = head.get(begin..end);
            begin = end + 1;
            line
        });
        lines.filter_map(move |line| {
            let (before, value) = line.split_at_checked(name.len())?;
            let value = value.strip_prefix(b":")?;
            before
                .eq_ignore_ascii_case(name)
                .then(|| value.trim_ascii())
        })
    }

    /// The first value of a field, where it is text.
    #[must_use]
    pub fn get(&self, name: &HeaderName) -> Option<&str> {
        std::str::from_utf8(self.all(name).next()?).ok()
    }

    /// The first value of a field, to be passed on.
    #[must_use]
    pub fn value(&self, name: &HeaderName) -> Option<HeaderValue> {
        HeaderValue::from_bytes(self.all(name).next()?).ok()
    }

    /// Whether a field is there.
    #[must_use]
    pub fn has(&self, name: &HeaderName) -> bool {
        self.all(name).next().is_some()
    }
}

/// Header fields of a call in the form in which they are sent: written once, then shared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(Bytes);

impl Lines {
    /// Of names and values, in this order.
    pub fn of<'v>(fields: impl IntoIterator<Item = (&'v HeaderName, &'v HeaderValue)>) -> Self {
        let mut lines = BytesMut::with_capacity(128);
        for (name, value) in fields {
            if !is_framing(name) {
                write(&mut lines, name, value);
            }
        }
        Self(lines.freeze())
    }

    /// The bytes, each field with its end of line.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The fields again, for HTTP/2.
    pub(super) fn append_to(&self, map: &mut HeaderMap) {
        for line in self.0.split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let (name, value) = line.split_at(colon);
            let name = HeaderName::from_bytes(name);
            let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
            if let (Ok(name), Ok(value)) = (name, value) {
                map.append(name, value);
            }
        }
    }
}

/// What says where a message ends is written by who writes the message.
pub(super) fn is_framing(name: &HeaderName) -> bool {
    *name == header::CONTENT_LENGTH || *name == header::TRANSFER_ENCODING
}

fn write(out: &mut BytesMut, name: &HeaderName, value: &HeaderValue) {
    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name_whatever_their_case() {
        let head = "\r\nHTTP/1.1 200 OK\r\nServer-Timing: a;dur=1\r\nX:  y \r\nx:z\nserver-timing:b\r\nOdd: \u{e9}\r\n\r\n";
        let fields = Fields::of_head(Bytes::from_static(head.as_bytes()));
        let timing = HeaderName::from_static("server-timing");
        #[rustfmt::skip]
        let rows: [(&str, Vec<&str>); 6] = [
            ("server-timing", vec!["a;dur=1", "b"]),
            ("x", vec!["y", "z"]),
            ("odd", vec!["\u{e9}"]),
            ("server", vec![]),
            ("server-timing-x", vec![]),
            ("http/1.1 200 ok", vec![]),
        ];
        for (name, want) in rows {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
                continue;
            };
            let got: Vec<_> = fields.all(&name).map(String::from_utf8_lossy).collect();
            assert_eq!(got, want, "{name}");
            assert_eq!(fields.has(&name), !want.is_empty(), "{name}");
        }
        assert_eq!(fields.get(&timing), Some("a;dur=1"));
        assert_eq!(fields.value(&timing).unwrap(), "a;dur=1");
    }

    #[test]
    fn lines_come_back_as_the_fields_they_were_made_of() {
        let mut map = HeaderMap::new();
        map.insert(header::HOST, HeaderValue::from_static("dsp.example:8080"));
        map.append("x", HeaderValue::from_static("a: b"));
        map.append("x", HeaderValue::from_bytes(b"\xff").unwrap());
        let lines = Lines::of(&map);
        let mut again = HeaderMap::new();
        lines.append_to(&mut again);
        assert_eq!(again, map);
        assert_eq!(
            Fields::of_map(&map)
                .all(&HeaderName::from_static("x"))
                .count(),
            2
        );
        map.insert(header::CONTENT_LENGTH, HeaderValue::from_static("7"));
        assert_eq!(Lines::of(&map), lines, "framing is not for callers");
    }
}
