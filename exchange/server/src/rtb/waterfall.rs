//! Where the time of an auction went, step by step from its arrival.

use std::time::{Duration, Instant};

use serde::Serialize;

/// The steps of an auction so far.
#[derive(Debug)]
pub(super) struct Waterfall {
    arrival: Instant,
    steps: Steps,
}

/// Steps by their ends, from the request's arrival; each begins where the one before ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    ends: [(&'static str, Micros); MOST],
    count: usize,
}

/// A time of an auction, as exact as it is told: whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Micros(u32);

/// One step of an auction, in milliseconds from the request's arrival.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Step {
    /// `receive`, `intake`, `identify`, `plan`, `ask`, `settle` or `answer`.
    pub(crate) step: &'static str,
    /// When it began.
    pub(crate) from_ms: f64,
    /// When it was done.
    pub(crate) to_ms: f64,
}

/// Most steps that an auction has.
const MOST: usize = 7;

impl Micros {
    /// None at all.
    pub(super) const NONE: Self = Self(0);

    /// Of a span, cut off; at most 71 minutes.
    pub(super) fn of(span: Duration) -> Self {
        Self(u32::try_from(span.as_micros()).unwrap_or(u32::MAX))
    }

    /// In milliseconds.
    pub(super) fn millis(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }
}

impl Steps {
    /// Before the first.
    pub(super) const NONE: Self = Self {
        ends: [("", Micros::NONE); MOST],
        count: 0,
    };

    /// Each with its begin, in their order.
    pub(super) fn told(&self) -> impl Iterator<Item = Step> {
        let mut begin = Micros::NONE;
        self.ends.iter().take(self.count).map(move |(step, end)| {
            let from = std::mem::replace(&mut begin, *end);
            Step {
                step,
                from_ms: from.millis(),
                to_ms: end.millis(),
            }
        })
    }
}

impl Waterfall {
    /// Begins with the arrival.
    pub(super) const fn new(arrival: Instant) -> Self {
        Self {
            arrival,
            steps: Steps::NONE,
        }
    }

    /// Ends the step that is under way.
    pub(super) fn done(&mut self, step: &'static str) {
        let end = self.since_arrival(Instant::now());
        if let Some(next) = self.steps.ends.get_mut(self.steps.count) {
            *next = (step, end);
            self.steps.count += 1;
        }
    }

    /// From the arrival to an instant.
    pub(super) fn since_arrival(&self, at: Instant) -> Micros {
        Micros::of(at.saturating_duration_since(self.arrival))
    }

    /// The steps so far.
    pub(super) const fn steps(&self) -> Steps {
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_begins_where_the_one_before_ended() {
        let mut waterfall = Waterfall::new(Instant::now());
        for step in ["receive", "intake", "plan"] {
            waterfall.done(step);
        }
        let steps: Vec<Step> = waterfall.steps().told().collect();
        let [receive, intake, plan] = &steps[..] else {
            panic!("{steps:?}");
        };
        assert!(receive.from_ms.abs() < f64::EPSILON, "from the arrival");
        assert!((receive.to_ms - intake.from_ms).abs() < f64::EPSILON);
        assert!((intake.to_ms - plan.from_ms).abs() < f64::EPSILON);
        assert!(plan.to_ms >= plan.from_ms);
        for _ in 0..MOST {
            waterfall.done("more");
        }
        assert_eq!(waterfall.steps().told().count(), MOST, "no more have room");
    }
}
