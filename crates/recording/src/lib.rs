//! What a process decided, kept on disk with all that it read, so that it can be decided again: decisions of a
//! bidder, auctions of an exchange.
//!
//! A worker leaves a record in memory ([`Records::keep`]); one thread writes what has gathered, many records in
//! one call of the system. When the thread is behind, records are dropped and counted, answers are not delayed.
//! [`find`] finds a record again, [`again`] compares it with what comes of it now.
//!
//! What differs between the services is a [`Kind`]: the names of folders, what was seen, what came of it, and
//! how the catalog is kept that it was decided by.

#![deny(missing_docs)]

mod again;
mod body;
mod bounds;
mod differences;
mod find;
mod frame;
mod kind;
mod older;
mod queue;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use again::{Again, AgainError, again};
pub use body::{Bodies, Body, Missing};
pub use bounds::{Bounds, Counters};
pub use differences::{Difference, Differences};
pub use find::{CatalogText, FindError, Recorded, find, folder};
pub use kind::{Kind, NO_CATALOG, Names};
pub use queue::{Draft, Notes, Part, Records, Serialized};
pub use store::{CatalogMark, Store, hex, private_folder, sha256, unhex, xxh3};
