//! Durable events on Redis streams: append, fence, consume, acknowledge (money.md, "Settle").
//!
//! An entry that was answered [`Appended::Stored`] is as durable as its Redis: the events instance runs
//! with `appendonly yes`, `appendfsync always` and `maxmemory-policy noeviction` (one that says it does not is
//! refused where [`Durability::Required`] is asked), and nothing but [`EventLog::trim`] after a commit ever
//! shortens the money log.
//!
//! ```no_run
//! # async fn f(now: units::UnixMillis) -> Result<(), eventlog::EventLogError> {
//! use eventlog::{Appended, EventLog, Timeouts};
//!
//! let log = EventLog::connect("redis+unix:///run/gavel/events.sock", Timeouts::default())?;
//! let settle_by = units::UnixMillis(now.0 + 300_000);
//! match log.append(settle_by, "018f…:7:bill", b"{}").await? {
//!     Appended::Stored => {}    // 200 accepted
//!     Appended::Duplicate => {} // 200 duplicate
//!     Appended::Expired => {}   // 410
//! }
//! # Ok(()) }
//! ```

#![deny(missing_docs)]

mod connect;
mod delivery;
mod durability;
mod error;
mod group;
mod keys;
mod money;
mod position;
mod read;

pub use connect::{EventLog, Timeouts};
pub use delivery::News;
pub use durability::{Durability, Persistence, Weakness};
pub use error::EventLogError;
pub use group::Taken;
pub use money::Appended;
pub use position::START;
pub use read::Entry;
