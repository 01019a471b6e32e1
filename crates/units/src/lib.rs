//! Money, ids and time: the words everything else is written in.
//!
//! Money is integer only ([`Nanos`], [`CpmMicros`]); floats never enter it. Text from outside becomes
//! a value once, at the edge ([`decimal`]), and JSON numbers go through their decimal text ([`json`]).

#![deny(clippy::float_arithmetic)]
#![deny(missing_docs)]

pub mod country;
pub mod currency;
pub mod decimal;
pub mod id;
pub mod json;
pub mod money;
pub mod probability;
pub mod time;

pub use currency::{Currency, RateTable};
pub use decimal::{Decimal, DecimalError};
pub use id::*;
pub use money::{CpmMicros, Multiplier, Nanos};
pub use probability::Probability;
pub use time::{DurationMillis, UnixMillis};
