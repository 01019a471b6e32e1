//! Finding a record again, and the catalog that it was decided by.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;
use units::AuctionId;

use crate::body::{Bodies, Missing};
use crate::frame::{self, FORMAT, FileHead, Framed};
use crate::kind::{Kind, Names};
use crate::older::{self, Line};
use crate::store::{CatalogMark, Format, RecordFile, Store, older_digest, sha256, state_digest};

/// Why a record cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There is no folder of records.
    #[error("no {} are recorded in {}: give the {}'s data directory with --data", names.folder, dir.display(), names.service)]
    NoRecords {
        /// Records of what.
        names: &'static Names,
        /// Where they were looked for.
        dir: PathBuf,
    },
    /// None of the records is of this id.
    #[error("no record of {id}: {}", names.which)]
    Unknown {
        /// Records of what.
        names: &'static Names,
        /// Which.
        id: AuctionId,
    },
    /// A file cannot be read.
    #[error("reading {}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is of a format that is not known here.
    #[error(
        "{} is of format {format}, and this version reads formats up to {FORMAT}: use the version that wrote it",
        path.display()
    )]
    Format {
        /// Which.
        path: PathBuf,
        /// What it says it is.
        format: u32,
    },
    /// The record is damaged.
    #[error("the record of {id} cannot be read: {error}")]
    Record {
        /// Whose.
        id: AuctionId,
        /// Why.
        error: serde_json::Error,
    },
    /// The record's bodies are damaged.
    #[error("the record of {id} cannot be read: {error}")]
    Body {
        /// Whose.
        id: AuctionId,
        /// Why.
        error: Missing,
    },
    /// The catalog is not kept any more.
    #[error("the catalog of version {0} is not kept any more")]
    NoCatalog(u64),
    /// The catalog is damaged.
    #[error("the catalog of version {version} cannot be read: {error}")]
    Catalog {
        /// Which.
        version: u64,
        /// Why.
        error: serde_json::Error,
    },
}

/// A record as it stands on disk.
#[derive(Debug)]
pub struct Recorded<S, O> {
    /// Everything that was read.
    pub seen: S,
    /// What came of it.
    pub outcome: O,
    /// The same as it stands there, without what an older format did not say.
    pub outcome_there: Value,
    /// The digest that it was written with.
    pub digest: String,
    /// The digest of what it holds now.
    pub digest_now: String,
    /// Whether it is of an older format, which says less.
    pub is_older: bool,
    catalog: CatalogMark,
    store: Store,
}

/// The catalog of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogText {
    /// Its version.
    pub version: u64,
    /// What is kept of it.
    pub text: Vec<u8>,
    /// The checksum in the record; absent when the copy was not there.
    pub sha256: Option<String>,
    /// The checksum of what was read now.
    pub sha256_now: String,
}

/// The data directory in `dir` that has records: itself, or the service's of `gavel up`.
///
/// # Errors
/// [`FindError::NoRecords`] when neither has.
pub fn folder<K: Kind>(dir: &Path) -> Result<PathBuf, FindError> {
    let candidates = [dir.to_owned(), dir.join(K::NAMES.service)];
    let mut found = candidates.into_iter();
    found
        .find(|it| Store::of::<K>(it).folder().is_dir())
        .ok_or_else(|| no_records::<K>(dir))
}

const fn names<K: Kind>() -> &'static Names {
    &K::NAMES
}

fn no_records<K: Kind>(dir: &Path) -> FindError {
    FindError::NoRecords {
        names: names::<K>(),
        dir: dir.to_owned(),
    }
}

/// The newest record of an id.
///
/// # Errors
/// [`FindError`]: it is not there, or not readable.
pub fn find<K: Kind>(
    data_dir: &Path,
    id: AuctionId,
) -> Result<Recorded<K::Seen, K::Outcome>, FindError> {
    let store = Store::of::<K>(data_dir);
    let files = store.files().map_err(|_| no_records::<K>(data_dir))?;
    for file in files.iter().rev() {
        let opened = match File::open(&file.path) {
            Ok(opened) => BufReader::new(opened),
            // Its time came between the listing and here.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(file, error)),
        };
        let found = match file.format {
            Format::Lines => {
                let line = older::find(opened, id).map_err(|error| failed(file, error))?;
                line.map(|line| of_line::<K>(&line, &store))
            }
            Format::Frames => of_file::<K>(file, opened, id, &store)?,
        };
        if let Some(read) = found {
            return read.map_err(|error| match error {
                Unreadable::Json(error) => FindError::Record { id, error },
                Unreadable::Body(error) => FindError::Body { id, error },
            });
        }
    }
    Err(FindError::Unknown {
        names: names::<K>(),
        id,
    })
}

