//! How fast one line item may reserve here: bids per second, and a grant's second.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::BootMillis;

/// A grant of a paced line item is spread over so many milliseconds (money.md, "Pacing").
pub(super) const GRANT_SECOND_MS: u64 = 1_000;
/// Of which so many are there at once.
pub(super) const AT_ONCE_MS: u64 = 100;

/// The throttles of one line item, shared by all cores of the process.
///
/// Bids per second by the generic cell rate algorithm: the instant at which the bids so far would have
/// been due at an even rate runs at most a tenth of a second ahead of the clock.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Microseconds between bids; 0 without a limit.
    interval: AtomicU64,
    /// When the next bid would be due at an even rate, in microseconds of the boot clock.
    due: AtomicU64,
    spread: AtomicBool,
}

impl Pace {
    pub(super) fn set(&self, max_qps: Option<u32>, spread: bool) {
        let interval = max_qps.map_or(0, |qps| 1_000_000 / u64::from(qps.max(1)));
        self.interval.store(interval, Ordering::Relaxed);
        self.spread.store(spread, Ordering::Relaxed);
    }

    /// Whether grants are spread over their second.
    pub(super) fn spreads(&self) -> bool {
        self.spread.load(Ordering::Relaxed)
    }

    /// Whether a bid is within the rate at this instant.
    pub(super) fn allows(&self, now: BootMillis) -> bool {
        let interval = self.interval.load(Ordering::Relaxed);
        interval == 0 || ahead(self.due.load(Ordering::Relaxed), now) <= slack(interval)
    }

    /// Counts a bid; false when it is beyond the rate, unless it `must` go out.
    pub(super) fn take(&self, now: BootMillis, must: bool) -> bool {
        let interval = self.interval.load(Ordering::Relaxed);
        if interval == 0 {
            return true;
        }
        self.due
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |due| {
                let within = must || ahead(due, now) <= slack(interval);
                within.then(|| due.max(micros(now)).saturating_add(interval))
            })
            .is_ok()
    }

    /// A counted bid did not go out.
    pub(super) fn give_back(&self) {
        let interval = self.interval.load(Ordering::Relaxed);
        if interval > 0 {
            let _ = self
                .due
                .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |due| {
                    Some(due.saturating_sub(interval))
                });
        }
    }
}

const fn micros(now: BootMillis) -> u64 {
    now.0.saturating_mul(1_000)
}

const fn ahead(due: u64, now: BootMillis) -> u64 {
    due.saturating_sub(micros(now))
}

/// How far ahead of the clock bids may run: a tenth of a second, of which this bid takes its interval.
const fn slack(interval: u64) -> u64 {
    (AT_ONCE_MS * 1_000).saturating_sub(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_the_rate_and_a_tenth_of_a_second_of_it_at_once() {
        for (qps, at_once, in_ten_seconds) in [(100, 10, 1_000), (5, 1, 50), (1, 1, 10)] {
            let pace = Pace::default();
            pace.set(Some(qps), false);
            let start = BootMillis(5_000);
            let burst = (0..1_000).filter(|_| pace.take(start, false)).count();
            assert_eq!(burst, at_once, "{qps}");
            assert!(!pace.allows(start));
            let later = (1..10_000)
                .filter(|ms| pace.take(start.after_ms(*ms), false))
                .count();
            let total = burst + later;
            assert!(
                total.abs_diff(in_ten_seconds) <= at_once,
                "{qps}: {total} in ten seconds"
            );
        }
    }

    #[test]
    fn what_must_go_out_does_and_what_did_not_does_not_count() {
        let pace = Pace::default();
        let now = BootMillis(1);
        assert!(pace.take(now, false) && pace.allows(now), "no limit");
        pace.set(Some(10), true);
        assert!(pace.take(now, false));
        assert!(!pace.take(now, false));
        pace.give_back();
        assert!(pace.take(now, false));
        assert!(pace.take(now, true), "guaranteed");
        assert!(!pace.allows(now.after_ms(100)), "and counts");
        assert!(pace.allows(now.after_ms(200)) && pace.spreads());
    }
}
