//! A reservation: the money behind one bid.

use std::sync::Arc;

use units::{Nanos, ReservationId, UnixMillis};

use super::slice::Lease;

/// Money held for one bid of this request.
///
/// Dropping it gives the money back, which is allowed only to the request that made it and only while its
/// bid has not been handed to the socket; [`Reservation::sent`] ends that time. After it the money stays
/// committed whatever becomes of the bid: another instance may already have settled it.
#[must_use = "a reservation that is dropped gives its money back"]
#[derive(Debug)]
pub struct Reservation {
    lease: Arc<Lease>,
    seq: u64,
    cost: Nanos,
    sent: bool,
}

impl Reservation {
    pub(super) const fn new(lease: Arc<Lease>, seq: u64, cost: Nanos) -> Self {
        Self {
            lease,
            seq,
            cost,
            sent: false,
        }
    }

    /// One that a record tells of: on a lease of its own, so that nothing is held or given back anywhere.
    pub(crate) fn copied(
        id: ReservationId,
        cost: Nanos,
        settle_by: UnixMillis,
        life_s: u32,
    ) -> Self {
        Self {
            lease: Arc::new(Lease::copied(id.lease, cost, settle_by, life_s)),
            seq: id.seq,
            cost,
            sent: false,
        }
    }

    /// Its id: the lease and a number on it.
    #[must_use]
    pub fn id(&self) -> ReservationId {
        ReservationId {
            lease: self.lease.id,
            seq: self.seq,
        }
    }

    /// The most that the bid may cost, in the campaign's currency.
    #[must_use]
    pub const fn cost(&self) -> Nanos {
        self.cost
    }

    /// Until when its notices are accepted, by the ledger's clock.
    #[must_use]
    pub fn settle_by(&self) -> UnixMillis {
        self.lease.settle_by
    }

    /// Longest `exp` in seconds that its bid may declare.
    #[must_use]
    pub fn life_s(&self) -> u32 {
        self.lease.life_s
    }

    /// The bid goes to the socket: the money stays committed for good.
    pub fn sent(mut self) {
        self.sent = true;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.sent {
            self.lease.give_back(self.cost);
        }
    }
}
