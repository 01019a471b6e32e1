//! An auction that left memory, told from its record on disk: settled again by the same functions.

use std::path::Path;

use contracts::catalog::Catalog;
use recording::FindError;
use units::AuctionId;

use super::summary::{self, Noted};
use crate::records::{Auctions, Forfeit, SeenSeller, find, settle_again};

/// The document of an auction whose record is there; `None` where it is not, or cannot be settled again. Reads files: for a
/// thread that may wait.
pub(super) fn document(data_dir: &Path, id: AuctionId) -> Option<Vec<u8>> {
    match settled(data_dir, id) {
        Ok(document) => Some(document),
        Err(Untold::Find(FindError::NoRecords { .. } | FindError::Unknown { .. })) => None,
        Err(error) => {
            tracing::warn!(auction = %id, %error, "a recorded auction cannot be told");
            None
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Untold {
    #[error(transparent)]
    Find(#[from] FindError),
    #[error(transparent)]
    Settle(#[from] crate::records::Unreplayable),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

fn settled(data_dir: &Path, id: AuctionId) -> Result<Vec<u8>, Untold> {
    let recorded = find(data_dir, id)?;
    let text = recorded.catalog::<Auctions>()?;
    let version = text.version;
    let (catalog, _) =
        Catalog::read(&text.text).map_err(|error| FindError::Catalog { version, error })?;
    let seen = &recorded.seen;
    let facts = settle_again(seen, &catalog, |market, plan, settlement| {
        let noted = Noted {
            market,
            plan,
            settlement,
            share: seen.seller.share(),
            catalog_version: version,
        };
        summary::again(&noted, seen.at, seller(&seen.seller, &catalog), |bid| {
            Forfeit::of(&seen.forfeits, bid).is_some()
        })
    })?;
    Ok(serde_json::to_vec(&facts.record())?)
}

/// An account's or a publisher's name.
fn seller<'s>(seller: &'s SeenSeller, catalog: &'s Catalog) -> &'s str {
    let Some(placement) = &seller.placement else {
        return seller.account.as_deref().unwrap_or("open");
    };
    let mut placements = catalog.placements.iter();
    let placement = placements.find(|it| it.id.as_str() == placement);
    placement.map_or("", |placement| placement.publisher.as_str())
}
