//! Advertiser domains: normal form and lists (C-29).

use crate::listed::Hash;

/// Bytes of a domain name (RFC 1035 §2.3.4).
pub(crate) const LONGEST: usize = 253;

/// The domain in comparison form, borrowed: no scheme, no leading `www.`, no trailing dot.
/// `None` when it is no domain. Case is left to the comparison.
#[must_use]
pub fn normalise(text: &str) -> Option<&str> {
    // Most are short and in that form.
    if text.len() <= SHORT && !is_of_www(text) && is_plain_name(text.as_bytes()) {
        return Some(text);
    }
    let text = comparison_form(text)?;
    (text.len() <= LONGEST && is_name(text)).then_some(text)
}

/// Bytes up to which a name is looked through one by one.
const SHORT: usize = 64;

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

/// Whether a text is labels of ASCII with dots between them.
fn is_plain_name(text: &[u8]) -> bool {
    let mut begins = true;
    for byte in text {
        if IN_LABEL.get(usize::from(*byte)) == Some(&true) {
            begins = false;
        } else if *byte == b'.' && !begins {
            begins = true;
        } else {
            return false;
        }
    }
    !begins
}

/// The same of a text that is known to be a domain.
pub(crate) fn comparison_form(text: &str) -> Option<&str> {
    let text = text.trim();
    // A colon is found sooner than a text.
    let behind = match text.contains(':') {
        true => text.split_once("://").map(|(_, behind)| behind),
        false => None,
    };
    let text = behind.unwrap_or(text).trim_end_matches('/');
    let text = text.strip_suffix('.').unwrap_or(text);
    match text.get(..4) {
        Some(head) if head.eq_ignore_ascii_case("www.") => text.get(4..),
        _ => Some(text),
    }
}

/// Whether a text is labels with dots between them. What is asked of each byte alike is asked of many at a time.
fn is_name(text: &str) -> bool {
    if !text.is_ascii() {
        return is_international_name(text);
    }
    let bytes = text.as_bytes();
    let is_of_names =
        |byte: u8| byte.is_ascii_alphanumeric() | (byte == b'.') | (byte == b'-') | (byte == b'_');
    let is_all = bytes
        .iter()
        .fold(true, |all, byte| all & is_of_names(*byte));
    let behind = bytes.get(1..).unwrap_or_default().iter();
    let has_empty = bytes.iter().zip(behind).fold(false, |any, (one, next)| {
        any | ((*one == b'.') & (*next == b'.'))
    });
    let ends = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == b'.');
    is_all && !has_empty && !ends(bytes.first()) && !ends(bytes.last())
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

/// Bytes beyond ASCII in names.
pub(crate) fn international<'n>(names: impl IntoIterator<Item = &'n str>) -> usize {
    let beyond = |name: &str| name.bytes().filter(|byte| !byte.is_ascii()).count();
    names.into_iter().map(beyond).sum()
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
/// with its hash. The name is read once, from its end, and no further than the `longest` name on the list, in bytes.
pub(crate) fn any_ending<'n>(
    name: &'n str,
    longest: usize,
    hash: Hash,
    is: impl Fn(u64, &'n str) -> bool,
) -> bool {
    let mut read = Backwards::from(hash);
    for (at, letter) in name.char_indices().rev() {
        if letter == '.' {
            read.flush();
            if is(read.hash.finish(), name.get(at + 1..).unwrap_or_default()) {
                return true;
            }
        }
        if name.len() - at > longest {
            return false;
        }
        read.add(letter);
    }
    read.flush();
    is(read.hash.finish(), name)
}

/// The hash of a name in comparison form.
pub(crate) fn hash_of(name: &str, hash: Hash) -> u64 {
    let mut read = Backwards::from(hash);
    for letter in name.chars().rev() {
        if letter == '.' {
            read.flush();
        }
        read.add(letter);
    }
    read.flush();
    read.hash.finish()
}

/// The hash of a name that is read from its end: up to eight letters of a label make one number.
struct Backwards {
    hash: Hash,
    /// Letters that are not in it yet; none of them is zero.
    word: u64,
}

impl From<Hash> for Backwards {
    fn from(hash: Hash) -> Self {
        Self { hash, word: 0 }
    }
}

impl Backwards {
    fn add(&mut self, letter: char) {
        if letter.is_ascii() {
            self.push(letter.to_ascii_lowercase());
        } else if letter.is_lowercase() && letter != 'ς' {
            // It is its own small letter, which takes longer to look up.
            self.push(letter);
        } else {
            for small in letter.to_lowercase().rev() {
                // Which of the two small sigmas a capital becomes depends on what stands behind it.
                self.push(if small == 'ς' { 'σ' } else { small });
            }
        }
    }

    fn push(&mut self, small: char) {
        /// No number of ASCII letters has this bit.
        const APART: u64 = 1 << 63;
        let number = u64::from(u32::from(small));
        if small.is_ascii() {
            self.word = (self.word << 8) | number;
            if self.word >> 56 != 0 {
                self.flush();
            }
        } else {
            self.flush();
            self.hash = self.hash.with(APART | number);
        }
    }

    fn flush(&mut self) {
        if self.word != 0 {
            self.hash = self.hash.with(self.word);
            self.word = 0;
        }
    }
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
    fn small_letters_are_their_own_small_letters() {
        for letter in ('\u{80}'..=char::MAX).filter(|letter| letter.is_lowercase()) {
            assert!(letter.to_lowercase().eq([letter]), "{letter}");
        }
    }

    #[test]
    fn what_is_no_domain() {
        for text in [
            "",
            "a b",
            "a..b",
            "\"><script>",
            "a.example/path",
            ".a",
            "..",
            "é..a",
            "é b",
        ] {
            assert_eq!(normalise(text), None, "X-42: {text}");
        }
    }
}
