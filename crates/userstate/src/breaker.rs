//! Stops calling a Redis that does not answer (R13, R14).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Calls are judged by windows of this length.
const WINDOW_MS: u64 = 1_000;
/// Fewer failures than this prove nothing.
const LEAST_FAILURES: u64 = 5;
/// How long no call is made; then one call finds out.
const PAUSE_MS: u64 = 500;
/// `opened_at` of a breaker that lets calls through.
const CLOSED: u64 = 0;
/// `opened_at` of one whose pause is over, at any time.
const LONG_AGO: u64 = u64::MAX;

/// Opens when at least five calls, and more than half, failed within a second.
///
/// Times are milliseconds since its making, from 1. Races between calls only move the moment by a call.
#[derive(Debug)]
pub(crate) struct Breaker {
    made: Instant,
    opened_at: AtomicU64,
    window: AtomicU64,
    calls: AtomicU64,
    failures: AtomicU64,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self {
            made: Instant::now(),
            opened_at: AtomicU64::new(CLOSED),
            window: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// Milliseconds since the breaker was made.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }

    /// Whether a call may be made now. While open, one caller per pause is let through as a probe.
    pub(crate) fn allows(&self, now: u64) -> bool {
        let opened_at = self.opened_at.load(Ordering::Acquire);
        if opened_at == CLOSED {
            return true;
        }
        (opened_at == LONG_AGO || now.saturating_sub(opened_at) >= PAUSE_MS)
            && self
                .opened_at
                .compare_exchange(opened_at, now, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    /// Lets the next call through as a probe, before the pause is over.
    pub(crate) fn probe_now(&self) {
        if self.is_open() {
            self.opened_at.store(LONG_AGO, Ordering::Release);
        }
    }

    /// Takes note of how a call ended.
    pub(crate) fn ended(&self, now: u64, answered: bool) {
        if answered && self.opened_at.swap(CLOSED, Ordering::AcqRel) != CLOSED {
            self.begin_window(now);
            return;
        }
        if now.saturating_sub(self.window.load(Ordering::Acquire)) >= WINDOW_MS {
            self.begin_window(now);
        }
        let calls = self.calls.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        if answered {
            return;
        }
        let failures = self
            .failures
            .fetch_add(1, Ordering::AcqRel)
            .saturating_add(1);
        if failures >= LEAST_FAILURES && failures.saturating_mul(2) > calls {
            self.opened_at.store(now, Ordering::Release);
        }
    }

    /// Whether calls are held back.
    pub(crate) fn is_open(&self) -> bool {
        self.opened_at.load(Ordering::Acquire) != CLOSED
    }

    fn begin_window(&self, now: u64) {
        self.window.store(now, Ordering::Release);
        self.calls.store(0, Ordering::Release);
        self.failures.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ends: &[bool]) -> Breaker {
        let breaker = Breaker::new();
        for answered in ends {
            breaker.ended(1, *answered);
        }
        breaker
    }

    #[test]
    fn opens_when_more_than_half_fail() {
        let (ok, no) = (true, false);
        let cases: [(&str, &[bool], bool); 5] = [
            ("four failures prove nothing", &[no; 4], false),
            ("R13: five in a row open it", &[no; 5], true),
            (
                "half is not more than half",
                &[ok, ok, ok, ok, ok, no, no, no, no, no],
                false,
            ),
            (
                "R14: more than half opens it",
                &[ok, ok, ok, ok, no, no, no, no, no],
                true,
            ),
            ("answers keep it closed", &[ok; 9], false),
        ];
        for (says, ends, open) in cases {
            assert_eq!(after(ends).is_open(), open, "{says}");
        }
    }

    #[test]
    fn one_probe_per_pause_and_an_answer_closes_it() {
        let breaker = after(&[false; 5]);
        let later = 1 + PAUSE_MS;
        assert!(!breaker.allows(later - 1), "not before the pause is over");
        assert!(breaker.allows(later), "the probe");
        assert!(!breaker.allows(later), "one probe only");
        breaker.ended(later, false);
        assert!(
            !breaker.allows(later + 1),
            "the probe failed: another pause"
        );
        assert!(breaker.allows(2 * later));
        breaker.probe_now();
        assert!(breaker.allows(2 * later), "Redis was reached: at once");
        assert!(!breaker.allows(2 * later), "and still one only");
        breaker.ended(2 * later, true);
        assert!(breaker.allows(2 * later), "an answer closes it");
    }

    #[test]
    fn failures_of_an_earlier_second_are_forgotten() {
        let breaker = after(&[false; 4]);
        breaker.ended(1 + WINDOW_MS, false);
        assert!(!breaker.is_open());
    }
}
