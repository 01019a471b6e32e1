//! What is different between two versions of a text, line by line: for large values of which little changes.
//!
//! A patch names the checksums of the text that it is for and of the text that it makes, so that whoever
//! applies it has what the publisher has, byte by byte, or knows that it has not.

use std::collections::HashMap;

use super::copy::checksum;

/// Media type of patches behind one another: before each of them its length in decimal and an end of line.
pub const MEDIA_TYPE: &str = "application/vnd.gavel.patch";

/// The value of the query's `patch` with which a publisher may answer by patches.
pub const ACCEPTED: &str = "1";

/// So many lines ahead it is looked for where two texts go on alike.
const AHEAD: usize = 8_192;
/// Bytes that are compared at once.
const STRIDE: usize = 4_096;

/// Why a patch was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatchFault {
    /// The text that it is for is not here.
    #[error("the text that the patch is for is not here, or it is damaged")]
    OtherBase,
    /// It is none, or it ends too early.
    #[error("the patch cannot be read")]
    Unreadable,
    /// It makes another text than it says.
    #[error("the patched text is another one than the publisher's: its checksum is wrong")]
    OtherText,
}

/// The patch that makes `new` of `old`; `None` where it would not be much shorter than `new`.
#[must_use]
pub fn between(old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let most = new.len() / 4;
    let mut patch = format!("{:016x}{:016x}", checksum(old), checksum(new)).into_bytes();
    let (mut old, mut new) = (old, new);
    while !(old.is_empty() && new.is_empty()) {
        let alike = alike(old, new);
        step(&mut patch, b'=', alike, &[]);
        (old, new) = (old.get(alike..)?, new.get(alike..)?);
        let (gone, fresh) = apart(old, new);
        step(&mut patch, b'-', gone, &[]);
        step(&mut patch, b'+', fresh, new.get(..fresh)?);
        (old, new) = (old.get(gone..)?, new.get(fresh..)?);
        if patch.len() > most {
            return None;
        }
    }
    Some(patch)
}

/// Applies patches that stand behind one another as [`MEDIA_TYPE`] says, the first one to `old`.
///
/// # Errors
/// [`PatchFault`]: the whole text has to be asked for.
pub fn apply(old: Vec<u8>, mut patches: &[u8]) -> Result<Vec<u8>, PatchFault> {
    let mut text = old;
    while !patches.is_empty() {
        let (length, rest) = number(patches)?;
        let (patch, rest) = rest
            .split_at_checked(length)
            .ok_or(PatchFault::Unreadable)?;
        text = apply_one(&text, patch)?;
        patches = rest;
    }
    Ok(text)
}

/// Patches behind one another, as [`apply`] takes them.
#[must_use]
pub fn joined<'p>(patches: impl Iterator<Item = &'p [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for patch in patches {
        out.extend_from_slice(format!("{}\n", patch.len()).as_bytes());
        out.extend_from_slice(patch);
    }
    out
}

fn apply_one(old: &[u8], patch: &[u8]) -> Result<Vec<u8>, PatchFault> {
    let sum = |bytes: Option<&[u8]>| {
        let digits = bytes.and_then(|it| std::str::from_utf8(it).ok());
        let sum = digits.and_then(|it| u64::from_str_radix(it, 16).ok());
        sum.ok_or(PatchFault::Unreadable)
    };
    let (base, whole) = (sum(patch.get(..16))?, sum(patch.get(16..32))?);
    if checksum(old) != base {
        return Err(PatchFault::OtherBase);
    }
    let mut new = Vec::with_capacity(old.len() + patch.len());
    let (mut old, mut steps) = (old, patch.get(32..).unwrap_or_default());
    while let Some((kind, rest)) = steps.split_first() {
        let (length, rest) = number(rest)?;
        let from = if *kind == b'+' { rest } else { old };
        let (taken, behind) = from
            .split_at_checked(length)
            .ok_or(PatchFault::Unreadable)?;
        match kind {
            b'=' | b'+' => new.extend_from_slice(taken),
            b'-' => {}
            _ => return Err(PatchFault::Unreadable),
        }
        if *kind == b'+' {
            steps = behind;
        } else {
            (old, steps) = (behind, rest);
        }
    }
    if !old.is_empty() || checksum(&new) != whole {
        return Err(PatchFault::OtherText);
    }
    Ok(new)
}

fn step(patch: &mut Vec<u8>, kind: u8, length: usize, bytes: &[u8]) {
    if length > 0 {
        patch.push(kind);
        patch.extend_from_slice(format!("{length}\n").as_bytes());
        patch.extend_from_slice(bytes);
    }
}

/// A decimal number and what stands behind the end of its line.
fn number(bytes: &[u8]) -> Result<(usize, &[u8]), PatchFault> {
    let end = memchr::memchr(b'\n', bytes).ok_or(PatchFault::Unreadable)?;
    let (digits, rest) = bytes.split_at_checked(end).ok_or(PatchFault::Unreadable)?;
    let digits = std::str::from_utf8(digits).map_err(|_| PatchFault::Unreadable)?;
    let number = digits.parse().map_err(|_| PatchFault::Unreadable)?;
    Ok((number, rest.get(1..).unwrap_or_default()))
}

