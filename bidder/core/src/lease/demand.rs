//! How much a line item wants to reserve, measured.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use units::Nanos;

/// The reservation rate of one line item: bids times maximum cost. The spend rate would starve it.
#[derive(Debug, Default)]
pub(crate) struct Demand {
    /// Asked for since the last measure, met or not.
    since: AtomicI64,
    /// Smoothed amount per interval.
    rate: AtomicI64,
    wanted: AtomicBool,
    granted: AtomicBool,
}

impl Demand {
    pub(super) fn add(&self, cost: Nanos) {
        self.since.fetch_add(cost.0, Ordering::Relaxed);
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

    /// Closes one interval and answers the smoothed rate: half the last one, half the history, but at
    /// once the last one when that is higher, so that a rising line item is not starved.
    pub(super) fn measure(&self) -> Nanos {
        let last = self.since.swap(0, Ordering::Relaxed);
        let before = self.rate.load(Ordering::Relaxed);
        let rate = last.max((last / 2).saturating_add(before / 2));
        self.rate.store(rate, Ordering::Relaxed);
        Nanos(rate)
    }

    /// The want was put into a batch.
    pub(super) fn asked(&self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}
