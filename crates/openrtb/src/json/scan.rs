//! Scanning of strings and numbers: where they end, and whether they are legal.

use super::fault::{Fault, MalformedKind};

/// Where a string's content ends, and whether it holds escape sequences.
#[derive(Clone, Copy)]
pub(super) struct Scanned {
    pub(super) end: usize,
    pub(super) escaped: bool,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Offset of the first byte from `at` on that is `"`, `\` or a control character, or the end.
///
/// Eight bytes at a time; a borrow can only spoil bytes behind a true hit, so the lowest is right.
fn next_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = word ^ (ONES * 0x22);
        let quote = quote.wrapping_sub(ONES) & !quote;
        let slash = word ^ (ONES * 0x5c);
        let slash = slash.wrapping_sub(ONES) & !slash;
        let hits = (control | quote | slash) & HIGHS;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if *byte < 0x20 || *byte == b'"' || *byte == b'\\' {
            return at;
        }
        at += 1;
    }
    at
}

/// Checks a string whose opening quote stands just before `start`.
pub(super) fn string(bytes: &[u8], start: usize, limit: usize) -> Result<Scanned, Fault> {
    let mut at = start;
    let mut escaped = false;
    loop {
        at = next_special(bytes, at);
        match bytes.get(at) {
            Some(b'"') => break,
            Some(b'\\') => {
                escaped = true;
                at = escape(bytes, at)?;
            }
            Some(0) => return Err(Fault::malformed(at, MalformedKind::NulCharacter)),
            Some(_) => return Err(Fault::malformed(at, MalformedKind::ControlCharacter)),
            None => return Err(Fault::malformed(at, MalformedKind::UnexpectedEnd)),
        }
    }
    if at - start > limit {
        return Err(Fault::malformed(start, MalformedKind::StringTooLong));
    }
    Ok(Scanned { end: at, escaped })
}

/// Checks the escape sequence at `at` and returns the offset behind it.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let unit = hex(bytes, at + 2)?;
            match unit {
                0 => Err(Fault::malformed(at, MalformedKind::NulCharacter)),
                0xdc00..=0xdfff => Err(Fault::malformed(at, MalformedKind::LoneSurrogate)),
                0xd800..=0xdbff => {
                    let paired =
                        bytes.get(at + 6) == Some(&b'\\') && bytes.get(at + 7) == Some(&b'u');
                    if paired && (0xdc00..=0xdfff).contains(&hex(bytes, at + 8)?) {
                        Ok(at + 12)
                    } else {
                        Err(Fault::malformed(at, MalformedKind::LoneSurrogate))
                    }
                }
                _ => Ok(at + 6),
            }
        }
        Some(_) => Err(Fault::malformed(at, MalformedKind::BadEscape)),
        None => Err(Fault::malformed(at, MalformedKind::UnexpectedEnd)),
    }
}

/// Four hexadecimal digits.
fn hex(bytes: &[u8], at: usize) -> Result<u32, Fault> {
    let mut unit = 0;
    for place in at..at + 4 {
        let byte = bytes
            .get(place)
            .ok_or(Fault::malformed(place, MalformedKind::UnexpectedEnd))?;
        let digit = char::from(*byte)
            .to_digit(16)
            .ok_or(Fault::malformed(place, MalformedKind::BadEscape))?;
        unit = unit * 16 + digit;
    }
    Ok(unit)
}

/// Resolves the escape sequences of a string that [`string`] accepted.
pub(super) fn unescape(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(slash) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, tail) = rest.split_at(slash);
        out.push_str(plain);
        let mut chars = tail.chars();
        chars.next();
        match chars.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let bytes = tail.as_bytes();
                let high = hex(bytes, 2).unwrap_or(0xfffd);
                let mut used = 6;
                let mut code = high;
                if (0xd800..=0xdbff).contains(&high) {
                    let low = hex(bytes, 8).unwrap_or(0xdc00);
                    code = 0x10000 + ((high - 0xd800) << 10) + low.saturating_sub(0xdc00);
                    used = 12;
                }
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = tail.get(used..).unwrap_or_default();
                continue;
            }
            Some(same) => out.push(same),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

/// Offset behind the number that starts at `start` (RFC 8259 §6).
pub(super) fn number(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let bad = |at| {
        let kind = if bytes.len() <= at {
            MalformedKind::UnexpectedEnd
        } else {
            MalformedKind::BadNumber
        };
        Err(Fault::malformed(at, kind))
    };
    let mut at = start;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    match bytes.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits(bytes, at),
        Some(_) | None => return bad(at),
    }
    if bytes.get(at) == Some(&b'.') {
        let end = digits(bytes, at + 1);
        if end == at + 1 {
            return bad(end);
        }
        at = end;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(bytes.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        let end = digits(bytes, at);
        if end == at {
            return bad(end);
        }
        at = end;
    }
    // `01`, `1x` and `1.2.3` end here with a byte that cannot follow a value.
    match bytes.get(at) {
        None | Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') => Ok(at),
        Some(_) => bad(at),
    }
}

fn digits(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..40 {
            for special in [b'"', b'\\', 0x1f, 0] {
                let mut bytes = vec![b'a'; length];
                bytes.push(special);
                bytes.extend_from_slice("é\"\\x".as_bytes());
                assert_eq!(next_special(&bytes, 0), length);
                let mut high = "é".repeat(length).into_bytes();
                high.push(special);
                assert_eq!(next_special(&high, 0), length * 2);
            }
        }
    }
}
