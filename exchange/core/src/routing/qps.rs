//! A partner's limit of requests a second, shared by all workers of the process.

use std::sync::atomic::{AtomicI64, Ordering};

/// A token bucket as one number: the instant, in microseconds, at which the next request is due (GCRA).
///
/// Lock-free, so that every worker takes from the same bucket.
#[derive(Debug, Default)]
pub struct QpsBucket {
    due_us: AtomicI64,
}

/// How far ahead of an even flow requests may come: a tenth of a second's worth.
const BURST_US: i64 = 100_000;

impl QpsBucket {
    /// Takes one request at `now_us` (microseconds of any steady clock) under `per_second`; whether it may go.
    pub fn take(&self, now_us: i64, per_second: u32) -> bool {
        let Some(step) = 1_000_000_i64.checked_div(i64::from(per_second)) else {
            return false;
        };
        // At least one request is always within the burst.
        let burst = BURST_US.max(step);
        self.due_us
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |due| {
                let due = due.max(now_us);
                let ahead = due.saturating_sub(now_us);
                (ahead.saturating_add(step) <= burst).then(|| due.saturating_add(step))
            })
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_the_limit_in_any_second() {
        // QPS cap per DSP
        for limit in [1_u32, 7, 100, 5_000] {
            let bucket = QpsBucket::default();
            let taken = (0..1_000_000_i64)
                .step_by(100)
                .filter(|now| bucket.take(*now, limit))
                .count();
            let burst = (limit / 10).max(1) as usize;
            let limit = limit as usize;
            assert!(taken >= limit && taken <= limit + burst, "{limit}: {taken}");
        }
    }

    #[test]
    fn several_workers_share_the_limit() {
        // the sum over all of them
        let limit = 1_000_u32;
        let bucket = QpsBucket::default();
        let take = || {
            (0..1_000_000_i64)
                .step_by(100)
                .filter(|now| bucket.take(*now, limit))
        };
        let taken: usize = std::thread::scope(|scope| {
            let workers = [(); 4].map(|()| scope.spawn(|| take().count()));
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .sum()
        });
        assert!((1_000..=1_100).contains(&taken), "{taken}");
    }

    #[test]
    fn a_limit_of_zero_lets_nothing_through() {
        assert!(!QpsBucket::default().take(5, 0));
    }
}
