//! What the bidder decides: pure functions from an opportunity to a decision.
//!
//! A request becomes an [`opportunity::Opportunity`]; [`decide::decide`] matches it against a
//! [`market::Market`], checks the rules of [`eligibility`], prices, ranks and reserves on the
//! [`lease::LeaseTable`]; [`respond`] writes the answer. Time and randomness are arguments.

#![deny(missing_docs)]
#![deny(clippy::float_arithmetic)]

pub mod choose;
pub mod creative;
pub mod daypart;
pub mod decide;
pub mod declared;
pub mod eligibility;
pub mod explain;
pub mod facts;
pub mod index;
pub mod lease;
pub mod market;
pub mod no_bid;
pub mod opportunity;
pub mod pricing;
pub mod random;
pub mod record;
pub mod respond;
pub mod shading;
pub mod surroundings;
pub mod targeting;
pub mod template;
pub mod user;
pub mod vast;
