//! The DMP's API over a real socket, with a real Redis (interfaces.md, "DMP (8005)").

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests ends the test where it cannot go on"
)]

mod erasure;
mod refusals;
mod segments;
mod stand;
mod sync;
mod users;
