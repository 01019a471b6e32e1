//! Money: what is granted, settled, released and closed (money.md). Pure: the ledger's transaction locks
//! rows, reads them and its clock, lets [`Books`] decide, and writes what became of them.
//!
//! At every level and in every bucket alike: `effective = unallocated + Σ open holds + Σ settled`, an
//! open lease's hold being `face − settled − released − returned`, and nothing is ever negative.

#![deny(clippy::float_arithmetic)]

mod account;
mod books;
mod calendar;
mod close;
mod fence;
mod grant;
mod lease;
mod line;
mod pacing;
mod settle;

pub use account::{Account, AccountKey, Level};
pub use books::{Books, Imbalance, Movement, Side};
pub use calendar::{Period, Zone};
pub use close::{End, GRACE, closable};
pub use fence::{FenceClock, FenceStep, GAP, STAND};
pub use grant::{Asked, Granted, LEASE_LIFE};
pub use lease::{Lease, LeaseState};
pub use line::{CampaignBudget, Line, LineBudget, ReservationLife};
pub use pacing::{SettledShare, target};
pub use settle::{Flag, Outcome, Reservation, ReservationState, Unappliable};
