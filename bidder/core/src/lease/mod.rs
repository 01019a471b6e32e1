//! Money that this bidder may commit: leases from the ledger, and reservations on them (money.md).
//!
//! Reserving is the one effect inside this crate: a compare-and-swap on a table passed in by reference.
//! Time is CLOCK_BOOTTIME, passed in; no absolute time is ever compared here.

mod account;
mod demand;
mod pace;
mod reservation;
mod slice;
mod table;

pub use account::{Account, Unfunded};
pub use reservation::Reservation;
pub use table::{Dropped, LeaseTable};

use std::time::Duration;

/// An instant of CLOCK_BOOTTIME in milliseconds since the machine's start.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct BootMillis(pub u64);

impl BootMillis {
    /// From the clock's reading.
    #[must_use]
    pub fn from_duration(since_boot: Duration) -> Self {
        Self(u64::try_from(since_boot.as_millis()).unwrap_or(u64::MAX))
    }

    /// The instant so many milliseconds later.
    #[must_use]
    pub const fn after_ms(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}
