//! How much a line item wants to reserve, measured.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use units::Nanos;

/// Of a bid that found no money no more impressions count than these, at the line item's maximum.
const COUNTED: i64 = 4;

/// The reservation rate of one line item: bids times maximum cost. The spend rate would starve it.
#[derive(Debug)]
pub(crate) struct Demand {
    /// The most that one impression costs; `i64::MAX` until it is known.
    impression: AtomicI64,
    /// Asked for since the last measure, met or not.
    since: AtomicI64,
    /// The dearest display since the last measure that no lease had money for.
    dearest: AtomicI64,
    /// Smoothed amount per interval.
    rate: AtomicI64,
    wanted: AtomicBool,
    granted: AtomicBool,
}

/// What one interval came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measured {
    /// Amount per interval, smoothed.
    pub(super) rate: Nanos,
    /// What a lease must have for a display that found no money.
    pub(super) dearest: Nanos,
}

impl Default for Demand {
    fn default() -> Self {
        Self {
            impression: AtomicI64::new(i64::MAX),
            since: AtomicI64::default(),
            dearest: AtomicI64::default(),
            rate: AtomicI64::default(),
            wanted: AtomicBool::default(),
            granted: AtomicBool::default(),
        }
    }
}

impl Demand {
    /// Learns what one impression costs at most.
    pub(super) fn impression(&self, cost: Nanos) {
        self.impression.store(cost.0, Ordering::Relaxed);
    }

    /// `cost` was reserved.
    pub(super) fn met(&self, cost: Nanos) {
        self.add(cost.0);
    }

    /// `cost` was not reserved. What one seller says that one display counts for makes no lease larger for all
    /// bids of the line item: few impressions of it count.
    pub(super) fn refused(&self, cost: Nanos) {
        let impression = self.impression.load(Ordering::Relaxed);
        self.add(cost.0.min(impression.saturating_mul(COUNTED)));
    }

    /// No lease had `cost`: one that has room for such a display is wanted.
    pub(super) fn missed(&self, cost: Nanos) {
        self.refused(cost);
        if self.dearest.load(Ordering::Relaxed) < cost.0 {
            self.dearest.fetch_max(cost.0, Ordering::Relaxed);
        }
        self.want();
    }

    fn add(&self, cost: i64) {
        let _ = self
            .since
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |since| {
                Some(since.saturating_add(cost))
            });
    }

    pub(super) fn want(&self) {
        // Read first: under load thousands of refusals a second would fight for the line.
        if !self.wanted.load(Ordering::Relaxed) {
            self.wanted.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn granted(&self) {
        self.granted.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_granted(&self) -> bool {
        self.granted.load(Ordering::Relaxed)
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Closes one interval. The rate is half the last one, half the history, but at once the last one when that
    /// is higher, so that a rising line item is not starved; the dearest display is one of at most `quantity`
    /// impressions, whatever was asked for.
    pub(super) fn measure(&self, quantity: u32) -> Measured {
        let last = self.since.swap(0, Ordering::Relaxed);
        let before = self.rate.load(Ordering::Relaxed);
        let rate = last.max((last / 2).saturating_add(before / 2));
        self.rate.store(rate, Ordering::Relaxed);
        let impression = self.impression.load(Ordering::Relaxed);
        let most = impression.saturating_mul(i64::from(quantity));
        Measured {
            rate: Nanos(rate),
            dearest: Nanos(self.dearest.swap(0, Ordering::Relaxed).min(most)),
        }
    }

    /// The want was put into a batch.
    pub(super) fn asked(&self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_ends_where_numbers_do() {
        let demand = Demand::default();
        for _ in 0..2 {
            demand.refused(Nanos(i64::MAX));
            assert_eq!(demand.since.load(Ordering::Relaxed), i64::MAX);
            demand.met(Nanos(i64::MAX));
            assert_eq!(demand.since.load(Ordering::Relaxed), i64::MAX);
        }
        let all = Nanos(i64::MAX);
        demand.missed(all);
        let (rate, dearest) = (all, all);
        assert_eq!(demand.measure(u32::MAX), Measured { rate, dearest });
        assert_eq!(demand.measure(u32::MAX).dearest, Nanos::ZERO);
    }
}
