//! Whether markup loads anything over plain HTTP (OpenRTB 2.6 §3.2.4 `secure`, X-47).

use std::borrow::Cow;

use memchr::memchr;
use wide::u8x16;

/// The first `http:` URL in markup of any kind, `None` when there is none. Where none is written as it is, one that is
/// written with character references counts, too: browsers and players resolve them.
///
/// Names of XML namespaces and schemas are not loaded and do not count. With `loopback_is_secure`,
/// hosts that browsers treat as a secure context on the machine itself do not count either.
#[must_use]
pub fn insecure_url(markup: &str, loopback_is_secure: bool) -> Option<Cow<'_, str>> {
    if let Some(url) = written_url(markup, loopback_is_secure) {
        return Some(Cow::Borrowed(url));
    }
    let resolved = resolved(markup)?;
    let url = written_url(&resolved, loopback_is_secure)?;
    Some(Cow::Owned(url.to_owned()))
}

/// The markup with what may hide a URL resolved; `None` where nothing of it is there.
fn resolved(markup: &str) -> Option<String> {
    let mut out = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = memchr(b'&', markup.as_bytes().get(at..)?) {
        let start = at + found;
        let rest = markup.get(start..)?;
        let Some((character, length)) = reference(rest) else {
            at = start + 1;
            continue;
        };
        out.push_str(markup.get(copied..start)?);
        // Browsers take tabs and ends of lines out of a URL.
        if !matches!(character, '\t' | '\n' | '\r') {
            out.push(character);
        }
        at = start + length;
        copied = at;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(markup.get(copied..)?);
    Some(out)
}

/// The character that a reference at the beginning of `rest` stands for, and the reference's length, where URLs have
/// that character. Quotes, equals signs and brackets are left as they are: they do not end an attribute.
fn reference(rest: &str) -> Option<(char, usize)> {
    let Some(number) = rest.strip_prefix("&#") else {
        let named = NAMED.iter().find(|(name, _)| rest.starts_with(name));
        return named.map(|(name, character)| (*character, name.len()));
    };
    let (radix, digits) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, number),
    };
    let mut code = 0_u32;
    let mut length = 0;
    for digit in digits.chars().map_while(|it| it.to_digit(radix)) {
        code = code.saturating_mul(radix).saturating_add(digit);
        length += 1;
    }
    let character = char::from_u32(code).filter(|it| {
        it.is_ascii_alphanumeric()
            || matches!(it, ':' | '/' | '\\' | '.' | '-' | '@' | '\t' | '\n' | '\r')
    })?;
    // HTML takes a number without its semicolon.
    let ended = usize::from(digits.get(length..)?.starts_with(';'));
    let before = rest.len() - digits.len();
    (length > 0).then_some((character, before + length + ended))
}

/// References by name to what a scheme and its slashes are written with.
const NAMED: [(&str, char); 5] = [
    ("&colon;", ':'),
    ("&sol;", '/'),
    ("&bsol;", '\\'),
    ("&Tab;", '\t'),
    ("&NewLine;", '\n'),
];

/// The first `http:` URL that is written as it is.
fn written_url(markup: &str, loopback_is_secure: bool) -> Option<&str> {
    let bytes = markup.as_bytes();
    let mut from = 0;
    while let Some(colon) = colon_behind_p(bytes, from) {
        from = colon + 1;
        let start = colon.saturating_sub(4);
        // JSON writers escape slashes, and browsers take a backslash for one.
        let slashes = bytes.get(colon + 1..).unwrap_or_default();
        let slashed = slashes.starts_with(b"//")
            || slashes.starts_with(b"\\/\\/")
            || slashes.starts_with(b"\\\\");
        let is_http = slashed
            && markup
                .get(start..colon)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
        let continued = start > 0 && bytes.get(start - 1).is_some_and(u8::is_ascii_alphanumeric);
        if !is_http || continued {
            continue;
        }
        let host = host(bytes.get(colon + 1..).unwrap_or_default());
        if host == b"www.w3.org" || (loopback_is_secure && is_loopback(host)) {
            continue;
        }
        if let Some(end) = end_of_names(bytes, start) {
            from = end.max(from);
            continue;
        }
        let url = markup.get(start..).unwrap_or_default();
        let end = url
            .find(|c: char| {
                c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ']' | ')')
            })
            .unwrap_or(url.len());
        return url.get(..end);
    }
    None
}

