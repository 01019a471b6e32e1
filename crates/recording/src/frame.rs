//! Format 2: a first line that says what all records of the file have in common, then the records.
//!
//! A record is a head of fixed length (id, the lengths of its parts in hexadecimal digits, its state digest), what
//! was seen and what came of it as JSON, and the bodies byte for byte; each part ends with a line feed. A record
//! is found by its head alone, and passed over by its lengths.

use std::io::{self, BufRead, Read as _};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use units::AuctionId;

use crate::store::{CatalogMark, digit, state_digest};

/// The format that is written.
pub(crate) const FORMAT: u32 = 2;
/// Bytes of an id.
const ID: usize = 36;
/// Bytes of a length.
const LENGTH: usize = 8;
/// Bytes of a digest.
const DIGEST: usize = 32;
/// An id, three lengths and a digest, each with what separates it from the next.
const HEAD: usize = ID + 3 * (1 + LENGTH) + 1 + DIGEST + 1;
/// Line feeds behind the parts.
const ENDS: usize = 3;

/// The first line of a file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FileHead {
    /// Which format the rest is of.
    pub(crate) format: u32,
    /// The catalog that was decided by.
    pub(crate) catalog: CatalogMark,
    /// Members of what was seen that all records of the file have in common: an object, or `null`.
    pub(crate) common: Box<RawValue>,
}

/// How long the parts of a record are, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Lengths {
    pub(crate) seen: usize,
    pub(crate) outcome: usize,
    pub(crate) bodies: usize,
}

impl Lengths {
    /// Of the parts together.
    pub(crate) const fn parts(self) -> usize {
        self.seen + self.outcome + self.bodies
    }

    /// Of the whole record on disk.
    pub(crate) const fn record(self) -> usize {
        HEAD + self.parts() + ENDS
    }

    fn split(self, parts: &[u8]) -> Option<[&[u8]; 3]> {
        let (seen, rest) = parts.split_at_checked(self.seen)?;
        let (outcome, rest) = rest.split_at_checked(self.outcome)?;
        let (bodies, rest) = rest.split_at_checked(self.bodies)?;
        rest.is_empty().then_some([seen, outcome, bodies])
    }
}