/// Bytes of the lines with which both texts begin.
fn alike<'t>(old: &'t [u8], new: &'t [u8]) -> usize {
    let both = old.len().min(new.len());
    let strides = old.chunks_exact(STRIDE).zip(new.chunks_exact(STRIDE));
    let strides = strides.take_while(|(a, b)| a == b).count() * STRIDE;
    let tail = |text: &'t [u8]| text.get(strides..both.min(strides + STRIDE));
    let (a, b) = (tail(old).unwrap_or_default(), tail(new).unwrap_or_default());
    let same = strides + a.iter().zip(b).take_while(|(a, b)| a == b).count();
    if same == old.len() && same == new.len() {
        return same;
    }
    let begin = old.get(..same).unwrap_or_default();
    memchr::memrchr(b'\n', begin).map_or(0, |end| end + 1)
}

/// Bytes of the lines up to where both texts go on alike, as near as can be; all of both where they do not.
fn apart(old: &[u8], new: &[u8]) -> (usize, usize) {
    let mut places = HashMap::new();
    let mut at = 0;
    for (number, line) in lines(new).enumerate() {
        places.entry(line).or_insert((number, at));
        at += line.len();
    }
    let mut nearest = None;
    let mut at = 0;
    for (number, line) in lines(old).enumerate() {
        if nearest.is_some_and(|(lines, _)| lines <= number) {
            break;
        }
        if let Some((other, place)) = places.get(line) {
            let lines = number + other;
            if nearest.is_none_or(|(before, _)| lines < before) {
                nearest = Some((lines, (at, *place)));
            }
        }
        at += line.len();
    }
    nearest.map_or((old.len(), new.len()), |it| it.1)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').take(AHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines of few kinds, so that many are alike, some of them long, the last one without an end.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let line = prop_oneof![
            4 => "[ab]{0,2}\n".boxed(),
            1 => "[a-c]{1,3}".prop_map(|it| format!("{}\n", it.repeat(2_000))).boxed(),
        ];
        let lines = proptest::collection::vec(line, 0..40);
        (lines, "[ab]{0,2}").prop_map(|(lines, last)| (lines.concat() + &last).into_bytes())
    }

    fn patch(old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
        between(old, new).map(|it| joined([&*it].into_iter()))
    }

    proptest! {
        #[test]
        fn a_patched_text_is_the_new_one(old in text(), new in text()) {
            // Shorter than a quarter of it by what both have behind.
            let more = [b"z\n".repeat(40_000), new.clone()].concat();
            let base = [b"z\n".repeat(40_000), old.clone()].concat();
            if let Some(patch) = patch(&base, &more) {
                prop_assert_eq!(apply(base, &patch).unwrap(), more);
            }
            if let Some(patch) = patch(&old, &new) {
                prop_assert_eq!(apply(old, &patch).unwrap(), new);
            }
        }

        #[test]
        fn a_damaged_patch_never_makes_another_text(
            edits in proptest::collection::vec((0_usize..300, "[a-z]{1,5}"), 1..6), at in 0_usize..10_000, byte: u8,
        ) {
            let old: Vec<String> = (0..300).map(|at| format!("record {at}\n")).collect();
            let mut new = old.clone();
            for (at, with) in edits {
                new[at] = format!("{with}\n");
            }
            let (old, new) = (old.concat().into_bytes(), new.concat().into_bytes());
            let good = patch(&old, &new).unwrap();
            let mut bad = good.clone();
            let at = at % bad.len();
            bad[at] = byte;
            let made = apply(old.clone(), &bad);
            prop_assert!(made.is_err() || made == Ok(new.clone()), "{bad:?}");
            let made = apply(old, &good[..at]);
            prop_assert!(made.is_err() || at == 0, "cut at {at}");
        }
    }

    #[test]
    fn patches_follow_one_another_and_a_gap_is_noticed() {
        let version = |at: usize| -> Vec<u8> {
            let records = (0..500).map(|it| match it {
                it if it == at => format!("record {it} of version {at}\n"),
                it => format!("record {it}\n"),
            });
            records.collect::<String>().into_bytes()
        };
        let patches: Vec<_> = (1..9)
            .map(|at| between(&version(at), &version(at + 1)).unwrap())
            .collect();
        let all = |from: usize| joined(patches[from..].iter().map(Vec::as_slice));
        assert_eq!(apply(version(1), &all(0)), Ok(version(9)));
        assert_eq!(apply(version(4), &all(3)), Ok(version(9)));
        assert_eq!(apply(version(1), &all(1)), Err(PatchFault::OtherBase));
        let gap = joined([&*patches[0], &*patches[2]].into_iter());
        assert_eq!(apply(version(1), &gap), Err(PatchFault::OtherBase));
    }

    #[test]
    fn a_patch_is_small_and_two_texts_without_a_line_in_common_have_none() {
        let old: String = (0..20_000).map(|it| format!("record {it}\n")).collect();
        let edited = old
            .replacen("record 3\n", "record III\n", 1)
            .replacen("record 9000\n", "", 1)
            .replacen("record 19999\n", "record 19999\none more\nand one\n", 1);
        let patch = between(old.as_bytes(), edited.as_bytes()).unwrap();
        assert!(patch.len() < 140, "{}", String::from_utf8_lossy(&patch));
        let other: String = (0..20_000).map(|it| format!("another {it}\n")).collect();
        assert_eq!(between(old.as_bytes(), other.as_bytes()), None);
    }
}
