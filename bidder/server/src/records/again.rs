//! A recorded decision made again, and compared with what was recorded.

use std::path::Path;
use std::sync::Arc;

use bidder_core::lease::LeaseTable;
use bidder_core::market::Market;
use bidder_core::record::{Outcome, Replayed, Seen, SeenList, Unreplayable, replay};
use contracts::catalog::Catalog;
use recording::{CatalogText, Differences, FindError};
use units::{AuctionId, BootId};

use super::Recorded;
use super::decisions::Decisions;

/// A record, and how the decision compares that was made again from it.
pub type Again = recording::Again<Seen, Outcome>;

/// Why a decision could not be made again.
pub type AgainError = recording::AgainError<Unreplayable>;

/// Finds the record of a decision in a bidder's data directory, decides again, and compares.
///
/// # Errors
/// [`AgainError`]: there is nothing to decide again from.
pub fn again(data_dir: &Path, id: AuctionId) -> Result<Again, AgainError> {
    recording::again::<Decisions, _>(data_dir, id, compare)
}

fn compare(recorded: &Recorded, differences: &mut Differences) -> Result<(), AgainError> {
    let made = match &recorded.seen.turned_away {
        Some(why) => Replayed::turned_away(why),
        None => {
            let text = recorded.catalog::<Decisions>()?;
            differences.catalog(&text);
            let made = replay(&recorded.seen, &market(recorded, &text)?);
            made.map_err(AgainError::Unreplayable)?
        }
    };
    differences.compare("/seen/funds", &recorded.seen.funds, &made.funds)?;
    let (mut before, mut after) = (recorded.outcome.clone(), made.outcome);
    let (sent, again) = (before.response.take(), after.response.take());
    differences.compare("/outcome", &before, &after)?;
    differences.compare_text("/outcome/response", sent, again);
    Ok(())
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
