//! Auctions as a kind of records.

use std::io;
use std::sync::Arc;

use contracts::catalog::Catalog;
use recording::{Bodies, CatalogMark, Kind, Missing, Names, Store};

use super::{Outcome, Seen};

/// Auctions of an exchange.
#[derive(Debug)]
pub enum Auctions {}

impl Kind for Auctions {
    const NAMES: Names = Names {
        folder: "auctions",
        service: "exchange",
        which: "auctions that were won are recorded (auction_records.won), and a share of all (auction_records.one_in)",
    };

    type Seen = Seen<'static>;
    type Outcome = Outcome<'static>;
    type Catalog = Arc<Catalog>;

    fn version(catalog: &Arc<Catalog>) -> u64 {
        catalog.version
    }

    /// Keeps what auctions read of the catalog, no key among it.
    fn mark(catalog: &Arc<Catalog>, store: &Store) -> io::Result<CatalogMark> {
        let read = Catalog {
            version: catalog.version,
            published_at: catalog.published_at,
            rates: catalog.rates.clone(),
            publishers: catalog.publishers.clone(),
            placements: catalog.placements.clone(),
            partners: catalog.partners.clone(),
            verdicts: catalog.verdicts.clone(),
            ..Catalog::default()
        };
        store.keep_catalog(catalog.version, &serde_json::to_vec(&read)?)
    }

    fn catalog_text(store: &Store, version: u64) -> Option<Vec<u8>> {
        std::fs::read(store.catalog(version)).ok()
    }

    fn fill(seen: &mut Seen<'static>, bodies: &mut Bodies<'_>) -> Result<(), Missing> {
        seen.fill(bodies)
    }
}
