//! The macros of VAST that a server fills in (VAST 4.2 §6): `[ERRORCODE]`, `[CACHEBUSTING]`, `[TIMESTAMP]`.

use super::percent_encode;

/// What the macros stand for; an absent value leaves its macro to the player.
#[derive(Debug, Clone, Copy, Default)]
pub struct VastValues<'v> {
    /// `[ERRORCODE]`: the number of VAST's list, such as 303.
    pub error_code: Option<u16>,
    /// `[CACHEBUSTING]`: a random number, of which eight digits are written.
    pub cache_buster: Option<u32>,
    /// `[TIMESTAMP]`: date and time of ISO 8601 with an offset; percent-encoded when inserted.
    pub timestamp: Option<&'v str>,
}

/// Appends the URL to `out` with its macros replaced, also those whose brackets are percent-encoded.
///
/// One pass: inserted values are not scanned. Unknown `[…]` stay as they are.
pub fn expand_vast(url: &str, values: &VastValues<'_>, out: &mut String) {
    let mut rest = url;
    while let Some(at) = rest.find(['[', '%']) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        match found(tail, values) {
            Some((value, after)) => {
                out.push_str(&value);
                rest = after;
            }
            None => {
                let (first, after) = tail.split_at(1);
                out.push_str(first);
                rest = after;
            }
        }
    }
    out.push_str(rest);
}

/// The value of the macro at the start of the text, and what follows the macro.
fn found<'t>(text: &'t str, values: &VastValues<'_>) -> Option<(String, &'t str)> {
    let (inner, close) = if let Some(inner) = text.strip_prefix('[') {
        (inner, "]")
    } else {
        let encoded = text
            .get(..3)
            .filter(|open| open.eq_ignore_ascii_case("%5B"))?;
        (text.get(encoded.len()..)?, "%5D")
    };
    let (value, after) = if let Some(after) = inner.strip_prefix("ERRORCODE") {
        (values.error_code?.to_string(), after)
    } else if let Some(after) = inner.strip_prefix("CACHEBUSTING") {
        (format!("{:08}", values.cache_buster? % 100_000_000), after)
    } else {
        let after = inner.strip_prefix("TIMESTAMP")?;
        let mut encoded = String::new();
        percent_encode(values.timestamp?, &mut encoded);
        (encoded, after)
    };
    let end = after.get(..close.len())?;
    end.eq_ignore_ascii_case(close)
        .then(|| (value, after.get(close.len()..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn macros_of_vast() {
        let all = VastValues {
            error_code: Some(303),
            cache_buster: Some(42),
            timestamp: Some("2026-11-23T10:00:00.000Z"),
        };
        let none = VastValues::default();
        let cases = [
            (
                "all",
                "e=[ERRORCODE]&c=[CACHEBUSTING]&t=[TIMESTAMP]",
                all,
                "e=303&c=00000042&t=2026-11-23T10%3A00%3A00.000Z",
            ),
            (
                "encoded brackets",
                "%5BERRORCODE%5D%5bCACHEBUSTING%5d",
                all,
                "30300000042",
            ),
            (
                "unknown",
                "[MEDIAPLAYHEAD]%20[x",
                all,
                "[MEDIAPLAYHEAD]%20[x",
            ),
            ("case", "[errorcode]", all, "[errorcode]"),
            ("not closed", "[ERRORCODE", all, "[ERRORCODE"),
            (
                "brackets of two kinds",
                "[ERRORCODE%5D",
                all,
                "[ERRORCODE%5D",
            ),
            (
                "left to the player",
                "[ERRORCODE][TIMESTAMP]",
                none,
                "[ERRORCODE][TIMESTAMP]",
            ),
        ];
        for (why, url, values, want) in cases {
            let mut out = String::new();
            expand_vast(url, &values, &mut out);
            assert_eq!(out, want, "{why}");
        }
    }

    proptest! {
        #[test]
        fn any_text_without_values_stays(url in "(\\[|\\]|%5B|%5D|ERRORCODE|TIMESTAMP|\\PC){0,40}") {
            let mut out = String::new();
            expand_vast(&url, &VastValues::default(), &mut out);
            prop_assert_eq!(out, url);
        }
    }
}
