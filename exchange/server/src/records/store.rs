//! Where records and their catalogs are on disk: `records/auctions/VERSION-BEGUN.ndjson`, one record a line,
//! and `records/catalogs/VERSION.json`, what auctions read of that version.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use contracts::catalog::Catalog;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use units::AuctionId;

/// One line of a file.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    /// Stands first, so that a line is found without reading it.
    pub(super) id: AuctionId,
    /// The catalog that was settled by.
    pub(super) catalog: CatalogMark,
    /// Of everything that the auction read.
    pub(super) digest: String,
    pub(super) seen: Box<RawValue>,
    pub(super) outcome: Box<RawValue>,
}

/// Which catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CatalogMark {
    pub(super) version: u64,
    /// SHA-256 of its text.
    pub(super) sha256: String,
}

impl Line {
    /// The state digest: SHA-256 over the catalog's checksum and all that was seen.
    pub(super) fn digest_of(catalog: &CatalogMark, seen: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(catalog.version.to_be_bytes());
        hash.update(&catalog.sha256);
        hash.update(seen);
        hex(&hash.finalize())
    }
}

/// A file of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordFile {
    pub(super) path: PathBuf,
    pub(super) version: u64,
    /// When it was begun, in milliseconds since 1970.
    pub(super) begun: i64,
    pub(super) bytes: u64,
}

impl RecordFile {
    pub(super) fn name(version: u64, begun: i64) -> String {
        format!("{version}-{begun}.ndjson")
    }
}

pub(super) fn auctions(records: &Path) -> PathBuf {
    records.join("auctions")
}

pub(super) fn catalogs(records: &Path) -> PathBuf {
    records.join("catalogs")
}

/// The records of an exchange's data directory.
pub(super) fn records(data_dir: &Path) -> PathBuf {
    data_dir.join("records")
}

fn catalog_file(records: &Path, version: u64) -> PathBuf {
    catalogs(records).join(format!("{version}.json"))
}

/// All files of records, the oldest first.
pub(super) fn files(records: &Path) -> io::Result<Vec<RecordFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(auctions(records))? {
        let entry = entry?;
        let name = entry.file_name();
        let parts = name
            .to_str()
            .and_then(|name| name.strip_suffix(".ndjson"))
            .and_then(|stem| stem.split_once('-'));
        let Some((version, begun)) = parts else {
            continue;
        };
        let (Ok(version), Ok(begun)) = (version.parse(), begun.parse()) else {
            continue;
        };
        files.push(RecordFile {
            path: entry.path(),
            version,
            begun,
            bytes: entry.metadata()?.len(),
        });
    }
    files.sort_by_key(|file| (file.begun, file.version));
    Ok(files)
}

/// The catalogs that are kept: version, path, bytes.
pub(super) fn kept_catalogs(records: &Path) -> io::Result<Vec<(u64, PathBuf, u64)>> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(catalogs(records))? {
        let entry = entry?;
        let name = entry.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".json"));
        if let Some(version) = stem.and_then(|it| it.parse().ok()) {
            kept.push((version, entry.path(), entry.metadata()?.len()));
        }
    }
    Ok(kept)
}

/// Keeps what auctions read of a catalog, no key among it, and tells its checksum.
pub(super) fn keep_catalog(records: &Path, catalog: &Catalog) -> io::Result<CatalogMark> {
    let read = Catalog {
        version: catalog.version,
        published_at: catalog.published_at,
        rates: catalog.rates.clone(),
        publishers: catalog.publishers.clone(),
        placements: catalog.placements.clone(),
        partners: catalog.partners.clone(),
        verdicts: catalog.verdicts.clone(),
        ..Catalog::default()
    };
    let text = serde_json::to_vec(&read)?;
    private_folder(&catalogs(records))?;
    let path = catalog_file(records, catalog.version);
    let part = path.with_extension("part");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    file.write_all(&text)?;
    fs::rename(&part, &path)?;
    Ok(CatalogMark {
        version: catalog.version,
        sha256: sha256(&text),
    })
}

/// The text of the catalog of this version.
pub(super) fn catalog_text(records: &Path, version: u64) -> io::Result<Vec<u8>> {
    fs::read(catalog_file(records, version))
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The bytes of hexadecimal digits; `None` when they are none.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|it| it.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

/// A folder that only this user can look into.
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// A file that only this user can read, made or gone on with.
pub(super) fn private_file(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_come_back() {
        let bytes = [0, 0xff, 0x7f, 0xc3];
        assert_eq!(unhex(&hex(&bytes)).as_deref(), Some(&bytes[..]));
        for none in ["f", "fg", "é"] {
            assert_eq!(unhex(none), None, "{none}");
        }
    }
}
