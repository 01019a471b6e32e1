//! What the exchange decides: whom to ask, on which terms, and who wins at which price.
//!
//! Two pure functions with one wait between them, which is the server's:
//!
//! ```text
//! let intake = intake::read(&body, &mut pages, &additions, &bounds)?; // 400, or not enough time
//! let plan = auction::plan(&intake, &market, &terms, admit); // whom to ask, with which bodies
//! let replies = fan_out(&plan).await;                        // the only IO
//! let settlement = auction::settle(&plan, &market, &conditions, &replies); // screen, rank, price, losses
//! ```
//!
//! No clock and no IO: instants, budgets and the auction id are arguments, and the same arguments give
//! the same settlement.

#![deny(missing_docs)]

pub mod auction;
mod cause;
pub mod clearing;
pub mod conditions;
pub mod deals;
pub mod delay;
pub mod domain;
pub mod floors;
pub mod intake;
mod listed;
pub mod loss;
pub mod market;
pub mod markup;
pub mod medium;
pub mod networks;
pub mod notices;
pub mod payout;
pub mod pods;
pub mod privacy;
pub mod registry;
pub mod routing;
pub mod screening;
pub mod supply;
pub mod sync;
mod text;
pub mod traffic;

pub use cause::{Cause, Format, Why};
pub use conditions::Conditions;
pub use loss::Loss;
pub use market::Market;
pub use medium::Medium;