fn failed(file: &RecordFile, error: io::Error) -> FindError {
    FindError::File {
        path: file.path.clone(),
        error,
    }
}

enum Unreadable {
    Json(serde_json::Error),
    Body(Missing),
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

type Read<K> = Result<Recorded<<K as Kind>::Seen, <K as Kind>::Outcome>, Unreadable>;

fn of_line<K: Kind>(line: &[u8], store: &Store) -> Read<K> {
    let line: Line = serde_json::from_slice(line)?;
    Ok(Recorded {
        digest_now: older_digest(&line.catalog, line.seen.get()),
        digest: line.digest,
        seen: serde_json::from_str(line.seen.get())?,
        outcome: serde_json::from_str(line.outcome.get())?,
        outcome_there: serde_json::from_str(line.outcome.get())?,
        is_older: true,
        catalog: line.catalog,
        store: store.clone(),
    })
}

fn of_file<K: Kind>(
    file: &RecordFile,
    mut opened: BufReader<File>,
    id: AuctionId,
    store: &Store,
) -> Result<Option<Read<K>>, FindError> {
    let mut line = Vec::new();
    let read = opened.read_until(b'\n', &mut line);
    read.map_err(|error| failed(file, error))?;
    if line.last() != Some(&b'\n') {
        // Nothing more was written before its process died.
        return Ok(None);
    }
    #[derive(serde::Deserialize)]
    struct Says {
        format: u32,
    }
    let no_head = |error: serde_json::Error| failed(file, error.into());
    let Says { format } = serde_json::from_slice(&line).map_err(no_head)?;
    if format != FORMAT {
        let path = file.path.clone();
        return Err(FindError::Format { path, format });
    }
    let head: FileHead = serde_json::from_slice(&line).map_err(no_head)?;
    let found = frame::find(&mut opened, id).map_err(|error| failed(file, error))?;
    Ok(found.map(|framed| of_frame::<K>(&head, &framed, store)))
}

fn of_frame<K: Kind>(head: &FileHead, framed: &Framed, store: &Store) -> Read<K> {
    let common = head.common.get();
    let digest_now = state_digest(&head.catalog, common, &framed.seen, &framed.bodies);
    let mut seen: K::Seen = with_common(common, &framed.seen)?;
    let mut bodies = Bodies::new(&framed.bodies);
    K::fill(&mut seen, &mut bodies).map_err(Unreadable::Body)?;
    Ok(Recorded {
        digest_now: String::from_utf8_lossy(&digest_now).into_owned(),
        digest: framed.digest.clone(),
        seen,
        outcome: serde_json::from_slice(&framed.outcome)?,
        outcome_there: serde_json::from_slice(&framed.outcome)?,
        is_older: false,
        catalog: head.catalog.clone(),
        store: store.clone(),
    })
}

/// What was seen, with the members that all records of its file have in common.
fn with_common<S: DeserializeOwned>(common: &str, seen: &[u8]) -> Result<S, serde_json::Error> {
    let members = common.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    let (Some(members), Some(rest)) = (members, seen.strip_prefix(b"{")) else {
        return serde_json::from_slice(seen);
    };
    let mut whole = format!("{{{members},").into_bytes();
    whole.extend_from_slice(rest);
    serde_json::from_slice(&whole)
}

impl<S, O> Recorded<S, O> {
    /// The catalog that was decided by.
    ///
    /// # Errors
    /// [`FindError::NoCatalog`].
    pub fn catalog<K: Kind>(&self) -> Result<CatalogText, FindError> {
        let version = self.catalog.version;
        let text = K::catalog_text(&self.store, version);
        let text = text.ok_or(FindError::NoCatalog(version))?;
        Ok(CatalogText {
            version,
            sha256: self.catalog.sha256.clone(),
            sha256_now: sha256(&text),
            text,
        })
    }
}
