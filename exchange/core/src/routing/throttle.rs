//! Fewer requests for a partner whose answers are late or invalid too often (R29).

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use units::Multiplier;

use super::sampling::is_within;

/// The share of requests that a partner gets, by how its answers were lately. Shared by all workers.
///
/// What was cut comes back in two ways. Good answers give it back by the seconds that they went on for; so does
/// silence, more slowly: a partner that is hardly asked gives no evidence of having recovered, and grows until a
/// probe gets through. While it is cut one bad answer undoes what silence gave.
#[derive(Debug)]
pub struct Throttle {
    /// In millionths.
    share: AtomicU32,
    /// When it was found, in microseconds.
    since_us: AtomicI64,
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
/// What a second without an answer gives back, and from when on: from the least to all in 53 seconds.
const SILENT_STEP: u32 = 20_000;
const SILENT_US: i64 = 5_000_000;
/// Of a hundred answers, more than so many late or invalid ones cost a quarter of the share.
const TOLERATED_PERCENT: u64 = 15;
/// And more than so many half of it: a small excess may be chance.
const PLAIN_PERCENT: u64 = 30;
/// What a window takes at least, in microseconds, and answers.
const WINDOW_US: i64 = 1_000_000;
const ENOUGH: u32 = 20;
/// A window of few answers ends after so long; fewer than five are no evidence against who is not cut.
const LONGEST_US: i64 = 5_000_000;
const FEW: u32 = 5;

impl Default for Throttle {
    fn default() -> Self {
        Self {
            share: AtomicU32::new(WHOLE),
            since_us: AtomicI64::new(0),
            window: Mutex::default(),
        }
    }
}

impl Throttle {
    /// Whether a request goes through at `now_us` (microseconds of any steady clock); `draw` is uniform over all
    /// numbers.
    #[must_use]
    pub fn lets_through(&self, now_us: i64, draw: u32) -> bool {
        let share = self.share(now_us);
        share >= Multiplier::ONE || is_within(share, draw)
    }

    /// The share that goes through at an instant.
    #[must_use]
    pub fn share(&self, now_us: i64) -> Multiplier {
        let share = self.share_at(now_us);
        Multiplier::new(i64::from(share)).unwrap_or(Multiplier::ONE)
    }

    fn share_at(&self, now_us: i64) -> u32 {
        let share = self.share.load(Relaxed);
        if share >= WHOLE {
            return WHOLE;
        }
        let silent = now_us.saturating_sub(self.since_us.load(Relaxed)) - SILENT_US;
        let given = earned(SILENT_STEP, silent.max(0));
        share.saturating_add(given).min(WHOLE)
    }

    /// Counts an answer at `now_us`; `bad` ones were late or invalid.
    pub fn answered(&self, now_us: i64, bad: bool) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let is_cut = self.share.load(Relaxed) < WHOLE;
        let since = *window.since_us.get_or_insert(now_us);
        window.answers = window.answers.saturating_add(1);
        window.bad = window.bad.saturating_add(u32::from(bad));
        let lasted = now_us.saturating_sub(since);
        let whole = lasted >= WINDOW_US && window.answers >= ENOUGH;
        if !whole && lasted < LONGEST_US {
            return;
        }
        let percent = u64::from(window.bad) * 100;
        let exceeds = |limit: u64| percent > limit * u64::from(window.answers);
        let share = self.share.load(Relaxed);
        let next = if window.answers < FEW {
            if !is_cut {
                None
            } else if exceeds(TOLERATED_PERCENT) {
                Some(share)
            } else {
                Some(self.mended(now_us, lasted))
            }
        } else if exceeds(PLAIN_PERCENT) {
            Some((share / 2).max(LEAST))
        } else if exceeds(TOLERATED_PERCENT) {
            Some((share - share / 4).max(LEAST))
        } else {
            Some(self.mended(now_us, lasted))
        };
        if let Some(next) = next {
            self.since_us.store(now_us, Relaxed);
            self.share.store(next, Relaxed);
        }
        *window = Window {
            // Of who is hardly asked the silence before the next answer counts.
            since_us: is_cut.then_some(now_us),
            ..Window::default()
        };
    }

