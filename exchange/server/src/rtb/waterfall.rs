//! Where the time of an auction went, step by step from its arrival.

use std::time::Instant;

use serde::Serialize;

use super::summary::millis;

/// The steps so far; each begins where the one before ended.
#[derive(Debug)]
pub(super) struct Waterfall {
    arrival: Instant,
    at: Instant,
    steps: Vec<Step>,
}

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

impl Waterfall {
    /// Begins with the arrival.
    pub(super) fn new(arrival: Instant) -> Self {
        Self {
            arrival,
            at: arrival,
            steps: Vec::with_capacity(MOST),
        }
    }

    /// Ends the step that is under way.
    pub(super) fn done(&mut self, step: &'static str) {
        let now = Instant::now();
        self.steps.push(Step {
            step,
            from_ms: self.millis_at(self.at),
            to_ms: self.millis_at(now),
        });
        self.at = now;
    }

    /// Milliseconds from the arrival to an instant.
    pub(super) fn millis_at(&self, at: Instant) -> f64 {
        millis(at.saturating_duration_since(self.arrival))
    }

    /// The steps, in their order.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.steps.clone()
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
        let steps = waterfall.steps();
        let [receive, intake, plan] = &steps[..] else {
            panic!("{steps:?}");
        };
        assert!(receive.from_ms.abs() < f64::EPSILON, "from the arrival");
        assert!((receive.to_ms - intake.from_ms).abs() < f64::EPSILON);
        assert!((intake.to_ms - plan.from_ms).abs() < f64::EPSILON);
        assert!(plan.to_ms >= plan.from_ms);
    }
}
