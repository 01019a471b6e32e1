//! The rows of one transaction: accounts, leases and reservations, and every movement between them.

use std::collections::{BTreeMap, BTreeSet};

use units::{CampaignId, LeaseId, Nanos, ReservationId};

use super::account::{Account, AccountKey, Level};
use super::lease::Lease;
use super::settle::{Reservation, ReservationState};

/// Where money of a campaign can be. One unit is on exactly one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Where a configured budget comes from; its balance is the budget, negative.
    Configured,
    /// Not held by any lease.
    Unallocated,
    /// Held by an open lease.
    Held,
    /// Charged.
    Settled,
}

impl Side {
    /// The word under which it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Unallocated => "unallocated",
            Self::Held => "held",
            Self::Settled => "settled",
        }
    }
}

/// Two postings of one amount: out of one side, into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Whose money.
    pub campaign: CampaignId,
    /// By which lease, when by one.
    pub lease: Option<LeaseId>,
    /// Out of.
    pub from: Side,
    /// Into.
    pub to: Side,
    /// How much; never negative.
    pub amount: Nanos,
}

/// What the four levels and the leases disagree by; all zero when the books are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imbalance(pub Nanos);

/// Rows that are locked (or, in a simulation, all there are).
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// Budgets.
    pub accounts: BTreeMap<AccountKey, Account>,
    /// Leases.
    pub leases: BTreeMap<LeaseId, Lease>,
    /// Reservations that have moved; one that is not here is open.
    pub reservations: BTreeMap<ReservationId, Reservation>,
    /// What moved since the books were opened, one entry per lease and kind of movement.
    movements: BTreeMap<(CampaignId, Option<LeaseId>, Side, Side), Nanos>,
    changed: BTreeSet<ReservationId>,
}

impl Books {
    /// What moved, summed per lease: postings are made per lease and batch, never per event.
    pub fn movements(&self) -> impl Iterator<Item = Movement> + '_ {
        self.movements
            .iter()
            .map(|((campaign, lease, from, to), amount)| Movement {
                campaign: campaign.clone(),
                lease: *lease,
                from: *from,
                to: *to,
                amount: *amount,
            })
    }

    /// Reservations that moved since the books were opened.
    pub fn moved(&self) -> impl Iterator<Item = (&ReservationId, &Reservation)> + '_ {
        self.changed
            .iter()
            .filter_map(|id| self.reservations.get_key_value(id))
    }

    pub(super) fn record(
        &mut self,
        campaign: &CampaignId,
        lease: Option<LeaseId>,
        from: Side,
        to: Side,
        amount: Nanos,
    ) {
        if amount > Nanos::ZERO {
            *self
                .movements
                .entry((campaign.clone(), lease, from, to))
                .or_default() += amount;
        }
    }

    pub(super) fn put_reservation(&mut self, id: ReservationId, reservation: Reservation) {
        self.changed.insert(id);
        self.reservations.insert(id, reservation);
    }

    /// Sets what an account is configured with. A lifetime's change is posted.
    pub fn configure(&mut self, campaign: &CampaignId, key: &AccountKey, to: Option<Nanos>) {
        let Some(account) = self.accounts.get_mut(key) else {
            return;
        };
        let before = account.configured.unwrap_or_default();
        account.configure(to);
        if key.level == Level::Campaign {
            let more = to.unwrap_or_default() - before;
            self.record(campaign, None, Side::Configured, Side::Unallocated, more);
            self.record(campaign, None, Side::Unallocated, Side::Configured, -more);
        }
    }

    /// Gives part of a lease's hold back at every level.
    pub(super) fn free(&mut self, lease: &Lease, amount: Nanos) {
        for key in lease.accounts() {
            if let Some(account) = self.accounts.get_mut(&key) {
                account.free(amount);
            }
        }
        self.record(
            &lease.campaign,
            Some(lease.id),
            Side::Held,
            Side::Unallocated,
            amount,
        );
    }

    /// Compares every account with the leases and reservations behind it. For books that hold all rows.
    #[must_use]
    pub fn imbalance(&self) -> Imbalance {
        let mut expected: BTreeMap<AccountKey, (Nanos, Nanos)> = BTreeMap::new();
        for lease in self.leases.values() {
            for key in lease.accounts() {
                expected.entry(key).or_default().0 += lease.hold();
            }
        }
        for reservation in self.reservations.values() {
            let charged = match reservation.state {
                ReservationState::Billed | ReservationState::LateFunded => reservation.charge,
                ReservationState::Released | ReservationState::LateUnfunded => Nanos::ZERO,
            };
            for key in &reservation.accounts {
                expected.entry(key.clone()).or_default().1 += charged;
            }
        }
        let off =
            |sum: Nanos, one: Nanos, other: Nanos| sum + Nanos((one - other).0.saturating_abs());
        let mut sum = Nanos::ZERO;
        for (key, account) in &self.accounts {
            let (held, settled) = expected.remove(key).unwrap_or_default();
            sum = off(sum, account.held, held);
            sum = off(sum, account.settled, settled);
        }
        for (held, settled) in expected.into_values() {
            sum = off(off(sum, held, Nanos::ZERO), settled, Nanos::ZERO);
        }
        Imbalance(sum)
    }

    /// The account of a campaign's lifetime.
    #[must_use]
    pub fn campaign(&self, campaign: &str) -> Option<&Account> {
        self.accounts
            .get(&AccountKey::lifetime(Level::Campaign, campaign))
    }
}