/// Where the next colon stands behind the last letter of `http`: styles are full of other ones.
fn colon_behind_p(bytes: &[u8], from: usize) -> Option<usize> {
    const STEP: usize = 16;
    let mut at = from;
    while let Some(chunk) = bytes.get(at..)?.first_chunk::<{ STEP + 1 }>() {
        let ([letters @ .., _], [_, behind @ ..]) = (chunk, chunk);
        let letters = u8x16::new(*letters) | u8x16::splat(b' ');
        let colons = u8x16::new(*behind).simd_eq(u8x16::splat(b':'));
        let found = (letters.simd_eq(u8x16::splat(b'p')) & colons).to_bitmask();
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize + 1);
        }
        at += STEP;
    }
    let mut pairs = bytes.get(at..)?.windows(2);
    let found = pairs.position(|pair| matches!(pair, [b'p' | b'P', b':']))?;
    Some(at + found + 1)
}

/// The host of what follows a scheme's colon.
fn host(after_colon: &[u8]) -> &[u8] {
    let skip = after_colon
        .iter()
        .take_while(|byte| matches!(byte, b'/' | b'\\'))
        .count();
    let rest = after_colon.get(skip..).unwrap_or_default();
    let authority_end = rest
        .iter()
        .position(|byte| {
            matches!(
                byte,
                b'/' | b'\\' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>'
            ) || byte.is_ascii_whitespace()
        })
        .unwrap_or(rest.len());
    let authority = rest.get(..authority_end).unwrap_or_default();
    let host = authority
        .rsplit(|byte| *byte == b'@')
        .next()
        .unwrap_or_default();
    let end = if host.starts_with(b"[") {
        host.iter().position(|byte| *byte == b']').map(|at| at + 1)
    } else {
        host.iter().position(|byte| *byte == b':')
    };
    host.get(..end.unwrap_or(host.len())).unwrap_or_default()
}

