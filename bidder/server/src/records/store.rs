//! Where records and their catalogs are on disk: `records/decisions/VERSION-BEGUN.ndjson`, one record a
//! line, and `records/catalogs/VERSION.json`, the copies that the feed made.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use units::AuctionId;

/// In place of a version, of what was turned away before any catalog was here.
pub(super) const NO_CATALOG: u64 = 0;

/// One line of a file.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    /// Stands first, so that a line is found without reading it.
    pub(super) id: AuctionId,
    /// The catalog that was decided by.
    pub(super) catalog: CatalogMark,
    /// Of everything that the decision read.
    pub(super) digest: String,
    pub(super) seen: Box<RawValue>,
    pub(super) outcome: Box<RawValue>,
}

/// Which catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CatalogMark {
    pub(super) version: u64,
    /// SHA-256 of its text; absent when the copy was not there.
    pub(super) sha256: Option<String>,
}

impl Line {
    /// The state digest: SHA-256 over the catalog's checksum and all that was seen.
    pub(super) fn digest_of(catalog: &CatalogMark, seen: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(catalog.version.to_be_bytes());
        hash.update(catalog.sha256.as_deref().unwrap_or("-"));
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

pub(super) fn decisions(records: &Path) -> PathBuf {
    records.join("decisions")
}

pub(super) fn catalogs(records: &Path) -> PathBuf {
    records.join("catalogs")
}

/// The records of a bidder's data directory.
pub(super) fn records(data_dir: &Path) -> PathBuf {
    data_dir.join("records")
}

/// The feed's copy of the catalog in force.
pub(super) fn current_copy(data_dir: &Path) -> PathBuf {
    data_dir.join(crate::catalog_feed::COPY)
}

/// All files of records, the oldest first.
pub(super) fn files(records: &Path) -> io::Result<Vec<RecordFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(decisions(records))? {
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

/// The copies of catalogs that are kept: version, path, bytes.
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

/// Gives the copy of this version a name of its own before the next one replaces it. It is a link, so that
/// nothing is written; where links are not possible, it is copied.
pub(super) fn keep_catalog(data_dir: &Path, version: u64) -> io::Result<()> {
    let current = current_copy(data_dir);
    let folder = catalogs(&records(data_dir));
    private_folder(&folder)?;
    let kept = folder.join(format!("{version}.json"));
    match fs::remove_file(&kept) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    fs::hard_link(&current, &kept).or_else(|_| fs::copy(&current, &kept).map(|_| ()))
}

/// The text of the catalog of this version: kept, or the one in force.
pub(super) fn catalog_text(data_dir: &Path, version: u64) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct Version {
        version: u64,
    }
    let kept = catalogs(&records(data_dir)).join(format!("{version}.json"));
    [kept, current_copy(data_dir)].iter().find_map(|path| {
        let text = service::feed::copied(path)?;
        let read: Version = serde_json::from_slice(&text).ok()?;
        (read.version == version).then_some(text)
    })
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
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
