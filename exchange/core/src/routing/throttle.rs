//! Fewer requests for a partner whose answers are late or invalid too often (R29).

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use units::Multiplier;

use super::sampling::is_within;

/// The share of requests that a partner gets, by how its answers were lately. Shared by all workers.
#[derive(Debug)]
pub struct Throttle {
    /// In millionths.
    share: AtomicU32,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    since_us: Option<i64>,
    answers: u32,
    bad: u32,
}

const WHOLE: u32 = 1_000_000;
/// What is left to see whether it has recovered.
const LEAST: u32 = 50_000;
/// What a second of good answers gives back: from the least to all in 19 seconds.
const STEP: u32 = 50_000;
/// Of a hundred answers, more than so many late or invalid ones cost a quarter of the share.
const TOLERATED_PERCENT: u64 = 15;
/// And more than so many half of it: a small excess may be chance.
const PLAIN_PERCENT: u64 = 30;
/// What a window takes at least, in microseconds, and answers.
const WINDOW_US: i64 = 1_000_000;
const ENOUGH: u32 = 20;
/// A window of few answers ends after so long; one of fewer than five is no evidence.
const LONGEST_US: i64 = 5_000_000;
const FEW: u32 = 5;

impl Default for Throttle {
    fn default() -> Self {
        Self {
            share: AtomicU32::new(WHOLE),
            window: Mutex::default(),
        }
    }
}

impl Throttle {
    /// Whether a request goes through; `draw` is uniform over all numbers.
    #[must_use]
    pub fn lets_through(&self, draw: u32) -> bool {
        let share = self.share();
        share >= Multiplier::ONE || is_within(share, draw)
    }

    /// The share that goes through now.
    #[must_use]
    pub fn share(&self) -> Multiplier {
        let share = self.share.load(Relaxed);
        Multiplier::new(i64::from(share)).unwrap_or(Multiplier::ONE)
    }

    /// Counts an answer at `now_us` (microseconds of any steady clock); `bad` ones were late or invalid.
    pub fn answered(&self, now_us: i64, bad: bool) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *window.since_us.get_or_insert(now_us);
        window.answers = window.answers.saturating_add(1);
        window.bad = window.bad.saturating_add(u32::from(bad));
        let lasted = now_us.saturating_sub(since);
        let whole = lasted >= WINDOW_US && window.answers >= ENOUGH;
        if !whole && lasted < LONGEST_US {
            return;
        }
        if window.answers >= FEW {
            let share = self.share.load(Relaxed);
            let percent = u64::from(window.bad) * 100;
            let exceeds = |limit: u64| percent > limit * u64::from(window.answers);
            let next = if exceeds(PLAIN_PERCENT) {
                (share / 2).max(LEAST)
            } else if exceeds(TOLERATED_PERCENT) {
                (share - share / 4).max(LEAST)
            } else {
                // A window that lasted longer because nothing was asked gives no more than one that did not.
                let earned = u64::from(STEP) * u64::try_from(lasted.min(LONGEST_US)).unwrap_or(0);
                let earned = u32::try_from(earned / 1_000_000).unwrap_or(STEP);
                share.saturating_add(earned).min(WHOLE)
            };
            self.share.store(next, Relaxed);
        }
        *window = Window::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of answers at 200 a second before throttling, so many of a hundred bad.
    fn run(throttle: &Throttle, from_s: i64, seconds: i64, bad_percent: u64) {
        let mut asked = 0_u64;
        for tick in 0..seconds * 200 {
            let now_us = from_s * 1_000_000 + tick * 5_000;
            // Draws that are even over any few of them.
            let draw = u32::try_from(tick).unwrap().wrapping_mul(2_654_435_769);
            if throttle.lets_through(draw) {
                asked += 1;
                throttle.answered(now_us, asked * 37 % 100 < bad_percent);
            }
        }
    }

    fn percent(throttle: &Throttle) -> i64 {
        throttle.share().millionths() / 10_000
    }

    #[test]
    fn r_29_always_late_gets_a_tenth_within_ten_seconds_and_recovers_within_a_minute() {
        let throttle = Throttle::default();
        run(&throttle, 0, 10, 100);
        assert!(percent(&throttle) <= 10, "{}", percent(&throttle));
        run(&throttle, 10, 5, 0);
        let gradual = percent(&throttle);
        assert!(gradual > 5 && gradual < 40, "{gradual}");
        run(&throttle, 15, 55, 0);
        assert_eq!(percent(&throttle), 100);
    }

    #[test]
    fn r_29_fifteen_percent_is_tolerated_and_more_is_not() {
        let throttle = Throttle::default();
        run(&throttle, 0, 30, 14);
        assert_eq!(percent(&throttle), 100);
        run(&throttle, 30, 30, 25);
        assert!(percent(&throttle) <= 10, "{}", percent(&throttle));
    }

    #[test]
    fn few_answers_are_no_evidence_and_some_are() {
        let throttle = Throttle::default();
        for second in 0..8 {
            throttle.answered(second * 2_000_000, true);
        }
        assert_eq!(percent(&throttle), 100, "one in two seconds");
        for second in 20..40 {
            throttle.answered(second * 1_000_000, true);
        }
        assert!(percent(&throttle) < 100, "one a second");
    }
}
