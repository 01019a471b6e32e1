//! When each request is due: an open loop, so that a stalled server cannot hide.

use std::time::Duration;

use crate::rng::Rng;

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Arrivals {
    /// Evenly.
    #[default]
    Constant,
    /// As a Poisson process: exponential gaps.
    Poisson,
}

/// Due times from the start of the run, without end.
#[derive(Debug)]
pub struct Pace {
    gap_nanos: f64,
    arrivals: Arrivals,
    due_nanos: f64,
    rng: Rng,
}

impl Pace {
    /// `rate` requests a second; a rate of 0 is taken as 1.
    #[must_use]
    pub fn new(rate: u32, arrivals: Arrivals, seed: u64) -> Self {
        Self {
            gap_nanos: 1e9 / f64::from(rate.max(1)),
            arrivals,
            due_nanos: 0.0,
            rng: Rng::new(seed),
        }
    }
}

impl Iterator for Pace {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let due = self.due_nanos;
        self.due_nanos += match self.arrivals {
            Arrivals::Constant => self.gap_nanos,
            Arrivals::Poisson => -self.gap_nanos * (1.0 - self.rng.unit()).ln(),
        };
        Some(Duration::from_secs_f64(due / 1e9))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_arrivals_are_even() {
        let due: Vec<_> = Pace::new(100, Arrivals::Constant, 1).take(3).collect();
        assert_eq!(
            due,
            [
                Duration::ZERO,
                Duration::from_millis(10),
                Duration::from_millis(20)
            ]
        );
    }

    #[test]
    fn poisson_arrivals_keep_the_rate() {
        let last = Pace::new(1_000, Arrivals::Poisson, 7).nth(20_000).unwrap();
        assert!(
            (19.0..21.0).contains(&last.as_secs_f64()),
            "{last:?} for 20,000 at 1,000/s"
        );
    }
}
