//! The stores over their real sockets, with real deaths.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod rig;
mod stores;
mod survival;
