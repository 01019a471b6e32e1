//! US opt-outs in a GPP string (C-163).

use super::tcf::Bits;

/// Whether a US section of the string says that sale, sharing or targeting is opted out of.
///
/// What cannot be read, and sections that are not known, say nothing.
#[must_use]
pub fn us_opt_out(gpp: &str) -> bool {
    let mut parts = gpp.split('~');
    let Some(ids) = parts.next().and_then(section_ids) else {
        return false;
    };
    ids.iter().zip(parts).any(|(id, section)| match id {
        6 => us_privacy_opt_out(section),
        7..=27 => state_opt_out(*id, section).unwrap_or(false),
        _ => false,
    })
}

/// Whether the third flag of a `us_privacy` string is `Y` (C-163).
#[must_use]
pub fn us_privacy_opt_out(text: &str) -> bool {
    text.len() == 4 && matches!(text.as_bytes().get(2), Some(b'Y' | b'y'))
}

/// Sections of the header: type 3, version 1, then a Fibonacci-coded range.
fn section_ids(header: &str) -> Option<Vec<u32>> {
    let bits = Bits::of(header)?;
    if bits.number(0, 6)? != 3 || bits.number(6, 6)? != 1 {
        return None;
    }
    let entries = bits.number(12, 12)?;
    let (mut at, mut last, mut ids) = (24, 0_u32, Vec::new());
    for _ in 0..entries {
        let is_range = bits.bit(at)?;
        let (offset, next) = fibonacci(&bits, at + 1)?;
        let first = last.checked_add(offset)?;
        last = first;
        at = next;
        if is_range {
            let (length, next) = fibonacci(&bits, at)?;
            last = first.checked_add(length)?;
            at = next;
        }
        // No section beyond 63 is known; longer lists are not worth reading.
        if last > 63 {
            return None;
        }
        ids.extend(first..=last);
    }
    Some(ids)
}

/// A Fibonacci-coded number from `at`, and where the next begins: it ends with two ones in a row.
fn fibonacci(bits: &Bits<'_>, at: usize) -> Option<(u32, usize)> {
    let (mut number, mut one, mut two, mut before) = (0_u32, 1_u32, 2_u32, false);
    for index in at..at.checked_add(32)? {
        let bit = bits.bit(index)?;
        if bit && before {
            return Some((number, index + 1));
        }
        if bit {
            number = number.checked_add(one)?;
        }
        (one, two) = (two, one.checked_add(two)?);
        before = bit;
    }
    None
}

/// Opt-outs of the national section (7) and of the states' sections; 1 means opted out.
fn state_opt_out(id: u32, section: &str) -> Option<bool> {
    let mut segments = section.split('.');
    let bits = Bits::of(segments.next()?)?;
    let fields: &[usize] = match id {
        7 => &[18, 20, 22],
        11 => &[14, 16],
        _ => &[12, 14],
    };
    let opted_out = fields.iter().any(|at| bits.number(*at, 2) == Some(1));
    // The GPC sub-section: type 1, then one bit.
    let gpc = segments
        .filter_map(Bits::of)
        .any(|segment| segment.number(0, 2) == Some(1) && segment.bit(2) == Some(true));
    Some(opted_out || gpc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn us_sections() {
        let cases = [
            (
                "C-163 usnat, all opted out and GPC (example 15)",
                "DBABLA~BVQVAAAAAWA.YA",
                true,
            ),
            (
                "C-163 usnat, not opted out (example 09)",
                "DBABLA~BVQqAAAAAWA.QA",
                false,
            ),
            ("C-163 GPC alone", "DBABLA~BVQqAAAAAWA.YA", true),
            (
                "C-163 no US section",
                "DBABMA~CQbP_7AQbP_7AAKACBDECOFgAP_g",
                false,
            ),
            ("C-163 unreadable", "garbage~x", false),
            ("C-163 empty", "", false),
        ];
        for (item, text, expect) in cases {
            assert_eq!(us_opt_out(text), expect, "{item}");
        }
    }

    #[test]
    fn us_privacy_strings() {
        for (text, expect) in [
            ("1YYN", true),
            ("1YNN", false),
            ("1---", false),
            ("", false),
            ("1YYNN", false),
        ] {
            assert_eq!(us_privacy_opt_out(text), expect, "C-163: {text}");
        }
    }
}
