//! The end of a lease, told by its bidder, and its close, by the ledger alone.

use units::{BootId, DurationMillis, LeaseId, Nanos, UnixMillis};

use super::books::Books;
use super::lease::{Lease, LeaseState};

/// How long after `settle_by` a notice may still be taken.
pub const GRACE: DurationMillis = DurationMillis::from_secs(30);

/// What became of a bidder's word that a lease has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// So much returned at once.
    Returned(Nanos),
    /// It was known already.
    Known,
    /// Not this bidder's lease, or a sum that cannot be: the fence will close it.
    Refused,
}

/// Whether a lease may close: a marker later than `settle_by + 30 s`, and with it every entry before it,
/// is committed. Never by a timer: the lag of ingest has no bound.
#[must_use]
pub fn closable(lease: &Lease, committed_marker: UnixMillis) -> bool {
    lease.state != LeaseState::Closed && committed_marker > lease.settle_by.after(GRACE)
}

impl Books {
    /// Returns the face less what the bidder ever committed on it.
    pub fn end(&mut self, id: LeaseId, boot: BootId, committed: Nanos) -> End {
        let Some(lease) = self.leases.get_mut(&id) else {
            return End::Refused;
        };
        match lease.state {
            LeaseState::Open => {}
            LeaseState::Ended | LeaseState::Closed => return End::Known,
        }
        // What was billed or lost so far was committed as well.
        if lease.boot != boot
            || committed < lease.settled + lease.released
            || committed > lease.face
        {
            return End::Refused;
        }
        let back = lease.face - committed;
        lease.state = LeaseState::Ended;
        lease.returned += back;
        let lease = lease.clone();
        self.free(&lease, back);
        End::Returned(back)
    }

    /// Closes a lease: its hold returns. Whether it may is [`closable`]'s to say, or an operator's.
    pub fn close(&mut self, id: LeaseId) -> Nanos {
        let Some(lease) = self.leases.get_mut(&id) else {
            return Nanos::ZERO;
        };
        if lease.state == LeaseState::Closed {
            return Nanos::ZERO;
        }
        let back = lease.hold();
        lease.state = LeaseState::Closed;
        lease.returned += back;
        let lease = lease.clone();
        self.free(&lease, back);
        back
    }
}
