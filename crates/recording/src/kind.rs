//! What differs between the records of one service and those of another.

use std::io;

use serde::de::DeserializeOwned;

use crate::body::{Bodies, Missing};
use crate::store::{CatalogMark, Store};

/// In place of a version, of what was decided before any catalog was here.
pub const NO_CATALOG: u64 = 0;

/// What a service records.
pub trait Kind: Sized + 'static {
    /// Where it is kept, and the words for it.
    const NAMES: Names;

    /// Everything that was read, but for the catalog.
    type Seen: DeserializeOwned;
    /// What came of it.
    type Outcome: DeserializeOwned;
    /// The catalog that was in force, as a worker hands it over.
    type Catalog: Send + 'static;

    /// Its version; [`NO_CATALOG`] where there was none.
    fn version(catalog: &Self::Catalog) -> u64;

    /// The checksum of what a replay will read; sees to it that it is kept. Called once a version by the
    /// thread that writes, which may wait here.
    ///
    /// # Errors
    /// The text cannot be kept: the records that need it are not written.
    fn mark(catalog: &Self::Catalog, store: &Store) -> io::Result<CatalogMark>;

    /// The text of the catalog of a version; `None` when it is not kept any more.
    fn catalog_text(store: &Store, version: u64) -> Option<Vec<u8>>;

    /// Puts the bodies that stand behind a record back into it, in the order in which they were handed over.
    ///
    /// # Errors
    /// There are fewer bytes than the record says.
    fn fill(_seen: &mut Self::Seen, _bodies: &mut Bodies<'_>) -> Result<(), Missing> {
        Ok(())
    }
}

/// The names of a kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Names {
    /// The folder below `records`, which is also the plural in messages: `auctions`.
    pub folder: &'static str,
    /// Whose data directory it is in, and its name below that of `gavel up`: `exchange`.
    pub service: &'static str,
    /// Which are recorded, for who looks for one that was not.
    pub which: &'static str,
}
