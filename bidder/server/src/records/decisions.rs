//! Decisions as a kind of records.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bidder_core::record::{Outcome, Seen};
use recording::{CatalogMark, Kind, Names, Store, private_folder, sha256};
use serde::Deserialize;

/// The feed writes its copy right after a catalog is in force; a record may be faster.
const COPY_WITHIN: Duration = Duration::from_secs(2);
const COPY_PAUSE: Duration = Duration::from_millis(20);

/// Decisions of a bidder. Their catalogs are the copies that the feed made.
#[derive(Debug)]
pub enum Decisions {}

impl Kind for Decisions {
    const NAMES: Names = Names {
        folder: "decisions",
        service: "bidder",
        which: "a share of all decisions is recorded (records.one_in), and those asked for with ?record=1",
    };

    type Seen = Seen;
    type Outcome = Outcome;
    /// The version.
    type Catalog = u64;

    fn version(catalog: &u64) -> u64 {
        *catalog
    }

    /// The checksum of the copy that a replay will read.
    fn mark(catalog: &u64, store: &Store) -> io::Result<CatalogMark> {
        let until = Instant::now() + COPY_WITHIN;
        let mut text = Self::catalog_text(store, *catalog);
        while text.is_none() && Instant::now() < until {
            std::thread::sleep(COPY_PAUSE);
            text = Self::catalog_text(store, *catalog);
        }
        Ok(CatalogMark {
            version: *catalog,
            sha256: text.as_deref().map(sha256),
        })
    }

    /// Kept, or the one in force.
    fn catalog_text(store: &Store, version: u64) -> Option<Vec<u8>> {
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }
        let copies = [store.catalog(version), current_copy(store.data_dir())];
        copies.iter().find_map(|path| {
            let text = service::feed::copied(path)?;
            let read: Version = serde_json::from_slice(&text).ok()?;
            (read.version == version).then_some(text)
        })
    }
}

/// The feed's copy of the catalog in force.
fn current_copy(data_dir: &Path) -> PathBuf {
    data_dir.join(crate::catalog_feed::COPY)
}

/// Gives the copy of this version a name of its own before the next one replaces it. It is a link, so that
/// nothing is written; where links are not possible, it is copied.
pub(super) fn keep_catalog(data_dir: &Path, version: u64) -> io::Result<()> {
    let store = Store::of::<Decisions>(data_dir);
    let (current, kept) = (current_copy(data_dir), store.catalog(version));
    private_folder(&store.catalogs())?;
    match fs::remove_file(&kept) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    fs::hard_link(&current, &kept).or_else(|_| fs::copy(&current, &kept).map(|_| ()))
}
