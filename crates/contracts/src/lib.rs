//! What Gavel's services say to one another.
//!
//! The control plane publishes a [`catalog::Catalog`]; bidders ask it for leases ([`lease`]); whatever is
//! worth money travels as an [`event::Event`] on a durable log, proven by a signed token ([`notice`]).
//! No service knows another's code: this crate and HTTP are all that they share.

#![deny(missing_docs)]

pub mod access;
pub mod catalog;
pub mod event;
pub mod lease;
pub mod matches;
pub mod notice;
pub mod profile;
pub mod record;
pub mod sighting;
pub mod stamps;
