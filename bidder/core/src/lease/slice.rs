//! One lease: a face, what is free of it, and its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use units::{LeaseId, Nanos, UnixMillis};

use super::BootMillis;
use super::pace::{AT_ONCE_MS, GRANT_SECOND_MS, Pace};

/// In `free` once the lease has ended: nothing can be reserved or returned any more.
const ENDED: i64 = i64::MIN;

/// A slice of a line item's budget that this bidder holds. `face = free + committed` until its end.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) id: LeaseId,
    pub(crate) epoch: u64,
    pub(crate) face: Nanos,
    pub(crate) expires: BootMillis,
    pub(crate) settle_by: UnixMillis,
    pub(crate) life_s: u32,
    /// When it came.
    began: BootMillis,
    /// Its line item's throttles.
    pace: Arc<Pace>,
    free: AtomicI64,
    seq: AtomicU64,
}

impl Lease {
    pub(super) fn new(
        grant: &contracts::lease::Grant,
        began: BootMillis,
        expires: BootMillis,
        pace: Arc<Pace>,
    ) -> Self {
        Self {
            began,
            pace,
            id: grant.lease,
            epoch: grant.epoch,
            face: grant.face,
            expires,
            settle_by: grant.settle_by,
            life_s: grant.reservation_life_s,
            free: AtomicI64::new(grant.face.0.max(0)),
            seq: AtomicU64::new(0),
        }
    }

    /// A lease that a record tells of, with nothing left.
    pub(crate) fn copied(id: LeaseId, face: Nanos, settle_by: UnixMillis, life_s: u32) -> Self {
        Self {
            id,
            epoch: 0,
            face,
            expires: BootMillis(u64::MAX),
            settle_by,
            life_s,
            began: BootMillis(0),
            pace: Arc::default(),
            free: AtomicI64::new(0),
            seq: AtomicU64::new(0),
        }
    }

    /// What can still be reserved.
    pub(crate) fn free(&self, now: BootMillis) -> Nanos {
        if now >= self.expires {
            return Nanos::ZERO;
        }
        Nanos(self.free.load(Ordering::Relaxed).max(0))
    }

    /// What can be reserved now of a grant that is spread over its second: a tenth of it at once, the rest
    /// evenly; a first reservation always.
    pub(super) fn released(&self, now: BootMillis) -> Nanos {
        let free = self.free(now);
        if free == self.face {
            return free;
        }
        Nanos(free.0.saturating_sub(self.held_back(now)).max(0))
    }

    fn held_back(&self, now: BootMillis) -> i64 {
        let since = now
            .0
            .saturating_sub(self.began.0)
            .saturating_add(AT_ONCE_MS);
        let left = GRANT_SECOND_MS.saturating_sub(since);
        let part = i128::from(self.face.0) * i128::from(left) / i128::from(GRANT_SECOND_MS);
        i64::try_from(part).unwrap_or(i64::MAX)
    }

    /// Takes `cost` out of what is free, or of what is `spread` out by now, and answers the reservation's
    /// number.
    pub(super) fn take(&self, cost: Nanos, now: BootMillis, spread: bool) -> Option<u64> {
        if now >= self.expires || cost.0 < 0 {
            return None;
        }
        let held_back = if spread { self.held_back(now) } else { 0 };
        self.free
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |free| {
                let held_back = if free == self.face.0 { 0 } else { held_back };
                (free.saturating_sub(held_back) >= cost.0).then(|| free - cost.0)
            })
            .ok()?;
        // Numbers are never used twice, also when a reservation is given back.
        Some(self.seq.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Gives `cost` back; without effect once the lease has ended, when it was reported as committed.
    pub(crate) fn give_back(&self, cost: Nanos) {
        self.pace.give_back();
        let _ = self
            .free
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |free| {
                (free != ENDED).then(|| free.saturating_add(cost.0))
            });
    }

    /// Ends the lease and answers the sum of all reservations that count; `None` when it had ended.
    pub(crate) fn end(&self) -> Option<Nanos> {
        match self.free.swap(ENDED, Ordering::AcqRel) {
            ENDED => None,
            free => Some(self.face - Nanos(free)),
        }
    }
}