    /// The share after good answers. A window that lasted longer because nothing was asked gives no more than one
    /// that did not.
    fn mended(&self, now_us: i64, lasted: i64) -> u32 {
        let given = earned(STEP, lasted.min(LONGEST_US));
        self.share_at(now_us).saturating_add(given).min(WHOLE)
    }
}

/// What so many microseconds give at `step` a second.
fn earned(step: u32, micros: i64) -> u32 {
    let earned = u64::from(step).saturating_mul(u64::try_from(micros).unwrap_or(0));
    u32::try_from(earned / 1_000_000).unwrap_or(WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of requests at so many a thousand seconds before throttling, so many of a hundred answers bad; the
    /// number of those that got through.
    fn run(throttle: &Throttle, at: (i64, i64), per_1000_s: i64, bad_percent: u64) -> u64 {
        let (from_s, to_s) = at;
        let mut asked = 0_u64;
        for tick in 0..(to_s - from_s) * per_1000_s / 1_000 {
            let now_us = from_s * 1_000_000 + tick * 1_000_000_000 / per_1000_s;
            // Draws that are even over any few of them.
            let draw = u32::try_from(tick).unwrap().wrapping_mul(2_654_435_769);
            if throttle.lets_through(now_us, draw) {
                asked += 1;
                throttle.answered(now_us, asked * 37 % 100 < bad_percent);
            }
        }
        asked
    }

    fn percent(throttle: &Throttle, at_s: i64) -> i64 {
        throttle.share(at_s * 1_000_000).millionths() / 10_000
    }

    const BUSY: i64 = 200_000;

    #[test]
    fn r_29_always_late_gets_a_tenth_within_ten_seconds_and_recovers_within_a_minute() {
        // Rates in requests a thousand seconds.
        for rate in [100, 200, 500, 1_000, 3_000, 10_000, BUSY] {
            let throttle = Throttle::default();
            run(&throttle, (0, 10), BUSY, 100);
            assert!(percent(&throttle, 10) <= 10, "{}", percent(&throttle, 10));
            run(&throttle, (10, 15), rate, 0);
            let gradual = percent(&throttle, 15);
            assert!((5..40).contains(&gradual), "{rate}: {gradual} after 5 s");
            run(&throttle, (15, 70), rate, 0);
            assert_eq!(percent(&throttle, 70), 100, "{rate}: after a minute");
        }
    }

    #[test]
    fn r_29_who_stays_bad_stays_cut() {
        for (rate, most) in [(500, 60), (1_000, 40), (10_000, 15), (BUSY, 10)] {
            let throttle = Throttle::default();
            run(&throttle, (0, 10), BUSY, 100);
            let asked = run(&throttle, (10, 610), rate, 100);
            let share = asked * 100 / u64::try_from(600 * rate / 1_000).unwrap();
            assert!(share <= most, "{rate}: {share} % asked in ten minutes");
        }
    }

    #[test]
    fn r_29_fifteen_percent_is_tolerated_and_more_is_not() {
        let throttle = Throttle::default();
        run(&throttle, (0, 30), BUSY, 14);
        assert_eq!(percent(&throttle, 30), 100);
        run(&throttle, (30, 60), BUSY, 25);
        assert!(percent(&throttle, 60) <= 10, "{}", percent(&throttle, 60));
    }

    #[test]
    fn few_answers_are_no_evidence_and_some_are() {
        let throttle = Throttle::default();
        for second in 0..8 {
            throttle.answered(second * 2_000_000, true);
        }
        assert_eq!(percent(&throttle, 16), 100, "one in two seconds");
        for second in 20..40 {
            throttle.answered(second * 1_000_000, true);
        }
        assert!(percent(&throttle, 40) < 100, "one a second");
    }
}
