//! Searching in markup.

/// Whether `needle` (ASCII) stands in `text`, in any case.
pub(crate) fn contains_ignore_case(text: &str, needle: &str) -> bool {
    text.as_bytes()
        .windows(needle.len().max(1))
        .any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// What stands behind each place of `needle` (ASCII) in `text`, in any case.
pub(crate) fn each_behind<'t>(
    text: &'t str,
    needle: &'static str,
) -> impl Iterator<Item = &'t str> {
    text.as_bytes()
        .windows(needle.len().max(1))
        .enumerate()
        .filter(|(_, window)| window.eq_ignore_ascii_case(needle.as_bytes()))
        .filter_map(|(at, _)| text.get(at + needle.len()..))
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
        fn any_markup_is_read(text in ".{0,60}", tag in "[ =/'\"a-cé]{0,24}") {
            for inside in tags(&text, "img") {
                let _ = attribute(inside, "src");
            }
            let _ = attribute(&tag, "a");
        }
    }
}
