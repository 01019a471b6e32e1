//! What was recorded, done again and compared.

use std::error::Error;
use std::path::Path;

use units::AuctionId;

use crate::differences::{Difference, Differences};
use crate::find::{FindError, Recorded, find};
use crate::kind::Kind;

/// A record, and how it compares with what comes of it now.
#[derive(Debug)]
pub struct Again<S, O> {
    /// What was recorded.
    pub recorded: Recorded<S, O>,
    /// Where they differ, in the order of the record; at most sixteen. None: the same, bit for bit.
    pub differences: Vec<Difference>,
}

/// Why what was recorded could not be done again; `U` is what a service says of records that it cannot use.
#[derive(Debug, thiserror::Error)]
pub enum AgainError<U: Error + 'static> {
    /// The record or its catalog is not there.
    #[error(transparent)]
    Find(#[from] FindError),
    /// They do not belong together, or the record is not readable.
    #[error(transparent)]
    Unreplayable(U),
    /// A value that is no JSON.
    #[error("comparing: {0}")]
    Json(#[from] serde_json::Error),
}

/// Finds the record of an id in a service's data directory; `compare` does it again and notes where both differ.
///
/// # Errors
/// [`AgainError`]: there is nothing to do again.
pub fn again<K: Kind, U: Error + 'static>(
    data_dir: &Path,
    id: AuctionId,
    compare: impl FnOnce(&Recorded<K::Seen, K::Outcome>, &mut Differences) -> Result<(), AgainError<U>>,
) -> Result<Again<K::Seen, K::Outcome>, AgainError<U>> {
    let recorded = find::<K>(data_dir, id)?;
    let mut differences = Differences::of(&recorded);
    compare(&recorded, &mut differences)?;
    Ok(Again {
        recorded,
        differences: differences.into_vec(),
    })
}
