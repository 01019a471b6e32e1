//! What the DMP decides: profiles, events, segment rules, whom it tells an id.
//!
//! Pure: a user and what was told of it come in, the changed user and what changed come out. Time is an
//! argument; where users are kept, and who may ask, is the server's business.

#![deny(missing_docs)]

pub mod counters;
pub mod event;
pub mod fault;
pub mod links;
pub mod member;
pub mod observe;
pub mod profile;
pub mod public;
pub mod segment;
pub mod sync;
pub mod time;
pub mod user;

pub use counters::Counters;
pub use event::Event;
pub use fault::Faults;
pub use observe::{Derivation, Ignored, Observed, Shows, Why, observe};
pub use profile::ProfilePatch;
pub use segment::{Changes, Touch, refresh, tell};
pub use user::{Memory, User};
