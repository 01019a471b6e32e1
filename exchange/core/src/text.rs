//! Searching in markup.

/// Whether `needle` (ASCII) stands in `text`, in any case.
pub(crate) fn contains_ignore_case(text: &str, needle: &str) -> bool {
    text.as_bytes()
        .windows(needle.len().max(1))
        .any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}