/// Appends a record to `out`; its parts stand in `parts` one behind the other.
pub(crate) fn write(
    out: &mut Vec<u8>,
    id: AuctionId,
    lengths: Lengths,
    parts: &[u8],
    catalog: &CatalogMark,
    common: &str,
) {
    let Some([seen, outcome, bodies]) = lengths.split(parts) else {
        return;
    };
    out.reserve(lengths.record());
    let mut text = [0; ID];
    out.extend_from_slice(id.0.hyphenated().encode_lower(&mut text).as_bytes());
    for length in [lengths.seen, lengths.outcome, lengths.bodies] {
        out.push(b' ');
        // No record is longer than that: see `Bounds`.
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        for byte in length.to_be_bytes() {
            out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
    out.push(b' ');
    out.extend_from_slice(&state_digest(catalog, common, seen, bodies));
    out.push(b'\n');
    for part in [seen, outcome, bodies] {
        out.extend_from_slice(part);
        out.push(b'\n');
    }
}

/// A record as it stands in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Framed {
    pub(crate) digest: String,
    pub(crate) seen: Vec<u8>,
    pub(crate) outcome: Vec<u8>,
    pub(crate) bodies: Vec<u8>,
}

/// The newest record of `id` in what follows a file's first line. What a process left half-written when it
/// died is the end of its file.
///
/// # Errors
/// The file cannot be read, or holds something that is no record: [`io::ErrorKind::InvalidData`].
pub(crate) fn find(
    file: &mut (impl BufRead + io::Seek),
    id: AuctionId,
) -> io::Result<Option<Framed>> {
    let mut text = [0; ID];
    let wanted = id.0.hyphenated().encode_lower(&mut text).as_bytes();
    let mut newest = None;
    let mut head = [0; HEAD];
    while is_whole(file.read_exact(&mut head))? {
        let (lengths, digest) = read_head(&head).ok_or_else(damaged)?;
        let parts = lengths.parts().saturating_add(ENDS);
        if head.get(..ID) != Some(wanted) {
            let parts = i64::try_from(parts).map_err(|_| damaged())?;
            file.seek_relative(parts)?;
            continue;
        }
        let mut part = |length: usize| -> io::Result<Option<Vec<u8>>> {
            let mut bytes = Vec::new();
            let most = u64::try_from(length).map_err(|_| damaged())?;
            file.by_ref().take(most).read_to_end(&mut bytes)?;
            let mut end = [0];
            if !is_whole(file.read_exact(&mut end))? {
                return Ok(None);
            }
            if end == *b"\n" {
                Ok(Some(bytes))
            } else {
                Err(damaged())
            }
        };
        let parts = [lengths.seen, lengths.outcome, lengths.bodies];
        let [seen, outcome, bodies] = parts.map(&mut part);
        let (Some(seen), Some(outcome), Some(bodies)) = (seen?, outcome?, bodies?) else {
            break;
        };
        newest = Some(Framed {
            digest: digest.to_owned(),
            seen,
            outcome,
            bodies,
        });
    }
    Ok(newest)
}

fn is_whole(read: io::Result<()>) -> io::Result<bool> {
    match read {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "what stands in the place of a record is none: the file was altered, or its disk is broken",
    )
}

fn read_head(head: &[u8; HEAD]) -> Option<(Lengths, &str)> {
    let mut words = std::str::from_utf8(head)
        .ok()?
        .strip_suffix('\n')?
        .split(' ');
    let _id = words.next()?;
    let mut length = || {
        let digits = words.next().filter(|it| it.len() == LENGTH)?;
        usize::from_str_radix(digits, 16).ok()
    };
    let lengths = Lengths {
        seen: length()?,
        outcome: length()?,
        bodies: length()?,
    };
    let digest = words.next().filter(|it| it.len() == DIGEST)?;
    words.next().is_none().then_some((lengths, digest))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use units::UnixMillis;

    use super::*;

    fn id(n: u8) -> AuctionId {
        AuctionId::new(UnixMillis(1_790_000_000_000), [n; 10])
    }

    fn mark() -> CatalogMark {
        CatalogMark {
            version: 7,
            sha256: None,
        }
    }

    fn put(out: &mut Vec<u8>, n: u8, parts: [&[u8]; 3]) {
        let [seen, outcome, bodies] = parts.map(<[u8]>::len);
        let lengths = Lengths {
            seen,
            outcome,
            bodies,
        };
        let before = out.len();
        write(out, id(n), lengths, &parts.concat(), &mark(), "null");
        assert_eq!(out.len() - before, lengths.record());
    }

    fn found(file: &[u8], n: u8) -> io::Result<Option<Framed>> {
        find(&mut Cursor::new(file), id(n))
    }

    #[test]
    fn the_newest_of_an_id_is_found_and_what_is_torn_is_the_end() {
        let mut file = Vec::new();
        put(&mut file, 1, [b"{}", b"[1]", b"a\nb"]);
        put(&mut file, 2, [b"{\"s\":1}", b"[2]", b""]);
        put(&mut file, 1, [b"{}", b"[3]", &[0xff, b'\n']]);
        let newest = found(&file, 1).unwrap().unwrap();
        assert_eq!(
            (&*newest.outcome, &*newest.bodies),
            (&b"[3]"[..], &[0xff, b'\n'][..])
        );
        let digest = state_digest(&mark(), "null", b"{}", &[0xff, b'\n']);
        assert_eq!(newest.digest.as_bytes(), digest);
        assert_eq!(found(&file, 9).unwrap(), None);
        // Wherever the last one is torn, the one before it is the newest.
        let whole = file.len();
        for torn in 1..(Lengths {
            seen: 2,
            outcome: 3,
            bodies: 2,
        })
        .record()
        {
            let newest = found(&file[..whole - torn], 1).unwrap().unwrap();
            assert_eq!(newest.outcome, b"[1]", "{torn} bytes are gone");
        }
    }

    #[test]
    fn what_is_no_record_is_said_to_be_none() {
        let mut file = Vec::new();
        put(&mut file, 1, [b"{}", b"[1]", b""]);
        put(&mut file, 2, [b"{}", b"[2]", b""]);
        for (says, at, byte) in [
            ("a length that is none", ID + 1, b'x'),
            ("no blank", ID, b'x'),
            ("another length: the next head is none", ID + LENGTH, b'3'),
        ] {
            let mut file = file.clone();
            file[at] = byte;
            for n in [1, 2] {
                let error = found(&file, n).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{says}: {error}");
            }
        }
        // A head of the same length with a shorter id and a word more.
        let mut longer = file.clone();
        longer.splice(HEAD - 1..HEAD - 1, *b" x");
        longer.drain(..2);
        assert!(found(&longer, 2).is_err(), "a word more");
        // The end of a part is looked at where the part is read.
        for at in [HEAD + 2, HEAD + 6, HEAD + 7] {
            let mut file = file.clone();
            file[at] = b'x';
            assert!(found(&file, 1).is_err(), "a part that goes on, {at}");
            assert!(found(&file, 2).unwrap().is_some(), "another record, {at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, at in 0_usize..300) {
            let mut file = Vec::new();
            put(&mut file, 1, [b"{}", b"[1]", &bytes]);
            let newest = found(&file, 1).unwrap().unwrap();
            prop_assert_eq!(&newest.bodies, &bytes);
            let _ = found(&bytes, 1);
            let at = at.min(file.len());
            file.splice(at..at, bytes);
            let _ = found(&file, 1);
        }
    }
}
