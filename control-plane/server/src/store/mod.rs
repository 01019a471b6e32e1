//! Postgres: one module per thing that is kept; SQL is spelled nowhere else but in the ledger.

pub(crate) mod audit;
pub(crate) mod bidders;
pub(crate) mod campaigns;
pub(crate) mod catalog;
pub(crate) mod edit;
pub(crate) mod figures;
pub(crate) mod keys;
mod known;
pub(crate) mod lists;
pub(crate) mod migrate;
pub(crate) mod observed;
pub(crate) mod page;
pub(crate) mod pool;
pub(crate) mod rates;
pub(crate) mod rows;
pub(crate) mod sightings;

pub(crate) use edit::{Answer, Begun, Caller, Edit};
pub(crate) use rows::Kept;
