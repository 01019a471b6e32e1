//! What truly happened, by the simulator's own notes.

use std::collections::{BTreeMap, BTreeSet};

use control_plane_core::budget::{Books, LeaseState, ReservationState};
use units::{LeaseId, Nanos, ReservationId};

#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Sum of the reservations ever made on a lease.
    reserved: BTreeMap<LeaseId, i64>,
    /// What each accepted billing notice must be charged with.
    billed: BTreeMap<ReservationId, i64>,
    /// Their sum.
    worth: i64,
    /// Reservations whose sender ever reported a loss.
    pub(crate) lost: BTreeSet<ReservationId>,
    pub(crate) bids: usize,
}

impl Facts {
    /// A reservation was made.
    pub(crate) fn reserve(
        &mut self,
        lease: LeaseId,
        cost: i64,
        books: &Books,
    ) -> Result<(), String> {
        self.bids += 1;
        let sum = self.reserved.entry(lease).or_default();
        *sum += cost;
        let face = books.leases.get(&lease).map_or(0, |lease| lease.face.0);
        if *sum > face {
            return Err(format!("(4) {sum} reserved on a lease of {face}"));
        }
        Ok(())
    }

    /// A billing notice was acknowledged.
    pub(crate) fn bill(&mut self, id: ReservationId, charge: i64) {
        if self.billed.insert(id, charge).is_none() {
            self.worth += charge;
        }
    }

    /// What must hold after every step.
    pub(crate) fn check(&self, books: &Books) -> Result<(), String> {
        for (key, account) in &books.accounts {
            let negative = account.held < Nanos::ZERO || account.settled < Nanos::ZERO;
            let over = account
                .effective
                .is_some_and(|limit| account.committed() > limit);
            if negative || over {
                return Err(format!("(1, 2) {key:?} has {account:?}"));
            }
        }
        let settled = books.campaign("c").map_or(0, |account| account.settled.0);
        if settled > self.worth {
            return Err(format!(
                "(3) {settled} charged for notices worth {}",
                self.worth
            ));
        }
        Ok(())
    }

    /// What must hold when everything has come to rest.
    pub(crate) fn check_rest(&self, books: &Books) -> Result<(), String> {
        self.check(books)?;
        if books.imbalance().0 != Nanos::ZERO {
            return Err(format!(
                "(1) the levels disagree by {}",
                books.imbalance().0
            ));
        }
        for lease in books.leases.values() {
            if lease.state != LeaseState::Closed || lease.hold() != Nanos::ZERO {
                return Err(format!("(7) a lease rests {:?}", lease.state));
            }
        }
        for (key, account) in &books.accounts {
            if account.held != Nanos::ZERO {
                return Err(format!("(7) {key:?} still holds {}", account.held));
            }
        }
        let mut settled = 0;
        for (id, charge) in &self.billed {
            let known = books.reservations.get(id);
            match known.map(|known| known.state) {
                Some(ReservationState::Billed | ReservationState::LateFunded) => settled += charge,
                _ if self.lost.contains(id) => {}
                state => return Err(format!("(6) an acknowledged bill rests {state:?}")),
            }
        }
        let booked = books.campaign("c").map_or(0, |account| account.settled.0);
        if booked != settled {
            return Err(format!("(3) {booked} charged, {settled} owed"));
        }
        Ok(())
    }
}
