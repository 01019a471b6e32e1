//! Scripted DSPs, always called over HTTP: rivals of the demo market, answers by example, faults.

mod examples;
mod hostile;
mod market;
mod quick;
mod server;
mod wire;

pub use examples::Examples;
pub use hostile::run_hostile;
pub use market::Market;
pub use quick::{QuickDsps, run_quick};
pub use server::{PartnerStats, run};

use std::time::Duration;

/// How a scripted DSP answers.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Answers a known request with its recorded response, and any other with 204.
    Examples(Examples),
    /// Bids by itself.
    Market(Market),
    /// Answers 204 after this time.
    Slow(Duration),
    /// Reads the request and never answers.
    Dead,
    /// Answers with what is not JSON.
    Garbage,
}
