//! Just enough of a TCF v2 consent string to know whether ids may travel (C-162).

/// Bits of a base64url text, most significant first.
pub(super) struct Bits<'a>(&'a [u8]);

impl<'a> Bits<'a> {
    /// The bits of one segment; `None` when a character is not base64url.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        text.bytes()
            .all(|c| six_bits(c).is_some())
            .then_some(Self(text.as_bytes()))
    }

    /// The bit at `index`; `None` behind the end.
    pub(super) fn bit(&self, index: usize) -> Option<bool> {
        let six = six_bits(*self.0.get(index / 6)?)?;
        Some(six >> (5 - index % 6) & 1 == 1)
    }

    /// `width` bits from `start` as a number; `None` behind the end.
    pub(super) fn number(&self, start: usize, width: usize) -> Option<u32> {
        (start..start.checked_add(width)?).try_fold(0_u32, |number, index| {
            Some(number << 1 | u32::from(self.bit(index)?))
        })
    }
}

const fn six_bits(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

/// Where the core segment's 24 purpose consents begin.
const PURPOSES_AT: usize = 152;

/// Whether the string is TCF v2 and consents to purposes 1 and 2: storage on the device, basic ads.
///
/// A string that cannot be read is no consent.
#[must_use]
pub fn allows_ids(consent: &str) -> bool {
    let core = consent.split('.').next().unwrap_or_default();
    let Some(bits) = Bits::of(core) else {
        return false;
    };
    bits.number(0, 6) == Some(2)
        && bits.bit(PURPOSES_AT) == Some(true)
        && bits.bit(PURPOSES_AT + 1) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_strings() {
        // The start of the string of examples 04 and 13.
        let given = "CQbP_7AQbP_7AAKACBDECOFgAP_gAEPgAAYgF5gBAAAEAABAACBAAIAAAAAEAAAA.IF5oBAAAEAAB";
        let none = "CQbP_7AQbP_7AAKACBDECOFgAAAAAEPgAAYgF5gBAAAEAABAACBAAIAAAAAEAAAA";
        let cases = [
            ("C-162 purposes 1 and 2", given, true),
            ("C-162 no purpose", none, false),
            ("C-162 absent", "", false),
            ("C-162 truncated", "CQbP_7A", false),
            ("C-162 not base64url", "C%%%", false),
            (
                "C-162 version 1",
                "BQbP_7AQbP_7AAKACBDECOFgAP_gAEPgAAYgF5gBAAAE",
                false,
            ),
        ];
        for (item, text, expect) in cases {
            assert_eq!(allows_ids(text), expect, "{item}");
        }
    }
}
