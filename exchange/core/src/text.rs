//! Searching in markup.

/// Whether `needle` (ASCII) stands in `text`, in any case.
pub(crate) fn contains_ignore_case(text: &str, needle: &'static str) -> bool {
    each_behind(text, needle).next().is_some()
}

/// What stands behind each place of `needle` (ASCII) in `text`, in any case.
pub(crate) fn each_behind<'t>(
    text: &'t str,
    needle: &'static str,
) -> impl Iterator<Item = &'t str> {
    let bytes = text.as_bytes();
    let first = needle.bytes().next().map(|byte| byte.to_ascii_lowercase());
    // Most bytes are told from the first one by themselves.
    let begins = move |byte: &u8| Some(byte.to_ascii_lowercase()) == first;
    let places = bytes
        .iter()
        .enumerate()
        .filter(move |(_, byte)| begins(byte));
    places.filter_map(move |(at, _)| {
        let end = at + needle.len();
        let is_it = bytes.get(at..end)?.eq_ignore_ascii_case(needle.as_bytes());
        is_it.then(|| text.get(end..)).flatten()
    })
}

/// The opening tags of an element, from behind its name to their end.
pub(crate) fn tags<'t>(text: &'t str, element: &'static str) -> impl Iterator<Item = &'t str> {
    text.split('<').skip(1).filter_map(move |rest| {
        let (name, inside) = rest.split_at_checked(element.len())?;
        let ends = inside.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
        let is_it = ends && name.eq_ignore_ascii_case(element);
        is_it.then(|| inside.split('>').next().unwrap_or_default())
    })
}

/// The value of an attribute inside a tag.
pub(crate) fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/');
        let (found, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let is_it = found.eq_ignore_ascii_case(name);
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            if is_it || behind.is_empty() {
                return None;
            }
            rest = behind;
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, behind) = match quote {
            Some(quote) => {
                let inside = value.get(1..).unwrap_or_default();
                inside.split_once(quote).unwrap_or((inside, ""))
            }
            None => {
                let end = value.find(|c: char| c.is_ascii_whitespace());
                value.split_at(end.unwrap_or(value.len()))
            }
        };
        if is_it {
            return Some(value);
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_and_their_attributes() {
        let text = "<IMG src='a' alt=\"b > c\"><image src=x><img/><img\nwidth=1 src = \"d\"/>";
        let found: Vec<_> = tags(text, "img").map(|tag| attribute(tag, "src")).collect();
        assert_eq!(found, [Some("a"), None, Some("d")]);
        #[rustfmt::skip]
        let cases = [
            ("quoted", r#" width="1" src="a b""#, Some("a b")),
            ("apostrophes", " src='a'", Some("a")),
            ("bare", " src=a width=1", Some("a")),
            ("in capitals", " SRC=a", Some("a")),
            ("the value of another", r#" alt="src=b" src=a"#, Some("a")),
            ("another name", " data-src=a", None),
            ("no value", " src", None),
            ("a flag before it", " hidden src=a", Some("a")),
            ("not closed", r#" src="a"#, Some("a")),
            ("nothing", "", None),
        ];
        for (says, tag, expect) in cases {
            assert_eq!(attribute(tag, "src"), expect, "{says}");
        }
    }

    proptest! {
        #[test]
        fn every_place_is_found_in_any_case(text in "[aAbBé.]{0,40}") {
            let lower = text.to_ascii_lowercase();
            let behind: Vec<&str> = (0..=lower.len())
                .filter(|at| lower.get(*at..).is_some_and(|rest| rest.starts_with("ab")))
                .filter_map(|at| text.get(at + 2..))
                .collect();
            prop_assert_eq!(each_behind(&text, "aB").collect::<Vec<_>>(), behind.clone());
            prop_assert_eq!(contains_ignore_case(&text, "aB"), !behind.is_empty());
        }

        #[test]
        fn any_markup_is_read(text in ".{0,60}", tag in "[ =/'\"a-cé]{0,24}") {
            for inside in tags(&text, "img") {
                let _ = attribute(inside, "src");
            }
            let _ = attribute(&tag, "a");
        }
    }
}
