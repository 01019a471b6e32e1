//! User profiles, frequency stamps and what partners call users, in Redis.
//!
//! A user is one hash, `{u:<id>}`: profile and stamps are read in one wait, and every change is one
//! script of one slot; the ids that partners have of it are another, `{u:<id>}:ids`. Each key has a time to live. On the bid path a call gets a few milliseconds, is
//! never retried, and stops being made at all while Redis does not answer ([`Unknown`]).
//!
//! ```no_run
//! # async fn bid() -> Result<(), Box<dyn std::error::Error>> {
//! use userstate::{Budget, UserState};
//! let users = UserState::connect("redis://127.0.0.1/", Budget::default())?;
//! if let Some(user) = users.read(&["buyer-7", "ifa-9"]).await? {
//!     println!("{:?}", user.profile);
//! }
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

mod breaker;
mod budget;
mod cache;
mod caps;
mod changes;
mod connection;
mod erase;
mod error;
mod keys;
mod link;
mod matches;
mod peers;
mod profiles;
mod segments;
mod view;

pub use budget::Budget;
pub use caps::{CapChoice, CapLine, Confirmed, LineCap, Window};
pub use connection::UserState;
pub use erase::Traces;
pub use error::{StateError, Unknown};
pub use link::Link;
pub use matches::{Found, MatchTerms, Noted};
pub use peers::Peers;
pub use profiles::{Stored, Swapped, WriteKind};
pub use segments::Overlap;
pub use view::UserView;
