//! Searching in markup.

use memchr::{memchr_iter, memchr2_iter};

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
    let (offset, letter) = rarest(needle);
    let places = memchr2_iter(
        letter.to_ascii_lowercase(),
        letter.to_ascii_uppercase(),
        bytes,
    );
    places.filter_map(move |at| {
        let start = at.checked_sub(offset)?;
        let end = start + needle.len();
        let found = bytes.get(start..end)?;
        let is_it = found.eq_ignore_ascii_case(needle.as_bytes());
        text.get(end..).filter(|_| is_it)
    })
}

/// The letter of a needle that markup has the fewest of, and its place in the needle.
fn rarest(needle: &str) -> (usize, u8) {
    const RARE_FIRST: &[u8] = b"jqxzkvbwyfgpmuclhdrnoisate";
    let rank = |letter: u8| {
        let letter = letter.to_ascii_lowercase();
        let mut all = RARE_FIRST.iter();
        all.position(|it| *it == letter).unwrap_or(usize::MAX)
    };
    let letters = needle.bytes().enumerate();
    let found = letters.min_by_key(|(_, letter)| rank(*letter));
    found.unwrap_or_default()
}

/// What a banner is made of.
pub(crate) enum Element<'t> {
    Script,
    Frame,
    Picture,
    /// An image, with what stands behind its name.
    Image(&'t str),
}

/// The beginnings of elements, in their order; other elements are passed over.
pub(crate) fn elements(text: &str) -> impl Iterator<Item = Element<'_>> {
    let bytes = text.as_bytes();
    memchr_iter(b'<', bytes).filter_map(move |open| {
        let at = open + 1;
        let name = bytes.get(at..)?;
        let is = |of: &[u8]| {
            let start = name.get(..of.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(of))
        };
        match name.first()? {
            b'i' | b'I' if is(b"img") => text.get(at + 3..).map(Element::Image),
            b'i' | b'I' if is(b"iframe") => Some(Element::Frame),
            b's' | b'S' if is(b"script") => Some(Element::Script),
            b'p' | b'P' if is(b"picture") => Some(Element::Picture),
            _ => None,
        }
    })
}

/// What stands inside an opening tag, of what stands behind its name; none where the name goes on.
pub(crate) fn inside(behind: &str) -> Option<&str> {
    let bytes = behind.as_bytes();
    let first = bytes.first()?;
    if !(first.is_ascii_whitespace() || matches!(first, b'/' | b'>')) {
        return None;
    }
    let end = bytes.iter().position(|byte| matches!(byte, b'<' | b'>'));
    behind.get(..end.unwrap_or(bytes.len()))
}

/// The attributes inside a tag, each with its value where it has one.
pub(crate) fn attributes(tag: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let bytes = tag.as_bytes();
    let first = move |from: usize, is: fn(&u8) -> bool| {
        let found = bytes.get(from..).unwrap_or_default().iter().position(is);
        found.map_or(bytes.len(), |found| from + found)
    };
    let behind_blanks = move |from| first(from, |byte| !byte.is_ascii_whitespace());
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = first(at, |byte| !(byte.is_ascii_whitespace() || *byte == b'/'));
        bytes.get(start)?;
        let end = first(start, |byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'=' | b'/')
        });
        let name = tag.get(start..end)?;
        let equals = behind_blanks(end);
        if bytes.get(equals) != Some(&b'=') {
            at = end;
            return Some((name, None));
        }
        let value = behind_blanks(equals + 1);
        let (from, to) = match bytes.get(value) {
            Some(b'"') => (value + 1, first(value + 1, |byte| *byte == b'"')),
            Some(b'\'') => (value + 1, first(value + 1, |byte| *byte == b'\'')),
            _ => (value, first(value, u8::is_ascii_whitespace)),
        };
        // What follows a quote begins behind it.
        at = to + (from - value);
        Some((name, tag.get(from..to)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_and_their_attributes() {
        let text = "<IMG src='a' alt=\"b > c\"><image src=x><img/><img\nwidth=1 src = \"d\"/>";
        let attribute = |tag: &str, name: &str| -> Option<String> {
            let (_, value) = attributes(tag).find(|(it, _)| it.eq_ignore_ascii_case(name))?;
            value.map(str::to_owned)
        };
        let tags = elements(text).filter_map(|element| match element {
            Element::Image(behind) => inside(behind),
            Element::Script | Element::Frame | Element::Picture => None,
        });
        let found: Vec<_> = tags.map(|tag| attribute(tag, "src")).collect();
        assert_eq!(found, [Some("a".to_owned()), None, Some("d".to_owned())]);
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
            assert_eq!(attribute(tag, "src").as_deref(), expect, "{says}");
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
        fn any_markup_is_read(text in "(<img|<IMG|[ -~é]){0,60}", tag in "[ =/'\"a-cé]{0,24}") {
            for element in elements(&text) {
                if let Element::Image(behind) = element
                    && let Some(inside) = inside(behind)
                {
                    let _ = attributes(inside).count();
                }
            }
            let _ = attributes(&tag).count();
        }
    }
}
