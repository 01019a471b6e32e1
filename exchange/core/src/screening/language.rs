//! the creative's language is allowed; "xx" has no linguistic content and passes.

use super::Case;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    // The newer, more specific list counts where both are there (C-42).
    let (list, precise) = if case.request.wlangb.is_empty() {
        (&case.request.wlang, false)
    } else {
        (&case.request.wlangb, true)
    };
    let (spoken, tagged) = match (case.bid.langb.as_deref(), case.bid.language.as_deref()) {
        (Some(langb), _) => (langb, true),
        (None, Some(language)) => (language, false),
        (None, None) => return Ok(()),
    };
    let neutral = spoken.eq_ignore_ascii_case("xx") || spoken.eq_ignore_ascii_case("zxx");
    let matches = |listed: &openrtb::Str<'_>| {
        if precise && tagged {
            in_range(spoken, listed)
        } else {
            primary(spoken).eq_ignore_ascii_case(primary(listed))
        }
    };
    if list.is_empty() || neutral || list.iter().any(matches) {
        Ok(())
    } else {
        Err(Loss::LanguageNotAllowed)
    }
}

fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

/// Basic filtering of BCP 47: the range equals the tag, or is a prefix of it that ends at a dash.
fn in_range(tag: &str, range: &str) -> bool {
    let Some(head) = tag.get(..range.len()) else {
        return false;
    };
    let rest = tag.get(range.len()..).unwrap_or_default();
    head.eq_ignore_ascii_case(range) && (rest.is_empty() || rest.starts_with('-'))
}
