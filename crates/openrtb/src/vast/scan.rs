//! Elements and text of XML that may be broken, one after the other, in linear time.

use memchr::{memchr, memchr3, memrchr};

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

    /// Moves behind `end`, which is ASCII and ends in `>`, or to the end of the markup; returns what was
    /// before it.
    fn until(&mut self, skip: usize, end: &str) -> &'m str {
        let rest = self.rest().get(skip..).unwrap_or_default();
        let bytes = rest.as_bytes();
        let mut from = 0;
        while let Some(found) = bytes.get(from..).and_then(|rest| memchr(b'>', rest)) {
            from += found + 1;
            let before = bytes.get(..from).unwrap_or_default();
            if before.ends_with(end.as_bytes()) {
                self.at += skip + from;
                return rest.get(..from - end.len()).unwrap_or_default();
            }
        }
        self.at = self.markup.len();
        self.unfinished = true;
        rest
    }

    /// The tag that begins at `start`; a `>` inside quotes does not end it.
    fn tag(&mut self, start: usize) -> Token<'m> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut end = bytes.len();
        let mut from = 1;
        while let Some(found) = bytes
            .get(from..)
            .and_then(|rest| memchr3(b'>', b'"', b'\'', rest))
        {
            let at = from + found;
            let Some(quote) = bytes.get(at).filter(|byte| **byte != b'>') else {
                end = at;
                break;
            };
            let quoted = bytes.get(at + 1..).unwrap_or_default();
            match memchr(*quote, quoted) {
                Some(length) => from = at + length + 2,
                None => break,
            }
        }
        self.unfinished |= end == rest.len();
        self.at = (self.at + end + 1).min(self.markup.len());
        let inner = rest.get(1..end).unwrap_or_default();
        if let Some(name) = inner.strip_prefix('/') {
            let name = local(name.trim_ascii());
            let end = self.at;
            return Token::Close { name, start, end };
        }
        let empty = inner.ends_with('/');
        let inner = inner.trim_end_matches('/');
        let (name, attributes) = inner
            .bytes()
            .position(|byte| byte.is_ascii_whitespace())
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
    match memrchr(b':', name.as_bytes()) {
        Some(colon) => name.get(colon + 1..).unwrap_or(name),
        None => name,
    }
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
            if !matches!(rest.as_bytes().get(1), Some(b'!' | b'?')) {
                return Some(self.tag(self.at));
            } else if rest.starts_with("<![CDATA[") {
                return Some(Token::Cdata(self.until(9, "]]>")));
            } else if rest.starts_with("<!--") {
                self.until(4, "-->");
            } else if rest.starts_with("<?") {
                self.until(2, "?>");
            } else {
                self.until(2, ">");
            }
        }
    }
}

/// The value of an attribute.
pub(super) fn attribute<'m>(text: &'m str, name: &str) -> Option<&'m str> {
    attributes(text)
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Attributes of one tag that are read; no element of VAST has half as many.
const MOST_ATTRIBUTES: usize = 64;

/// Attributes and their values, up to the first that is not written as one, at most [`MOST_ATTRIBUTES`]. In linear
/// time: one tag may hold tens of thousands.
pub(super) fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        let equals = from + position(bytes.get(from..)?, b'=')?;
        let after = bytes.get(equals + 1..)?;
        let blanks = after.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let open = equals + 1 + blanks;
        let quote = bytes
            .get(open)
            .filter(|byte| matches!(byte, b'"' | b'\''))?;
        let value = open + 1;
        let end = value + position(bytes.get(value..)?, *quote)?;
        let key = text.get(from..equals)?.trim_ascii();
        from = end + 1;
        Some((key, text.get(value..end)?))
    })
    .take(MOST_ATTRIBUTES)
}

/// Names and values are short: there is nothing to gain by looking at many bytes at once.
fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    bytes.iter().position(|byte| *byte == wanted)
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
