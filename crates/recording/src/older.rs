//! Format 1, which is read and no longer written: a record a line, bodies as texts in it.

use std::io::{self, BufRead};

use serde::Deserialize;
use serde_json::value::RawValue;
use units::AuctionId;

use crate::store::CatalogMark;

/// One line of a file.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    /// The catalog that was decided by.
    pub(crate) catalog: CatalogMark,
    /// Of everything that was read.
    pub(crate) digest: String,
    pub(crate) seen: Box<RawValue>,
    pub(crate) outcome: Box<RawValue>,
}

/// The newest line of `id`.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn find(file: impl BufRead, id: AuctionId) -> io::Result<Option<Vec<u8>>> {
    // The id stands first, so that a line is found without reading it.
    let begins = format!("{{\"id\":\"{id}\"");
    let mut newest = None;
    for line in file.split(b'\n') {
        let line = line?;
        if line.starts_with(begins.as_bytes()) {
            newest = Some(line);
        }
    }
    Ok(newest)
}
