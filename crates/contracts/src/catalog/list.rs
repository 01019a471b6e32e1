//! Shared lists: so many entries that they travel apart from the catalog.

use serde::{Deserialize, Serialize};
use units::ListId;

/// What a shared list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    /// Domains of sites and apps; a domain covers its subdomains.
    Domain,
    /// App bundles.
    Bundle,
    /// Postal codes, alone or with their country (`DE-10115`).
    PostalCode,
}

/// A shared list as the catalog names it. Its entries are fetched when `version` changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Its id, as targeting names it.
    pub id: ListId,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ListKind,
    /// Grows with each change of its entries.
    pub version: u64,
    /// How many entries that version has.
    pub count: u64,
}
