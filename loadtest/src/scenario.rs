//! A run as data: rate, length and mix.

use std::time::Duration;

use crate::pace::Arrivals;
use crate::seeded::requests;
use crate::traffic::Mix;

/// What is sent, how fast and for how long.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Requests a second.
    pub rate: u32,
    /// For how long.
    pub duration: Duration,
    /// What follows, without a pause: requests a second, and for how long.
    pub then: Vec<(u32, Duration)>,
    /// How arrivals are spread.
    pub arrivals: Arrivals,
    /// What the requests are made of.
    pub mix: Mix,
    /// Seed of traffic and pace.
    pub seed: u64,
    /// Requests of the seeded market instead of those of `mix`.
    pub seeded: Option<Seeded>,
    /// A request that is due while so many are unanswered is dropped, and counted.
    pub max_in_flight: usize,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            rate: 200,
            duration: Duration::from_secs(10),
            then: Vec::new(),
            arrivals: Arrivals::Constant,
            mix: Mix::default(),
            seed: 1,
            seeded: None,
            max_in_flight: 1_000,
        }
    }
}

/// Requests that fit the seeded catalog.
#[derive(Debug, Clone, Copy)]
pub struct Seeded {
    /// What they are made of.
    pub mix: requests::Mix,
    /// Number of the first one.
    pub first: u64,
}
