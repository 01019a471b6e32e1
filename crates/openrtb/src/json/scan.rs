//! Scanning of strings and numbers: where they end, and whether they are legal.

use super::fault::{Fault, MalformedKind};
use wide::u8x16;

/// Where a string's content ends, and how long it is once its escape sequences are resolved: each makes it shorter.
#[derive(Clone, Copy)]
pub(super) struct Scanned {
    pub(super) end: usize,
    pub(super) length: usize,
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
            length: end - start,
        }),
        None => unusual_string(bytes, start, limit),
    }
}

/// A string with escape sequences, or one that is refused.
#[inline(never)]
fn unusual_string(bytes: &[u8], start: usize, limit: usize) -> Result<Scanned, Fault> {
    let (mut at, mut saved) = (start, 0);
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<STEP>()) {
        let mut found = specials(*chunk);
        let mut next = at + STEP;
        while found != 0 {
            let place = at + found.trailing_zeros() as usize;
            if bytes.get(place) == Some(&b'\\')
                && bytes
                    .get(place + 1)
                    .is_some_and(|letter| simple(*letter) != 0)
            {
                saved += 1;
                next = next.max(place + 2);
                // The letter may be a special byte, too.
                found &= !(0b11 << (place - at));
                continue;
            }
            let Some((behind, length)) = special(bytes, place)? else {
                return scanned(start, place, saved, limit);
            };
            saved += behind - place - length;
            next = next.max(behind);
            // What belongs to the sequence is not looked at again.
            while found != 0 && at + (found.trailing_zeros() as usize) < behind {
                found &= found - 1;
            }
        }
        at = next;
    }
    loop {
        at = last_special(bytes, at);
        let Some((behind, length)) = special(bytes, at)? else {
            return scanned(start, at, saved, limit);
        };
        saved += behind - at - length;
        at = behind;
    }
}

fn scanned(start: usize, end: usize, saved: usize, limit: usize) -> Result<Scanned, Fault> {
    if end - start > limit {
        return Err(Fault::malformed(start, MalformedKind::StringTooLong));
    }
    Ok(Scanned {
        end,
        length: end - start - saved,
    })
}

/// Looks at a special byte: `None` for the quote that ends the string, else the offset behind the escape sequence
/// that begins there, and the bytes of what that stands for.
#[inline(always)]
fn special(bytes: &[u8], at: usize) -> Result<Option<(usize, usize)>, Fault> {
    match bytes.get(at) {
        Some(b'"') => Ok(None),
        Some(b'\\') => match bytes.get(at + 1) {
            Some(letter) if simple(*letter) != 0 => Ok(Some((at + 2, 1))),
            _ => escape(bytes, at).map(Some),
        },
        Some(0) => Err(Fault::malformed(at, MalformedKind::NulCharacter)),
        Some(_) => Err(Fault::malformed(at, MalformedKind::ControlCharacter)),
        None => Err(Fault::malformed(at, MalformedKind::UnexpectedEnd)),
    }
}

/// The byte that a backslash and this letter stand for; 0: they stand for none.
const fn simple(letter: u8) -> u8 {
    const SIMPLE: [u8; 256] = {
        let mut simple = [0; 256];
        simple[b'"' as usize] = b'"';
        simple[b'\\' as usize] = b'\\';
        simple[b'/' as usize] = b'/';
        simple[b'b' as usize] = b'\x08';
        simple[b'f' as usize] = b'\x0c';
        simple[b'n' as usize] = b'\n';
        simple[b'r' as usize] = b'\r';
        simple[b't' as usize] = b'\t';
        simple
    };
    SIMPLE[letter as usize]
}

