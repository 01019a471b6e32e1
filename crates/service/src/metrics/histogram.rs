//! Fixed buckets of atomics: no lock, no allocation, no upkeep on the bid path.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Bucket bounds in seconds.
pub mod buckets {
    /// The buckets that dashboards and alerts rely on: fine below 10 ms where a bidder lives, and with
    /// an edge at 100 ms, the objective.
    pub const BID: &[f64] = &[
        0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25,
    ];
    /// For calls to Redis: from 50 µs, with an edge at 5 ms, the budget.
    pub const CALL: &[f64] = &[
        0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5,
    ];
    /// For what people wait for.
    pub const API: &[f64] = &[
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ];
}

/// How often a duration fell into which bucket.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: &'static [f64],
    /// The same bounds in nanoseconds, so that observing needs no float.
    bounds_nanos: Vec<u64>,
    /// One more than the bounds: the last is everything above.
    counts: Vec<AtomicU64>,
    sum_nanos: AtomicU64,
}

impl Histogram {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounds are small positive constants; a float-to-integer cast saturates"
    )]
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self(Arc::new(Inner {
            bounds,
            bounds_nanos: bounds
                .iter()
                .map(|bound| (bound * 1e9).round() as u64)
                .collect(),
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum_nanos: AtomicU64::new(0),
        }))
    }

    /// Counts one duration.
    pub fn observe(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = self.0.bounds_nanos.partition_point(|bound| *bound < nanos);
        if let Some(count) = self.0.counts.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
        self.0.sum_nanos.fetch_add(nanos, Relaxed);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// The bound below which at least the share `q` (0 to 1) of the durations lies, interpolated
    /// within its bucket; none when nothing was counted. In seconds. For `/stats`, not for money.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a quantile of buckets is an estimate"
    )]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let counts = self.counts();
        let total: u64 = counts.iter().sum();
        if total == 0 {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * total as f64;
        let mut below = 0_u64;
        let mut lower = 0.0;
        for (count, upper) in counts.iter().zip(self.0.bounds) {
            let through = below + count;
            if through as f64 >= rank && *count > 0 {
                let within = (rank - below as f64) / *count as f64;
                return Some(lower + (upper - lower) * within);
            }
            below = through;
            lower = *upper;
        }
        Some(lower)
    }

    pub(super) fn bounds(&self) -> &'static [f64] {
        self.0.bounds
    }

    pub(super) fn counts(&self) -> Vec<u64> {
        self.0
            .counts
            .iter()
            .map(|count| count.load(Relaxed))
            .collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a Prometheus value is a double")]
    pub(super) fn sum_seconds(&self) -> f64 {
        self.0.sum_nanos.load(Relaxed) as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_belongs_below_it() {
        let histogram = Histogram::new(buckets::BID);
        for micros in [500, 501, 100_000, 100_001, 999_999] {
            histogram.observe(Duration::from_micros(micros));
        }
        assert_eq!(histogram.counts(), [1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 1]);
        assert_eq!(histogram.count(), 5);
    }

    #[test]
    fn quantiles_lie_in_the_right_bucket() {
        let histogram = Histogram::new(buckets::BID);
        assert_eq!(histogram.quantile(0.5), None);
        for _ in 0..99 {
            histogram.observe(Duration::from_micros(1_500));
        }
        histogram.observe(Duration::from_millis(120));
        let middle = histogram.quantile(0.5).unwrap();
        assert!((0.001..=0.002).contains(&middle), "{middle}");
        let last = histogram.quantile(1.0).unwrap();
        assert!((0.1..=0.15).contains(&last), "{last}");
    }
}
