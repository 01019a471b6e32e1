//! Elements and text of XML that may be broken, one after the other, in linear time.

use memchr::{memchr, memmem};

/// A piece of markup. Names come without their namespace prefix.
#[derive(Debug, Clone, Copy)]
pub(super) enum Token<'m> {
    /// `<name attributes>` from `start` to `end`.
    Open {
        name: &'m str,
        attributes: &'m str,
        start: usize,
        end: usize,
        empty: bool,
    },
    /// `</name>` from `start` to `end`.
    Close {
        name: &'m str,
        start: usize,
        end: usize,
    },
    /// Text between tags, its entities not resolved.
    Text(&'m str),
    /// The content of a CDATA section.
    Cdata(&'m str),
}

pub(super) struct Scanner<'m> {
    markup: &'m str,
    at: usize,
    /// Whether something was begun that does not end.
    pub(super) unfinished: bool,
}

impl<'m> Scanner<'m> {
    pub(super) const fn new(markup: &'m str) -> Self {
        Self {
            markup,
            at: 0,
            unfinished: false,
        }
    }

    fn rest(&self) -> &'m str {
        self.markup.get(self.at..).unwrap_or_default()
    }

    /// Moves behind `end`, or to the end of the markup; returns what was before it.
    fn until(&mut self, skip: usize, end: &str) -> &'m str {
        let rest = self.rest().get(skip..).unwrap_or_default();
        match memmem::find(rest.as_bytes(), end.as_bytes()) {
            Some(found) => {
                self.at += skip + found + end.len();
                rest.get(..found).unwrap_or_default()
            }
            None => {
                self.at = self.markup.len();
                self.unfinished = true;
                rest
            }
        }
    }

    /// The tag that begins at `start`; a `>` inside quotes does not end it.
    fn tag(&mut self, start: usize) -> Token<'m> {
        let rest = self.rest();
        let mut quote = None;
        let mut end = rest.len();
        for (at, byte) in rest.bytes().enumerate().skip(1) {
            match (quote, byte) {
                (None, b'>') => {
                    end = at;
                    break;
                }
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        self.unfinished |= end == rest.len();
        self.at = (self.at + end + 1).min(self.markup.len());
        let inner = rest.get(1..end).unwrap_or_default();
        if let Some(name) = inner.strip_prefix('/') {
            let name = local(name.trim());
            let end = self.at;
            return Token::Close { name, start, end };
        }
        let empty = inner.ends_with('/');
        let inner = inner.trim_end_matches('/');
        let (name, attributes) = inner
            .find(|c: char| c.is_ascii_whitespace())
            .and_then(|at| inner.split_at_checked(at))
            .unwrap_or((inner, ""));
        Token::Open {
            name: local(name),
            attributes,
            start,
            end: self.at,
            empty,
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

impl<'m> Iterator for Scanner<'m> {
    type Item = Token<'m>;

    fn next(&mut self) -> Option<Token<'m>> {
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return None;
            }
            match memchr(b'<', rest.as_bytes()) {
                Some(0) => {}
                Some(found) => {
                    self.at += found;
                    return rest.get(..found).map(Token::Text);
                }
                None => {
                    self.at = self.markup.len();
                    return Some(Token::Text(rest));
                }
            }
            if rest.starts_with("<![CDATA[") {
                return Some(Token::Cdata(self.until(9, "]]>")));
            } else if rest.starts_with("<!--") {
                self.until(4, "-->");
            } else if rest.starts_with("<?") {
                self.until(2, "?>");
            } else if rest.starts_with("<!") {
                self.until(2, ">");
            } else {
                return Some(self.tag(self.at));
            }
        }
    }
}

/// The value of an attribute. Byte by byte: one tag may hold tens of thousands.
pub(super) fn attribute<'m>(attributes: &'m str, name: &str) -> Option<&'m str> {
    let bytes = attributes.as_bytes();
    let next = |from: usize, wanted: fn(&u8) -> bool| {
        let rest = bytes.get(from..)?;
        Some(from + rest.iter().position(wanted)?)
    };
    let mut from = 0;
    loop {
        let equals = next(from, |byte| *byte == b'=')?;
        let open = next(equals + 1, |byte| !byte.is_ascii_whitespace())?;
        let quote = bytes
            .get(open)
            .filter(|byte| matches!(byte, b'"' | b'\''))?;
        let value = open + 1;
        let end = value + memchr(*quote, bytes.get(value..)?)?;
        let key = attributes.get(from..equals)?;
        if key.trim_ascii() == name {
            return attributes.get(value..end);
        }
        from = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_as_people_write_them() {
        let cases = [
            (r#" id="1" version = '3.0'"#, "version", Some("3.0")),
            (r#"id="a>b" id="2""#, "id", Some("a>b")),
            (r#"xid="1" id="2""#, "id", Some("2")),
            (r#"a='"' id="""#, "id", Some("")),
            ("é=\"é\" id=\"ü\"", "id", Some("ü")),
            (r#"checked id="1""#, "id", None),
            (r#"id=1"#, "id", None),
            (r#"id="1"#, "id", None),
            ("id", "id", None),
            ("", "id", None),
        ];
        for (attributes, name, value) in cases {
            assert_eq!(attribute(attributes, name), value, "{attributes}");
        }
    }
}
