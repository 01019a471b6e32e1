//! Where records and their catalogs are on disk: `records/KIND/VERSION-BEGUN.records`, and
//! `records/catalogs/VERSION.json`.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use crate::kind::Kind;

/// The records of one kind in a data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    data_dir: PathBuf,
    folder: &'static str,
}

/// Which catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogMark {
    /// Its version.
    pub version: u64,
    /// SHA-256 of its text; absent when it was not there.
    pub sha256: Option<String>,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    /// Format 1: a record a line.
    Lines,
    /// Format 2, with bodies behind each record.
    Frames,
}

/// A file of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordFile {
    pub(crate) path: PathBuf,
    pub(crate) version: u64,
    /// When it was begun, in milliseconds since 1970.
    pub(crate) begun: i64,
    pub(crate) bytes: u64,
    pub(crate) format: Format,
}

/// A catalog that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptCatalog {
    pub(crate) version: u64,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

impl RecordFile {
    pub(crate) fn name(version: u64, begun: i64) -> String {
        format!("{version}-{begun}.records")
    }

    fn of(entry: &fs::DirEntry) -> io::Result<Option<Self>> {
        let name = entry.file_name();
        let Some((stem, ending)) = name.to_str().and_then(|name| name.split_once('.')) else {
            return Ok(None);
        };
        let format = match ending {
            "ndjson" => Format::Lines,
            "records" => Format::Frames,
            _ => return Ok(None),
        };
        let Some((version, begun)) = stem.split_once('-') else {
            return Ok(None);
        };
        let (Ok(version), Ok(begun)) = (version.parse(), begun.parse()) else {
            return Ok(None);
        };
        Ok(Some(Self {
            path: entry.path(),
            version,
            begun,
            bytes: entry.metadata()?.len(),
            format,
        }))
    }
}

impl Store {
    /// The records of this kind in a data directory.
    #[must_use]
    pub fn of<K: Kind>(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            folder: K::NAMES.folder,
        }
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The folder of the files.
    pub(crate) fn folder(&self) -> PathBuf {
        self.data_dir.join("records").join(self.folder)
    }

    /// The folder of the catalogs that records were decided by.
    #[must_use]
    pub fn catalogs(&self) -> PathBuf {
        self.data_dir.join("records").join("catalogs")
    }

    /// Where the catalog of a version is kept.
    #[must_use]
    pub fn catalog(&self, version: u64) -> PathBuf {
        self.catalogs().join(format!("{version}.json"))
    }

    /// Keeps a catalog's text, whole or not at all, for this user only.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn keep_catalog(&self, version: u64, text: &[u8]) -> io::Result<CatalogMark> {
        private_folder(&self.catalogs())?;
        let path = self.catalog(version);
        let part = path.with_extension("part");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(text)?;
        fs::rename(&part, &path)?;
        Ok(CatalogMark {
            version,
            sha256: Some(sha256(text)),
        })
    }

    /// All files of records, the oldest first.
    pub(crate) fn files(&self) -> io::Result<Vec<RecordFile>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.folder())? {
            files.extend(RecordFile::of(&entry?)?);
        }
        files.sort_by_key(|file| (file.begun, file.version, file.format));
        Ok(files)
    }

    /// The catalogs that are kept.
    pub(crate) fn kept_catalogs(&self) -> io::Result<Vec<KeptCatalog>> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(self.catalogs())? {
            let entry = entry?;
            let name = entry.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".json"));
            if let Some(version) = stem.and_then(|it| it.parse().ok()) {
                kept.push(KeptCatalog {
                    version,
                    path: entry.path(),
                    bytes: entry.metadata()?.len(),
                });
            }
        }
        Ok(kept)
    }
}

/// The state digest of format 2: XXH3 of 128 bits over the catalog's checksum, what all records of the file
/// have in common, what was seen, and the bodies of it. It tells what was altered by chance or by hand; it keeps
/// out nobody who writes another one.
pub(crate) fn state_digest(
    catalog: &CatalogMark,
    common: &str,
    seen: &[u8],
    bodies: &[u8],
) -> [u8; 32] {
    let mut hash = Xxh3Default::new();
    hash.update(&catalog.version.to_be_bytes());
    hash.update(catalog.sha256.as_deref().unwrap_or("-").as_bytes());
    for part in [common.as_bytes(), seen, bodies] {
        hash.update(part);
    }
    digits(hash.digest128())
}

/// The state digest of format 1: SHA-256 over the catalog's checksum and what was seen.
pub(crate) fn older_digest(catalog: &CatalogMark, seen: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(catalog.version.to_be_bytes());
    hash.update(catalog.sha256.as_deref().unwrap_or("-"));
    hash.update(seen);
    hex(&hash.finalize())
}

/// XXH3 of 128 bits in hexadecimal digits: for what is compared, not for what is trusted.
#[must_use]
pub fn xxh3(bytes: &[u8]) -> String {
    let digits = digits(xxh3_128(bytes));
    digits.into_iter().map(char::from).collect()
}

fn digits(digest: u128) -> [u8; 32] {
    let mut out = [0; 32];
    for (pair, byte) in out
        .as_chunks_mut::<2>()
        .0
        .iter_mut()
        .zip(digest.to_be_bytes())
    {
        *pair = [digit(byte >> 4), digit(byte & 0xf)];
    }
    out
}

pub(crate) const fn digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' - 10 + nibble,
    }
}

/// SHA-256 in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let pairs = bytes.iter();
    let digits = pairs.flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
    digits.map(char::from).collect()
}

/// The bytes of hexadecimal digits; `None` when they are none.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|it| it.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

/// A folder that only this user can look into.
///
/// # Errors
/// The file system refuses.
pub fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// A new file that only this user can read.
pub(crate) fn new_private_file(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_come_back() {
        let bytes = [0, 0xff, 0x7f, 0xc3];
        assert_eq!(hex(&bytes), "00ff7fc3");
        assert_eq!(unhex(&hex(&bytes)).as_deref(), Some(&bytes[..]));
        for none in ["f", "fg", "é"] {
            assert_eq!(unhex(none), None, "{none}");
        }
    }

    #[test]
    fn digests_are_over_all_that_was_seen() {
        let mark = |version, sha256: Option<&str>| CatalogMark {
            version,
            sha256: sha256.map(str::to_owned),
        };
        let digest = state_digest(&mark(7, Some("ab")), "c", b"{}", b"x");
        let mut by_hand = 7_u64.to_be_bytes().to_vec();
        by_hand.extend_from_slice(b"abc{}x");
        assert_eq!(digest, xxh3(&by_hand).as_bytes());
        let others = [
            state_digest(&mark(8, Some("ab")), "c", b"{}", b"x"),
            state_digest(&mark(7, None), "c", b"{}", b"x"),
            state_digest(&mark(7, Some("ab")), "d", b"{}", b"x"),
            state_digest(&mark(7, Some("ab")), "c", b"[]", b"x"),
            state_digest(&mark(7, Some("ab")), "c", b"{}", b"y"),
        ];
        assert!(others.iter().all(|other| *other != digest));
        // The vector of the algorithm's own documentation for no bytes.
        assert_eq!(xxh3(b""), "99aa06d3014798d86001c324468d497f");
        by_hand.truncate(8);
        by_hand.extend_from_slice(b"ab{}");
        assert_eq!(older_digest(&mark(7, Some("ab")), "{}"), sha256(&by_hand));
    }
}
