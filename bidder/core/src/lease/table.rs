//! The table of all accounts, and the batch that is exchanged with the ledger once a second.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use contracts::lease::{Ended, Grant, LeaseAnswer, Want};
use units::{BootId, LeaseId, LineItemId, Nanos};

use super::BootMillis;
use super::account::Account;
use super::demand::Measured;
use super::slice::Lease;

/// Why a grant, or a whole answer, was not used (money.md, "A lease").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It answers another start of this bidder.
    OtherBoot,
    /// The lease's id was seen before.
    KnownLease,
    /// It was granted in an older epoch than this bidder was told of.
    OldEpoch,
    /// Its time was used up on the way.
    TimeUsedUp,
    /// No such line item is loaded.
    UnknownLineItem,
}

impl Dropped {
    /// Its name in logs and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::OtherBoot => "other_boot",
            Self::KnownLease => "known_lease",
            Self::OldEpoch => "old_epoch",
            Self::TimeUsedUp => "time_used_up",
            Self::UnknownLineItem => "unknown_line_item",
        }
    }
}

/// What all line items may commit on this bidder.
#[derive(Debug)]
pub struct LeaseTable {
    boot: BootId,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    accounts: HashMap<LineItemId, Arc<Account>>,
    /// Every lease id of this boot, so that a repeated answer is recognised.
    known: HashMap<LeaseId, BootMillis>,
    /// Ended and not yet told to the ledger.
    ended: Vec<Ended>,
    /// The leases of who has none.
    none: Arc<Vec<Arc<Lease>>>,
}

/// For how long an id is remembered after the lease's end; no answer is that late.
const REMEMBER_MS: u64 = 600_000;

impl LeaseTable {
    /// An empty table of this start of the bidder.
    #[must_use]
    pub fn new(boot: BootId) -> Self {
        Self {
            boot,
            inner: Mutex::default(),
        }
    }

    /// This start of the bidder.
    #[must_use]
    pub const fn boot(&self) -> BootId {
        self.boot
    }

    /// The account of a line item; it outlives catalogs.
    #[must_use]
    pub fn account(&self, line_item: &LineItemId) -> Arc<Account> {
        let mut inner = self.lock();
        let Inner { accounts, none, .. } = &mut *inner;
        let account = accounts
            .entry(line_item.clone())
            .or_insert_with(|| Arc::new(Account::new(line_item.clone(), Arc::clone(none))));
        Arc::clone(account)
    }

    /// Learns what a catalog says: newer epochs end older leases, and so does a line item's absence.
    pub fn loaded<'a>(&self, line_items: impl Iterator<Item = (&'a LineItemId, u64)>) {
        let mut inner = self.lock();
        let Inner {
            accounts, ended, ..
        } = &mut *inner;
        let mut there = HashSet::with_capacity(accounts.len());
        for (id, epoch) in line_items {
            if let Some(account) = accounts.get(id.as_str()) {
                account.raise_epoch(epoch, ended);
            }
            there.insert(id);
        }
        accounts.retain(|id, account| {
            let stays = there.contains(id);
            if !stays {
                account.end_where(|_| true, ended);
            }
            stays
        });
    }

    /// What to ask for now: each line item that wanted to bid and has less than one interval left.
    ///
    /// Called once per interval, since it measures the reservation rates. `first` is the amount for a
    /// line item without a history, `quantity` how many impressions one display may count for. The amount is
    /// two intervals of its rate, and enough for the dearest display that found no money.
    pub fn wants(&self, now: BootMillis, first: Nanos, quantity: u32) -> Vec<Want> {
        let inner = self.lock();
        let mut wants = Vec::new();
        for account in inner.accounts.values() {
            let Measured { rate, dearest } = account.demand().measure(quantity);
            let amount = Nanos(rate.0.saturating_mul(2)).max(first).max(dearest);
            let runs_short = account.free(now) < rate.max(Nanos(first.0 / 2))
                || account.most_free(now) < dearest;
            if (account.demand().is_wanted() || rate > Nanos::ZERO) && runs_short {
                wants.push(Want {
                    line_item: account.line_item().clone(),
                    amount,
                });
                account.demand().asked();
            }
        }
        wants
    }

    /// Ends the leases whose time is up and answers all ended ones that the ledger was not told of.
    pub fn ended(&self, now: BootMillis) -> Vec<Ended> {
        let mut inner = self.lock();
        let Inner {
            accounts,
            ended,
            known,
            ..
        } = &mut *inner;
        for account in accounts.values() {
            account.end_where(|lease| now >= lease.expires, ended);
        }
        known.retain(|_, end| now < end.after_ms(REMEMBER_MS));
        ended.clone()
    }

    /// Ends every lease: this process stops, and what is left returns at once.
    pub fn close(&self) {
        let mut inner = self.lock();
        let Inner {
            accounts, ended, ..
        } = &mut *inner;
        for account in accounts.values() {
            account.end_where(|_| true, ended);
        }
    }

    /// The ledger has taken these reports.
    pub fn told(&self, reports: &[Ended]) {
        let told: std::collections::HashSet<LeaseId> = reports.iter().map(|it| it.lease).collect();
        self.lock().ended.retain(|it| !told.contains(&it.lease));
    }

    /// Takes the leases of an answer whose ask was sent at `asked`; what must not be used is answered.
    pub fn accept(
        &self,
        answer: &LeaseAnswer,
        asked: BootMillis,
        now: BootMillis,
    ) -> Vec<(LeaseId, Dropped)> {
        let mut inner = self.lock();
        let mut dropped = Vec::new();
        for grant in &answer.grants {
            let verdict = if answer.boot == self.boot {
                inner.take(grant, asked, now)
            } else {
                Err(Dropped::OtherBoot)
            };
            if let Err(why) = verdict {
                dropped.push((grant.lease, why));
            }
        }
        dropped
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn take(&mut self, grant: &Grant, asked: BootMillis, now: BootMillis) -> Result<(), Dropped> {
        if self.known.contains_key(&grant.lease) {
            return Err(Dropped::KnownLease);
        }
        let expires = asked.after_ms(u64::from(grant.ttl_ms));
        self.known.insert(grant.lease, expires);
        let refused = |why| {
            // Nothing was or will be reserved on it: the whole face may return.
            let report = Ended {
                lease: grant.lease,
                committed: Nanos::ZERO,
            };
            (report, why)
        };
        let checked = match self.accounts.get(grant.line_item.as_str()) {
            None => Err(refused(Dropped::UnknownLineItem)),
            Some(account) if grant.epoch < account.epoch() => Err(refused(Dropped::OldEpoch)),
            Some(_) if now >= expires => Err(refused(Dropped::TimeUsedUp)),
            Some(account) => Ok(account),
        };
        match checked {
            Ok(account) => {
                account.add(grant, now, expires);
                Ok(())
            }
            Err((report, why)) => {
                self.ended.push(report);
                Err(why)
            }
        }
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
