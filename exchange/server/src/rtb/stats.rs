//! Counts since the start, for `GET /stats`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde_json::{Value, json};
use units::UnixMillis;

use crate::metrics::Outcome;

/// Counts of the exchange, shared by its workers.
#[derive(Debug)]
pub(crate) struct Stats {
    since: UnixMillis,
    auctions: [AtomicU64; 4],
    latency: Latency,
}

impl Stats {
    /// Nothing counted yet.
    #[must_use]
    pub(crate) fn new(since: UnixMillis) -> Self {
        Self {
            since,
            auctions: Default::default(),
            latency: Latency::default(),
        }
    }

    /// Counts an auction.
    pub(crate) fn auction(&self, outcome: Outcome, took: Duration) {
        let index = Outcome::ALL.iter().position(|other| *other == outcome);
        if let Some(count) = index.and_then(|index| self.auctions.get(index)) {
            count.fetch_add(1, Relaxed);
        }
        self.latency.observe(took);
    }

    /// The document of `GET /stats`, around that of the DSPs.
    #[must_use]
    pub(crate) fn document(&self, dsps: &[Value]) -> Value {
        let [won, no_bid, shed, invalid] = self.auctions.each_ref().map(|n| n.load(Relaxed));
        let auctions = won + no_bid + shed;
        json!({
            "auctions": auctions,
            "won": won,
            "no_bid": no_bid,
            "shed": shed,
            "invalid": invalid,
            "win_rate": ratio(won, auctions),
            "dsps": dsps,
            "p50_ms": self.latency.quantile_ms(50),
            "p99_ms": self.latency.quantile_ms(99),
            "since": self.since.to_rfc3339(),
        })
    }
}

/// What one DSP did since the start.
#[derive(Debug, Default)]
pub(crate) struct DspStats {
    asked: AtomicU64,
    bids: AtomicU64,
    wins: AtomicU64,
    timeouts: AtomicU64,
    errors: AtomicU64,
    latency: Latency,
}

impl DspStats {
    /// Counts an answer: its label as in metrics, its bids, its time.
    pub(crate) fn answered(&self, label: &str, bids: usize, took: Duration) {
        self.asked.fetch_add(1, Relaxed);
        self.bids
            .fetch_add(u64::try_from(bids).unwrap_or(0), Relaxed);
        match label {
            "timeout" | "shed" => self.timeouts.fetch_add(1, Relaxed),
            "error" => self.errors.fetch_add(1, Relaxed),
            _ => 0,
        };
        self.latency.observe(took);
    }

    /// Counts a win.
    pub(crate) fn won(&self) {
        self.wins.fetch_add(1, Relaxed);
    }

    /// Its entry in `GET /stats`.
    #[must_use]
    pub(crate) fn document(&self, id: &str) -> Value {
        json!({
            "id": id,
            "asked": self.asked.load(Relaxed),
            "bids": self.bids.load(Relaxed),
            "wins": self.wins.load(Relaxed),
            "timeouts": self.timeouts.load(Relaxed),
            "errors": self.errors.load(Relaxed),
            "p50_ms": self.latency.quantile_ms(50),
            "p99_ms": self.latency.quantile_ms(99),
        })
    }
}

/// Buckets per doubling: a quantile is at most a fourth too high.
const STEPS: usize = 4;
/// From 16 µs up to about 17 minutes.
const BUCKETS: usize = 26 * STEPS;

/// Times in buckets that grow by a fixed ratio.
#[derive(Debug)]
pub(crate) struct Latency([AtomicU64; BUCKETS]);

impl Default for Latency {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; BUCKETS])
    }
}

impl Latency {
    /// Counts one time.
    pub(crate) fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let index = (0..BUCKETS - 1)
            .position(|index| micros <= bound_us(index))
            .unwrap_or(BUCKETS - 1);
        if let Some(bucket) = self.0.get(index) {
            bucket.fetch_add(1, Relaxed);
        }
    }

    /// The time that `percent` of all stay within, in milliseconds to three decimals; 0 without any.
    #[must_use]
    pub(crate) fn quantile_ms(&self, percent: u64) -> f64 {
        let total: u64 = self.0.iter().map(|bucket| bucket.load(Relaxed)).sum();
        let wanted = (total * percent).div_ceil(100);
        let mut seen = 0;
        for (index, bucket) in self.0.iter().enumerate() {
            seen += bucket.load(Relaxed);
            if wanted > 0 && seen >= wanted {
                return to_f64(bound_us(index)) / 1_000.0;
            }
        }
        0.0
    }
}

fn bound_us(index: usize) -> u64 {
    let doubling = u32::try_from(index / STEPS).unwrap_or(0);
    let step = u64::try_from(index % STEPS).unwrap_or(0);
    (16_u64 << doubling) / 4 * (4 + step)
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        (to_f64(part) / to_f64(whole) * 10_000.0).round() / 10_000.0
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "statistics for people: exact to 2^53"
)]
fn to_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_fourth() {
        let latency = Latency::default();
        assert_eq!(latency.quantile_ms(99), 0.0);
        for micros in 1..=10_000_u64 {
            latency.observe(Duration::from_micros(micros));
        }
        let p50 = latency.quantile_ms(50);
        assert!((5.0..6.25).contains(&p50), "{p50}");
        let p99 = latency.quantile_ms(99);
        assert!((9.9..12.4).contains(&p99), "{p99}");
    }
}
