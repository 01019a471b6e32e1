//! All leases of one line item.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use contracts::lease::{Ended, Grant};
use units::{LeaseId, LineItemId, Nanos};

use super::BootMillis;
use super::demand::Demand;
use super::pace::Pace;
use super::reservation::Reservation;
use super::slice::Lease;

/// Why a line item has no money for a bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfunded {
    /// It has had no lease yet; one is being asked for.
    LeasePending,
    /// Its leases are used up or at their end.
    BudgetExhausted,
    /// It has money, and bids as fast as it may.
    Throttled,
}

/// What one line item may commit here. Shared by all cores; reserving takes no lock.
#[derive(Debug)]
pub struct Account {
    id: LineItemId,
    /// Swapped whole when a lease comes or goes, about once a second.
    leases: ArcSwap<Vec<Arc<Lease>>>,
    /// Serialises the swaps, never a reservation.
    editing: Mutex<()>,
    epoch: AtomicU64,
    demand: Demand,
    pace: Arc<Pace>,
}

impl Account {
    /// Without a lease: `none` is what all such accounts share.
    pub(super) fn new(id: LineItemId, none: Arc<Vec<Arc<Lease>>>) -> Self {
        Self {
            id,
            leases: ArcSwap::new(none),
            editing: Mutex::new(()),
            epoch: AtomicU64::new(0),
            demand: Demand::default(),
            pace: Arc::default(),
        }
    }

    /// Whose money it is.
    #[must_use]
    pub const fn line_item(&self) -> &LineItemId {
        &self.id
    }

    /// Learns how fast it may bid: bids per second here, and whether a grant is spread over its second
    /// (money.md, "Pacing").
    pub fn pace(&self, max_qps: Option<u32>, spread: bool) {
        self.pace.set(max_qps, spread);
    }

    /// Learns what one impression costs at most: its maximum CPM.
    pub fn costs_at_most(&self, impression: Nanos) {
        self.demand.impression(impression);
    }

    /// Reserves `cost` on the lease that ends first.
    ///
    /// # Errors
    /// [`Unfunded`] when no lease has that much left, or a throttle holds the line item back.
    pub fn reserve(&self, cost: Nanos, now: BootMillis) -> Result<Reservation, Unfunded> {
        self.reserve_for(cost, false, now)
    }

    /// The same for a bid that `must` go out: no throttle holds it back, though it counts there.
    ///
    /// # Errors
    /// [`Unfunded`] when no lease has that much left.
    pub fn reserve_for(
        &self,
        cost: Nanos,
        must: bool,
        now: BootMillis,
    ) -> Result<Reservation, Unfunded> {
        if !self.pace.take(now, must) {
            self.demand.refused(cost);
            return Err(Unfunded::Throttled);
        }
        let spread = !must && self.pace.spreads();
        let leases = self.leases.load();
        for lease in leases.iter() {
            if let Some(seq) = lease.take(cost, now, spread) {
                self.demand.met(cost);
                return Ok(Reservation::new(Arc::clone(lease), seq, cost));
            }
        }
        self.pace.give_back();
        if leases.iter().any(|lease| lease.free(now) >= cost) {
            self.demand.refused(cost);
            return Err(Unfunded::Throttled);
        }
        self.demand.missed(cost);
        Err(self.why_unfunded())
    }

    /// Whether `cost` could be reserved at this instant; if not, a lease will be asked for.
    ///
    /// # Errors
    /// [`Unfunded`] when no lease has that much left, or a throttle holds the line item back.
    pub fn check(&self, cost: Nanos, now: BootMillis) -> Result<(), Unfunded> {
        let leases = self.leases.load();
        if leases.iter().any(|lease| lease.free(now) >= cost) {
            let spread = self.pace.spreads();
            let released = |lease: &Arc<Lease>| !spread || lease.released(now) >= cost;
            return if self.pace.allows(now) && leases.iter().any(released) {
                Ok(())
            } else {
                Err(Unfunded::Throttled)
            };
        }
        self.demand.missed(cost);
        Err(self.why_unfunded())
    }

    /// What all its leases still have free.
    #[must_use]
    pub fn free(&self, now: BootMillis) -> Nanos {
        self.leases.load().iter().map(|lease| lease.free(now)).sum()
    }

    /// The most that any one of its leases has free: a bid's cost is reserved on one of them.
    #[must_use]
    pub fn most_free(&self, now: BootMillis) -> Nanos {
        let leases = self.leases.load();
        let free = leases.iter().map(|lease| lease.free(now));
        free.max().unwrap_or(Nanos::ZERO)
    }

    /// What each of its leases has free, in the order in which a reservation tries them.
    pub(crate) fn each_free(&self, now: BootMillis, mut see: impl FnMut(LeaseId, Nanos)) {
        for lease in self.leases.load().iter() {
            see(lease.id, lease.free(now));
        }
    }

    /// Asks for a lease although nothing was bid yet.
    pub fn want(&self) {
        self.demand.want();
    }

    pub(super) fn demand(&self) -> &Demand {
        &self.demand
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Learns of a newer epoch; leases of older ones end at once.
    pub(super) fn raise_epoch(&self, epoch: u64, ended: &mut Vec<Ended>) {
        if self.epoch.fetch_max(epoch, Ordering::AcqRel) < epoch {
            self.end_where(|lease| lease.epoch < epoch, ended);
        }
    }

    /// Adds a granted lease, in the order of their ends.
    pub(super) fn add(&self, grant: &Grant, now: BootMillis, expires: BootMillis) {
        let lease = Lease::new(grant, now, expires, Arc::clone(&self.pace));
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut leases = self.leases.load_full().as_ref().clone();
        let at = leases.partition_point(|it| it.expires <= lease.expires);
        leases.insert(at, Arc::new(lease));
        self.leases.store(Arc::new(leases));
        self.demand.granted();
    }

    /// Ends every lease that `ends` picks and reports what was committed on it.
    pub(super) fn end_where(&self, ends: impl Fn(&Lease) -> bool, ended: &mut Vec<Ended>) {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let leases = self.leases.load_full();
        if !leases.iter().any(|lease| ends(lease)) {
            return;
        }
        let (over, open): (Vec<_>, Vec<_>) = leases.iter().cloned().partition(|lease| ends(lease));
        self.leases.store(Arc::new(open));
        for lease in over {
            if let Some(committed) = lease.end() {
                ended.push(Ended {
                    lease: lease.id,
                    committed,
                });
            }
        }
    }

    /// Why nothing can be reserved, when nothing can.
    pub(crate) fn why_unfunded(&self) -> Unfunded {
        if self.demand.was_granted() {
            Unfunded::BudgetExhausted
        } else {
            Unfunded::LeasePending
        }
    }
}