/// Checks an escape sequence that is not simple; returns the offset behind it and the bytes of what it stands for.
#[inline(never)]
fn escape(bytes: &[u8], at: usize) -> Result<(usize, usize), Fault> {
    match bytes.get(at + 1) {
        Some(b'u') => {
            let unit = hex(bytes, at + 2)?;
            match unit {
                0 => Err(Fault::malformed(at, MalformedKind::NulCharacter)),
                0xdc00..=0xdfff => Err(Fault::malformed(at, MalformedKind::LoneSurrogate)),
                0xd800..=0xdbff => {
                    let paired =
                        bytes.get(at + 6) == Some(&b'\\') && bytes.get(at + 7) == Some(&b'u');
                    if paired && (0xdc00..=0xdfff).contains(&hex(bytes, at + 8)?) {
                        Ok((at + 12, 4))
                    } else {
                        Err(Fault::malformed(at, MalformedKind::LoneSurrogate))
                    }
                }
                1..0x80 => Ok((at + 6, 1)),
                0x80..0x800 => Ok((at + 6, 2)),
                _ => Ok((at + 6, 3)),
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

/// Resolves the escape sequences of a string that [`string`] accepted, `length` bytes once they are.
pub(super) fn unescape(content: &str, length: usize) -> Box<str> {
    let bytes = content.as_bytes();
    let mut out = vec![0; length];
    let (mut from, mut to) = (0, 0);
    loop {
        // As many as one step looks at are copied at once, what is behind a special byte in vain.
        if let Some(chunk) = bytes
            .get(from..)
            .and_then(|rest| rest.first_chunk::<STEP>())
            && let Some(room) = out.get_mut(to..).and_then(|rest| rest.first_chunk_mut())
        {
            *room = *chunk;
            let plain = (specials(*chunk).trailing_zeros() as usize).min(STEP);
            (from, to) = (from + plain, to + plain);
            if plain == STEP {
                continue;
            }
        } else {
            let end = next_special(bytes, from);
            to = put(&mut out, to, bytes.get(from..end).unwrap_or_default());
            from = end;
        }
        let Some(letter) = bytes.get(from + 1) else {
            break;
        };
        from += 2;
        if *letter != b'u' {
            to = put(&mut out, to, &[simple(*letter)]);
            continue;
        }
        let high = hex(bytes, from).unwrap_or(0xfffd);
        from += 4;
        let mut code = high;
        if (0xd800..=0xdbff).contains(&high) {
            let low = hex(bytes, from + 2).unwrap_or(0xdc00);
            code = 0x10000 + ((high - 0xd800) << 10) + low.saturating_sub(0xdc00);
            from += 6;
        }
        let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        to = put(&mut out, to, letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.truncate(to);
    // Pieces of a text, and whole letters between them, are a text.
    String::from_utf8(out).unwrap_or_default().into_boxed_str()
}

/// Puts bytes where there is room for them; returns the offset behind them.
#[inline(always)]
fn put(out: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    let end = at + bytes.len();
    if let Some(room) = out.get_mut(at..end) {
        room.copy_from_slice(bytes);
    }
    end
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn escape_sequences_stand_for_what_they_are(
            text in r#"[a-zé€😀"\\\\/\n\t]{0,80}"#,
            written in prop::collection::vec(0_u8..3, 80),
        ) {
            let mut json = String::new();
            for (letter, how) in text.chars().zip(written) {
                let mut units = [0; 2];
                match (letter, how) {
                    ('\n', 1) => json.push_str("\\n"),
                    ('"' | '\\' | '/', 1) => json.extend(['\\', letter]),
                    ('"' | '\\' | '\n' | '\t', _) | (_, 2) => {
                        for unit in letter.encode_utf16(&mut units) {
                            json.push_str(&format!("\\u{unit:04x}"));
                        }
                    }
                    _ => json.push(letter),
                }
            }
            let end = json.len();
            let quoted = format!("{json}\"   ");
            let found = string(quoted.as_bytes(), 0, end);
            let found = found.map(|found| (found.end, found.length));
            prop_assert_eq!(found, Ok((end, text.len())));
            prop_assert_eq!(&*unescape(&json, text.len()), text);
            let is_too_long = |limit| string(quoted.as_bytes(), 0, limit).is_err();
            prop_assert!(end.checked_sub(1).is_none_or(is_too_long));
        }
    }

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
