//! What a publisher needs to know of a native answer: the answer itself, and where a click on it leads.

use contracts::notice::SellClaims;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::request::is_web;

/// A native answer (Native 1.2 §5).
#[derive(Debug)]
pub(super) struct Native<'m> {
    /// Without the wrapper of version 1.0.
    pub(super) answer: &'m RawValue,
    /// `link.url`, where it leads to a page.
    pub(super) landing_page: Option<String>,
}

#[derive(Deserialize)]
struct Wrapped<'m> {
    #[serde(borrow, default)]
    native: Option<&'m RawValue>,
}

#[derive(Deserialize)]
struct Linked {
    link: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    url: Option<String>,
}

/// Reads a native answer, wrapped or not (C-91); `None` when it is no JSON object.
pub(super) fn read(markup: &str) -> Option<Native<'_>> {
    let wrapped: Wrapped<'_> = serde_json::from_str(markup).ok()?;
    let answer = match wrapped.native {
        Some(inner) => inner,
        None => serde_json::from_str(markup).ok()?,
    };
    let linked: Linked = serde_json::from_str(answer.get()).ok()?;
    let landing_page = linked.link.and_then(|link| link.url);
    Some(Native {
        answer,
        landing_page: landing_page
            .filter(|url| is_web(url) && url.len() <= SellClaims::LONGEST_URL),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_91_answers_with_and_without_a_wrapper() {
        let plain = r#"{"assets":[],"link":{"url":"https://shop.example/a"}}"#;
        let wrapped = format!(r#"{{"native":{plain}}}"#);
        let script = r#"{"link":{"url":"javascript:alert(1)"}}"#;
        for (markup, answer, page) in [
            (plain, Some(plain), Some("https://shop.example/a")),
            (&*wrapped, Some(plain), Some("https://shop.example/a")),
            (script, Some(script), None),
            ("{}", Some("{}"), None),
            ("[]", None, None),
            ("<b>", None, None),
        ] {
            let read = read(markup);
            assert_eq!(read.as_ref().map(|it| it.answer.get()), answer, "{markup}");
            let found = read.as_ref().and_then(|it| it.landing_page.as_deref());
            assert_eq!(found, page, "{markup}");
        }
    }
}
