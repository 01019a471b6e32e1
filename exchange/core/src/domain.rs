//! Advertiser domains: normal form and lists (C-29).

/// The domain in comparison form, borrowed: no scheme, no leading `www.`, no trailing dot.
/// `None` when it is no domain. Case is left to the comparison.
#[must_use]
pub fn normalise(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text
        .split_once("://")
        .map_or(text, |(_, behind)| behind)
        .trim_end_matches('/');
    let text = text.strip_suffix('.').unwrap_or(text);
    let text = match text.get(..4) {
        Some(head) if head.eq_ignore_ascii_case("www.") => text.get(4..)?,
        _ => text,
    };
    is_name(text).then_some(text)
}

/// Whether a text is labels with dots between them.
fn is_name(text: &str) -> bool {
    let mut former = b'.';
    for byte in text.bytes() {
        match byte {
            b'.' if former == b'.' => return false,
            b'.' | b'-' | b'_' => {}
            _ if byte.is_ascii_alphanumeric() => {}
            _ if byte.is_ascii() => return false,
            // Of the letters beyond ASCII each is looked at once.
            _ => return is_international_name(text),
        }
        former = byte;
    }
    former != b'.'
}

fn is_international_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    text.split('.').all(is_label)
}

/// Whether two texts name the same domain.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    normalise(one)
        .zip(normalise(other))
        .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// Whether a listed domain is the given one or a parent of it.
#[must_use]
pub fn covers(listed: &str, domain: &str) -> bool {
    normalise(domain).is_some_and(|domain| covers_name(listed, domain))
}

/// The same of a domain in comparison form.
#[must_use]
pub fn covers_name(listed: &str, domain: &str) -> bool {
    // Lists are long, and most of their entries end in other letters.
    let last = |text: &str| text.as_bytes().last().map(u8::to_ascii_lowercase);
    let trimmed = listed.trim_end_matches(|c: char| matches!(c, '/' | '.') || c.is_whitespace());
    if listed.is_ascii() && last(trimmed) != last(domain) {
        return false;
    }
    let Some(listed) = normalise(listed) else {
        return false;
    };
    let Some(start) = domain.len().checked_sub(listed.len()) else {
        return false;
    };
    let (Some(head), Some(tail)) = (domain.get(..start), domain.get(start..)) else {
        return false;
    };
    let same = if listed.is_ascii() {
        tail.eq_ignore_ascii_case(listed)
    } else {
        tail.to_lowercase() == listed.to_lowercase()
    };
    same && (head.is_empty() || head.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_domain_covers_its_subdomains() {
        #[rustfmt::skip]
        let cases = [
            ("C-29", "blocked.example", "blocked.example", true),
            ("C-29 subdomain", "blocked.example", "shop.blocked.example", true),
            ("C-29 not a suffix of a label", "blocked.example", "unblocked.example", false),
            ("C-29 parent", "shop.blocked.example", "blocked.example", false),
            ("C-29 case", "Blocked.Example", "bLOCKED.example", true),
            ("C-29 www", "www.blocked.example", "blocked.example", true),
            ("C-29 scheme and slash", "https://blocked.example/", "blocked.example.", true),
            ("C-29 no domain", "", "blocked.example", false),
        ];
        for (item, listed, domain, expect) in cases {
            assert_eq!(covers(listed, domain), expect, "{item}: {listed} {domain}");
        }
    }

    #[test]
    fn what_is_no_domain() {
        for text in ["", "a b", "a..b", "\"><script>", "a.example/path"] {
            assert_eq!(normalise(text), None, "X-42: {text}");
        }
    }
}
