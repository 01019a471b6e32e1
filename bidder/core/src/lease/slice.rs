//! One lease: a face, what is free of it, and its end.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use units::{LeaseId, Nanos, UnixMillis};

use super::BootMillis;

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
    free: AtomicI64,
    seq: AtomicU64,
}

impl Lease {
    pub(crate) fn new(grant: &contracts::lease::Grant, expires: BootMillis) -> Self {
        Self {
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
    pub(crate) const fn copied(
        id: LeaseId,
        face: Nanos,
        settle_by: UnixMillis,
        life_s: u32,
    ) -> Self {
        Self {
            id,
            epoch: 0,
            face,
            expires: BootMillis(u64::MAX),
            settle_by,
            life_s,
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

    /// Takes `cost` out of what is free and answers the reservation's number.
    pub(crate) fn take(&self, cost: Nanos, now: BootMillis) -> Option<u64> {
        if now >= self.expires || cost.0 < 0 {
            return None;
        }
        self.free
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |free| {
                (free >= cost.0).then(|| free - cost.0)
            })
            .ok()?;
        // Numbers are never used twice, also when a reservation is given back.
        Some(self.seq.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Gives `cost` back; without effect once the lease has ended, when it was reported as committed.
    pub(crate) fn give_back(&self, cost: Nanos) {
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
