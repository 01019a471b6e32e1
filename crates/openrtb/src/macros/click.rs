//! The click macros that exchanges use by convention; the standard has none.
//!
//! `${CLICK_URL}` stands for the exchange's click tracker, behind which the landing page is
//! appended; `${CLICK_URL:URLENC}` is the same percent-encoded, for use inside another URL's query,
//! and every further `:URLENC` encodes once more.

use super::percent_encode;

const OPEN: &str = "${CLICK_URL";

/// Appends `text` to `out` with its click macros replaced; without a tracker they become empty.
///
/// One pass: the tracker is not scanned for macros. An encoding that is not `URLENC` gives nothing,
/// like an unknown one of the standard's macros.
pub fn expand_click(text: &str, click_url: Option<&str>, out: &mut String) {
    let mut rest = text;
    while let Some((plain, tail)) = rest.split_once(OPEN) {
        out.push_str(plain);
        let Some((encodings, after)) = encodings(tail) else {
            out.push_str(OPEN);
            rest = tail;
            continue;
        };
        rest = after;
        if let Some(url) = click_url {
            insert(url, encodings, out);
        }
    }
    out.push_str(rest);
}

/// What stands between the name and the closing brace, and what follows; `None` for another macro
/// of a longer name.
fn encodings(tail: &str) -> Option<(&str, &str)> {
    /// More than anybody nests; behind it the search ends.
    const LONGEST: usize = 64;
    let end = tail.bytes().take(LONGEST).position(|byte| byte == b'}')?;
    let (inner, after) = (tail.get(..end)?, tail.get(end + 1..)?);
    (inner.is_empty() || inner.starts_with(':')).then_some((inner, after))
}

fn insert(url: &str, encodings: &str, out: &mut String) {
    let mut text = url.to_owned();
    for encoding in encodings.split(':').skip(1) {
        if encoding != "URLENC" {
            return;
        }
        let mut encoded = String::with_capacity(text.len() * 3);
        percent_encode(&text, &mut encoded);
        text = encoded;
    }
    out.push_str(&text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn click_macros() {
        let click = "https://x.example/c?u=${CLICK_URL}&to=";
        let url = Some(click);
        let encoded = "https%3A%2F%2Fx.example%2Fc%3Fu%3D%24%7BCLICK_URL%7D%26to%3D";
        let twice = encoded.replace('%', "%25");
        let cases = [
            (
                "plain, not rescanned",
                "${CLICK_URL}https://a",
                url,
                format!("{click}https://a"),
            ),
            (
                "encoded",
                "?r=${CLICK_URL:URLENC}&x",
                url,
                format!("?r={encoded}&x"),
            ),
            ("encoded twice", "${CLICK_URL:URLENC:URLENC}", url, twice),
            (
                "unknown encoding",
                "a${CLICK_URL:ROT13}b",
                url,
                "ab".to_owned(),
            ),
            (
                "no tracker",
                "a${CLICK_URL}b${CLICK_URL:URLENC}c",
                None,
                "abc".to_owned(),
            ),
            (
                "another macro",
                "${CLICK_URLS}",
                url,
                "${CLICK_URLS}".to_owned(),
            ),
            ("unfinished", "${CLICK_URL", url, "${CLICK_URL".to_owned()),
        ];
        for (why, text, url, want) in cases {
            let mut out = String::new();
            expand_click(text, url, &mut out);
            assert_eq!(out, want, "{why}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_expanded(text in "(\\$|\\{|\\}|CLICK_URL|:URLENC|\\PC){0,40}") {
            let mut out = String::new();
            expand_click(&text, Some("u"), &mut out);
            let open = out.contains("${CLICK_URL}");
            prop_assert!(!open, "{}", out);
        }
    }
}