fn is_loopback(host: &[u8]) -> bool {
    let text = std::str::from_utf8(host).unwrap_or_default();
    text.eq_ignore_ascii_case("localhost")
        || text == "[::1]"
        || text
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Where the names end that are the value of `xmlns`, `xmlns:…` or `xsi:…`, if the URL is one of them.
fn end_of_names(bytes: &[u8], start: usize) -> Option<usize> {
    /// Longer attribute names, or long lists of schema locations, are not followed.
    const WINDOW: usize = 160;
    let first = start.saturating_sub(WINDOW);
    let before = bytes.get(first..start).unwrap_or_default();
    let equals = memchr::memrchr(b'=', before)?;
    let (head, value) = before.split_at(equals);
    let quotes = memchr::memchr2_iter(b'"', b'\'', value).count();
    let name_at = head
        .trim_ascii_end()
        .iter()
        .rposition(u8::is_ascii_whitespace)
        .map_or(0, |at| at + 1);
    let name = head.get(name_at..).unwrap_or_default().trim_ascii_end();
    if quotes != 1 || !(name.starts_with(b"xmlns") || name.starts_with(b"xsi:")) {
        return None;
    }
    // What follows up to there stands in the same value, as near to its name.
    let followed = bytes.get(start..(first + equals + WINDOW).min(bytes.len()))?;
    let end = memchr::memchr3(b'=', b'"', b'\'', followed);
    Some(start + end.unwrap_or(followed.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn colons_are_found_wherever_they_stand(text in "[pPhx: ]{0,60}", from in 0_usize..70) {
            let bytes = text.as_bytes();
            let is_it = |at: &usize| bytes[*at] == b':' && bytes[at - 1].eq_ignore_ascii_case(&b'p');
            let expect = (from + 1..bytes.len()).find(is_it);
            prop_assert_eq!(colon_behind_p(bytes, from), expect);
        }
    }

    #[test]
    fn references_hide_no_url() {
        const X: Option<&str> = Some("http://a.example/x");
        #[rustfmt::skip]
        let cases = [
            ("X-47 slashes by number", "<img src='http:&#x2f;&#x2F;a.example/x'>", false, X),
            ("X-47 a letter by number", "<img src='&#104;ttp://a.example/x'>", false, X),
            ("X-47 all of it, with zeros, without semicolons", "<img src='&#x00068&#116&#116&#x70&#58//a.example/x'>", false, X),
            ("X-47 by name", "<img src='http&colon;&sol;&sol;a.example/x'>", false, X),
            ("X-47 a tab that is taken out", "<img src='ht&Tab;tp:/&#10;/a.example/x'>", false, X),
            ("X-47 https", "<img src='&#104;ttps://a.example/x'>", false, None),
            ("X-47 a parameter", "<a href='https://a/?q=&amp;b=&#39;&#x2f;&copy;&#x110000;&#;&#x;&'>", false, None),
            ("X-47 a namespace", "<VAST xmlns='&#104;ttp://b.example'>", false, None),
            ("X-47 a number beyond any", "<img src='&#99999999999999999999104;ttp://a.example/x'>", false, None),
            ("X-47 loopback, local", "<img src='http:&#x2f;&#x2f;127&#46;0.0.1/x'>", true, None),
            ("X-47 the first that is written as it is", "<a href='&#104;ttp://b/'><img src='http://a.example/x'>", false, X),
        ];
        for (id, markup, local, want) in cases {
            assert_eq!(
                insecure_url(markup, local).as_deref(),
                want,
                "{id}: {markup}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_url_is_found_whichever_of_its_characters_are_references(how in proptest::collection::vec(0_u8..5, 7), before in "([^&:=A-Za-z0-9]{0,9} )?", after in "[^:]{0,9}") {
            let mut markup = before;
            for (character, how) in "http://".chars().zip(how) {
                let code = u32::from(character);
                match how {
                    0 => markup.push_str(&format!("&#{code};")),
                    1 => markup.push_str(&format!("&#x{code:x};")),
                    2 => markup.push_str(&format!("&#X{code:04X};")),
                    _ => markup.push(character),
                }
            }
            markup.push_str("a.example");
            markup.push_str(&after);
            let is_found = insecure_url(&markup, false).is_some();
            prop_assert!(is_found, "{}", markup);
        }

        #[test]
        fn any_text_with_references(markup in "(&#|&#x|;|&colon;|&sol;|[0-9a-f]|http|/|é|\\PC){0,40}") {
            let _ = insecure_url(&markup, true);
        }
    }

    #[test]
    fn plain_http_is_found_wherever_it_stands() {
        let cases = [
            (
                "X-47",
                "<img src=\"http://a.example/x\">",
                false,
                Some("http://a.example/x"),
            ),
            (
                "X-47 case",
                "<img src=HTTP://a.example>",
                false,
                Some("HTTP://a.example"),
            ),
            ("X-47 https", "<img src=\"https://a.example\">", false, None),
            (
                "X-47 JSON",
                "{\"u\":\"http:\\/\\/a.example\\/\"}",
                false,
                Some("http:\\/\\/a.example\\/"),
            ),
            (
                "X-47 after https",
                "https://a <b>http://c</b>",
                false,
                Some("http://c"),
            ),
            (
                "X-47 encoded in a parameter",
                "https://a/?u=http%3A%2F%2Fb",
                false,
                None,
            ),
            (
                "X-47 namespace",
                "<VAST xmlns:xsi=\"http://schema.example/i\" xmlns = 'http://b.example'>",
                false,
                None,
            ),
            (
                "X-47 schema",
                "<VAST xsi:noNamespaceSchemaLocation=\"http://b.example/vast.xsd\">",
                false,
                None,
            ),
            (
                "X-47 schemas",
                "<VAST xsi:schemaLocation=\"http://b.example http://b.example/vast.xsd\"><i>http://c.example",
                false,
                Some("http://c.example"),
            ),
            (
                "X-47 a parameter of a schema",
                "<VAST xsi:schemaLocation=\"http://b.example?a= http://c.example\">",
                false,
                Some("http://c.example"),
            ),
            (
                "X-47 doctype",
                "<!DOCTYPE html PUBLIC \"-//W3C\" \"http://www.w3.org/TR/x.dtd\">",
                false,
                None,
            ),
            (
                "X-47 a parameter is no namespace",
                "<a href=\"xmlns=http://c.example\">",
                false,
                Some("http://c.example"),
            ),
            (
                "X-47 loopback, not local",
                "http://localhost:8080/",
                false,
                Some("http://localhost:8080/"),
            ),
            (
                "X-47 loopback, local",
                "http://localhost:8080/ http://127.1.2.3/ http://[::1]:1/",
                true,
                None,
            ),
            (
                "X-47 looks like loopback",
                "http://127.0.0.1.example/",
                true,
                Some("http://127.0.0.1.example/"),
            ),
            (
                "X-47 user info",
                "http://localhost@evil.example/",
                true,
                Some("http://localhost@evil.example/"),
            ),
        ];
        for (id, markup, local, want) in cases {
            assert_eq!(
                insecure_url(markup, local).as_deref(),
                want,
                "{id}: {markup}"
            );
        }
    }
}
