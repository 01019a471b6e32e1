//! Advertiser domains: normal form and lists (C-29).

use crate::listed::Hash;

/// Bytes of a domain name (RFC 1035 §2.3.4).
const LONGEST: usize = 253;

/// The domain in comparison form, borrowed: no scheme, no leading `www.`, no trailing dot.
/// `None` when it is no domain. Case is left to the comparison.
#[must_use]
pub fn normalise(text: &str) -> Option<&str> {
    // Most are in that form.
    if text.len() <= LONGEST && !is_of_www(text) && is_plain_name(text.as_bytes()) == Some(true) {
        return Some(text);
    }
    let text = text.trim();
    let text = text
        .split_once("://")
        .map_or(text, |(_, behind)| behind)
        .trim_end_matches('/');
    let text = text.strip_suffix('.').unwrap_or(text);
    let text = if is_of_www(text) {
        text.get(4..)?
    } else {
        text
    };
    // Of the letters beyond ASCII each is looked at once.
    let is_name = || is_plain_name(text.as_bytes()).unwrap_or_else(|| is_international_name(text));
    (text.len() <= LONGEST && is_name()).then_some(text)
}

fn is_of_www(text: &str) -> bool {
    let head = text.as_bytes().first_chunk::<4>();
    head.is_some_and(|head| head.eq_ignore_ascii_case(b"www."))
}

/// Whether a byte stands in labels.
const IN_LABEL: [bool; 256] = {
    let mut is_in = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        is_in[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        byte += 1;
    }
    is_in
};

/// Whether a text is labels with dots between them; `None` where letters beyond ASCII decide.
fn is_plain_name(text: &[u8]) -> Option<bool> {
    let mut begins = true;
    for byte in text {
        if IN_LABEL.get(usize::from(*byte)) == Some(&true) {
            begins = false;
        } else if *byte == b'.' && !begins {
            begins = true;
        } else {
            return if byte.is_ascii() { Some(false) } else { None };
        }
    }
    Some(!begins)
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
    normalise(listed).is_some_and(|listed| name_covers_name(listed, domain))
}

/// The same of two domains in comparison form.
pub(crate) fn name_covers_name(listed: &str, domain: &str) -> bool {
    let Some(start) = domain.len().checked_sub(listed.len()) else {
        return false;
    };
    let (Some(head), Some(tail)) = (domain.get(..start), domain.get(start..)) else {
        return false;
    };
    (head.is_empty() || head.ends_with('.')) && is_same_name(listed, tail)
}

/// Whether two names in comparison form are the same.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    if one.is_ascii() {
        one.eq_ignore_ascii_case(other)
    } else {
        one.len() == other.len() && one.to_lowercase() == other.to_lowercase()
    }
}

/// Whether one of the endings of a name that a list may cover it by, itself and its parents, `is` it; each comes
/// with its hash. The name is read once, from its end.
pub(crate) fn any_ending<'n>(name: &'n str, hash: Hash, is: impl Fn(u64, &'n str) -> bool) -> bool {
    let mut hash = hash;
    for (at, letter) in name.char_indices().rev() {
        if letter == '.' && is(hash.finish(), name.get(at + 1..).unwrap_or_default()) {
            return true;
        }
        hash = with_letter(hash, letter);
    }
    is(hash.finish(), name)
}

/// The hash of a name in comparison form.
pub(crate) fn hash_of(name: &str, hash: Hash) -> u64 {
    name.chars().rev().fold(hash, with_letter).finish()
}

fn with_letter(hash: Hash, letter: char) -> Hash {
    if letter.is_ascii() {
        return hash.with(u64::from(u32::from(letter.to_ascii_lowercase())));
    }
    let lower = letter.to_lowercase();
    // Which of the two small sigmas a capital becomes depends on what stands behind it.
    let lower = lower.map(|letter| if letter == 'ς' { 'σ' } else { letter });
    lower.fold(hash, |hash, letter| hash.with(u64::from(u32::from(letter))))
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
