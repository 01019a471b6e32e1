//! Scanning of strings and numbers: where they end, and whether they are legal.

use super::fault::{Fault, MalformedKind};
use wide::u8x16;

/// Where a string's content ends, and whether it holds escape sequences.
#[derive(Clone, Copy)]
pub(super) struct Scanned {
    pub(super) end: usize,
    pub(super) escaped: bool,
}

/// Bytes looked at in one step.
const STEP: usize = 16;

/// One bit per byte that is `"`, `\` or a control character, the lowest for the first byte.
#[inline(always)]
fn specials(chunk: [u8; STEP]) -> u32 {
    let bytes = u8x16::new(chunk);
    let quote = bytes.simd_eq(u8x16::splat(b'"'));
    let slash = bytes.simd_eq(u8x16::splat(b'\\'));
    let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    (quote | slash | control).to_bitmask()
}

/// Bytes before the closing quote, when that is the first special byte of these.
#[inline(always)]
pub(super) fn plain_length(chunk: &[u8; STEP]) -> Option<usize> {
    let length = specials(*chunk).trailing_zeros() as usize;
    (chunk.get(length) == Some(&b'"')).then_some(length)
}

/// Offset of the first byte from `at` on that is `"`, `\` or a control character, or the end.
#[inline(always)]
pub(crate) fn next_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<STEP>()) {
        let mask = specials(*chunk);
        if mask != 0 {
            return at + mask.trailing_zeros() as usize;
        }
        at += STEP;
    }
    last_special(bytes, at)
}

/// The same in the last bytes of a text.
#[cold]
fn last_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        if *byte < 0x20 || *byte == b'"' || *byte == b'\\' {
            return at;
        }
        at += 1;
    }
    at
}

/// Where a string ends that has no escape sequence and is not too long; `None` for any other.
#[inline(always)]
pub(super) fn plain_string(bytes: &[u8], start: usize, limit: usize) -> Option<usize> {
    let end = next_special(bytes, start);
    (bytes.get(end) == Some(&b'"') && end - start <= limit).then_some(end)
}

/// Checks a string whose opening quote stands just before `start`.
#[inline(always)]
pub(super) fn string(bytes: &[u8], start: usize, limit: usize) -> Result<Scanned, Fault> {
    match plain_string(bytes, start, limit) {
        Some(end) => Ok(Scanned {
            end,
            escaped: false,
        }),
        None => unusual_string(bytes, start, limit),
    }
}

/// A string with escape sequences, or one that is refused.
#[inline(never)]
fn unusual_string(bytes: &[u8], start: usize, limit: usize) -> Result<Scanned, Fault> {
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
    let bytes = content.as_bytes();
    let mut out = String::with_capacity(content.len());
    let mut from = 0;
    loop {
        let slash = next_special(bytes, from);
        out.push_str(content.get(from..slash).unwrap_or_default());
        let Some(letter) = bytes.get(slash + 1) else {
            return out;
        };
        from = slash + 2;
        match letter {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let high = hex(bytes, from).unwrap_or(0xfffd);
                from += 4;
                let mut code = high;
                if (0xd800..=0xdbff).contains(&high) {
                    let low = hex(bytes, from + 2).unwrap_or(0xdc00);
                    code = 0x10000 + ((high - 0xd800) << 10) + low.saturating_sub(0xdc00);
                    from += 6;
                }
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            same => out.push(char::from(*same)),
        }
    }
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
