//! Finding a record again, and the catalog that it was settled by.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use contracts::catalog::Catalog;
use units::AuctionId;

use super::seen::{Outcome, Seen};
use super::store::{self, CatalogMark, Line};

/// Why a record cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There is no folder of records.
    #[error("no auctions are recorded in {}: give the exchange's data directory with --data", .0.display())]
    NoRecords(PathBuf),
    /// None of the records is of this auction.
    #[error(
        "no record of {0}: auctions that were won are recorded (auction_records.won), and a share of all (auction_records.one_in)"
    )]
    Unknown(AuctionId),
    /// A file cannot be read.
    #[error("reading {}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The record is damaged.
    #[error("the record of {id} cannot be read: {error}")]
    Record {
        /// Whose.
        id: AuctionId,
        /// Why.
        error: serde_json::Error,
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
pub struct Recorded {
    /// Everything that the auction read.
    pub seen: Seen,
    /// What came of it.
    pub outcome: Outcome,
    /// The digest that it was written with.
    pub digest: String,
    /// The digest of what it holds now.
    pub digest_now: String,
    catalog: CatalogMark,
    records: PathBuf,
}

/// A catalog of a record.
#[derive(Debug)]
pub struct RecordedCatalog {
    /// What auctions read of it.
    pub catalog: Catalog,
    /// The checksum in the record.
    pub sha256: String,
    /// The checksum of what was read now.
    pub sha256_now: String,
}

/// The data directory in `dir` that has records: itself, or the exchange's of `gavel up`.
///
/// # Errors
/// [`FindError::NoRecords`] when neither has.
pub fn folder(dir: &Path) -> Result<PathBuf, FindError> {
    let candidates = [dir.to_owned(), dir.join("exchange")];
    let mut found = candidates.into_iter();
    found
        .find(|it| store::auctions(&store::records(it)).is_dir())
        .ok_or_else(|| FindError::NoRecords(dir.to_owned()))
}

/// The record of an auction.
///
/// # Errors
/// [`FindError`]: it is not there, or not readable.
pub fn find(data_dir: &Path, id: AuctionId) -> Result<Recorded, FindError> {
    let records = store::records(data_dir);
    let listed = store::files(&records);
    let files = listed.map_err(|_| FindError::NoRecords(data_dir.to_owned()))?;
    let begins = format!("{{\"id\":\"{id}\"");
    for file in files.iter().rev() {
        let failed = |error| FindError::File {
            path: file.path.clone(),
            error,
        };
        let opened = match File::open(&file.path) {
            Ok(opened) => opened,
            // Its time came between the listing and here.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        for line in BufReader::new(opened).split(b'\n') {
            let line = line.map_err(failed)?;
            if line.starts_with(begins.as_bytes()) {
                return read(&records, &line).map_err(|error| FindError::Record { id, error });
            }
        }
    }
    Err(FindError::Unknown(id))
}

fn read(records: &Path, line: &[u8]) -> Result<Recorded, serde_json::Error> {
    let line: Line = serde_json::from_slice(line)?;
    Ok(Recorded {
        digest_now: Line::digest_of(&line.catalog, line.seen.get()),
        digest: line.digest,
        seen: serde_json::from_str(line.seen.get())?,
        outcome: serde_json::from_str(line.outcome.get())?,
        catalog: line.catalog,
        records: records.to_owned(),
    })
}

impl Recorded {
    /// The catalog that was settled by.
    ///
    /// # Errors
    /// [`FindError`]: it is not kept, or not readable.
    pub fn catalog(&self) -> Result<RecordedCatalog, FindError> {
        let version = self.catalog.version;
        let text = store::catalog_text(&self.records, version);
        let text = text.map_err(|_| FindError::NoCatalog(version))?;
        let (catalog, _) =
            Catalog::read(&text).map_err(|error| FindError::Catalog { version, error })?;
        Ok(RecordedCatalog {
            catalog,
            sha256: self.catalog.sha256.clone(),
            sha256_now: store::sha256(&text),
        })
    }
}
