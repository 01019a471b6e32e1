//! A recorded decision made again, and compared with what was recorded.

use std::path::Path;
use std::sync::Arc;

use bidder_core::lease::LeaseTable;
use bidder_core::market::Market;
use bidder_core::record::{Replayed, SeenList, Unreplayable, replay};
use contracts::catalog::Catalog;
use recording::{CatalogText, Difference, Differences, FindError};
use units::{AuctionId, BootId};

use super::decisions::Decisions;
use super::{Recorded, find};

/// A record, and how the decision compares that was made again from it.
#[derive(Debug)]
pub struct Again {
    /// What was recorded.
    pub recorded: Recorded,
    /// Where they differ, in the order of the record; at most sixteen. None: the same, bit for bit.
    pub differences: Vec<Difference>,
}

/// Why a decision could not be made again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// The record or its catalog is not there.
    #[error(transparent)]
    Find(#[from] FindError),
    /// They do not belong together, or the request is not readable.
    #[error(transparent)]
    Unreplayable(#[from] Unreplayable),
    /// A value that is no JSON.
    #[error("comparing: {0}")]
    Json(#[from] serde_json::Error),
}

/// Finds the record of a decision in a bidder's data directory, decides again, and compares.
///
/// # Errors
/// [`AgainError`]: there is nothing to decide again from.
pub fn again(data_dir: &Path, id: AuctionId) -> Result<Again, AgainError> {
    let recorded = find(data_dir, id)?;
    let mut differences = Differences::of(&recorded);
    let made = match &recorded.seen.turned_away {
        Some(why) => Replayed::turned_away(why),
        None => {
            let text = recorded.catalog::<Decisions>()?;
            differences.catalog(&text);
            replay(&recorded.seen, &market(&recorded, &text)?)?
        }
    };
    differences.compare("/seen/funds", &recorded.seen.funds, &made.funds)?;
    let (mut before, mut after) = (recorded.outcome.clone(), made.outcome);
    let (sent, again) = (before.response.take(), after.response.take());
    differences.compare("/outcome", &before, &after)?;
    differences.compare_text("/outcome/response", sent, again);
    Ok(Again {
        recorded,
        differences: differences.into_vec(),
    })
}

/// The market that the record's catalog makes, without leases.
fn market(recorded: &Recorded, text: &CatalogText) -> Result<Market, FindError> {
    let version = text.version;
    let (catalog, _) =
        Catalog::read(&text.text).map_err(|error| FindError::Catalog { version, error })?;
    let seen = &recorded.seen;
    let lists = Arc::new(SeenList::table(&seen.lists));
    let leases = LeaseTable::new(BootId(uuid::Uuid::nil()));
    Ok(Market::with_lists(
        &catalog,
        &lists,
        &leases,
        &seen.public_url,
    ))
}
