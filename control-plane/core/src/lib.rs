//! What the control plane decides: which campaigns, creatives, deals, publishers, placements, partners,
//! segments and rates are acceptable, what is filled in, what an edit may do, and what the catalog shows.
//!
//! Every resource has one `read`: from a [`form::Form`] and what is already known to a value of
//! `contracts::catalog`, or to all faults at once. Nothing here does IO or knows the time.

#![deny(missing_docs)]

pub mod advertiser;
pub mod asking;
pub mod budget;
pub mod campaign;
pub mod creative;
pub mod creative_verdict;
pub mod deal;
pub mod edge;
pub mod fault;
pub mod form;
pub mod line_item;
pub mod list;
pub mod partner;
pub mod placement;
pub mod publisher;
pub mod rates;
pub mod reconcile;
pub mod segment;
pub mod seller_verdict;
pub mod source;
pub mod status;
pub mod sync_url;
pub mod web;

pub use edge::Edge;
pub use fault::{Fault, FaultKind, Faults};
pub use form::Form;
