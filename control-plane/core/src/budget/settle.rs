//! What a notice does to a lease: once per reservation, and only the kind that bills moves money.

use contracts::event::{NoticeEvent, PriceTold};
use contracts::notice::{BillOn, NoticeClaims, NoticeKind};
use units::{BidId, CampaignId, Nanos, ReservationId, UnixMillis};

use super::account::AccountKey;
use super::books::{Books, Side};
use super::lease::{LeaseState, keys};

/// Where a reservation went; it leaves *open* once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationState {
    /// Charged from its lease's hold.
    Billed,
    /// Lost: its maximum is back at every level.
    Released,
    /// Charged after its hold was gone, from what was left.
    LateFunded,
    /// To be charged after its hold was gone, with nothing left: owed by us.
    LateUnfunded,
}

impl ReservationState {
    /// The word under which it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Billed => "billed",
            Self::Released => "released",
            Self::LateFunded => "late_funded",
            Self::LateUnfunded => "late_unfunded",
        }
    }

    /// The state of a stored word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [
            Self::Billed,
            Self::Released,
            Self::LateFunded,
            Self::LateUnfunded,
        ]
        .into_iter()
        .find(|state| state.word() == word)
    }
}

/// What is odd about a charge, for the demand source's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// No price, an unexpanded macro, or nonsense: the bid's was charged.
    Unreadable,
    /// In another currency than the bid's: the bid's was charged.
    OtherCurrency,
    /// Above the bid, which was charged.
    AboveBid,
    /// Above even the maximum of the reservation: the bid's was charged.
    AboveMaximum,
}

impl Flag {
    /// The word under which it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::OtherCurrency => "other_currency",
            Self::AboveBid => "above_bid",
            Self::AboveMaximum => "above_maximum",
        }
    }
}

/// A reservation that has left *open*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Where it went.
    pub state: ReservationState,
    /// The bid that it was for.
    pub bid: BidId,
    /// Whose money.
    pub campaign: CampaignId,
    /// Who sent the notice.
    pub source: String,
    /// What is charged, or owed by us.
    pub charge: Nanos,
    /// What is odd about it.
    pub flag: Option<Flag>,
    /// On which accounts a charge counts.
    pub accounts: [AccountKey; 4],
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Charged from its hold.
    Billed(Nanos),
    /// Charged late.
    LateFunded(Nanos),
    /// Not charged, owed by us.
    LateUnfunded(Nanos),
    /// A loss gave its maximum back.
    Released(Nanos),
    /// Counted; no money is tied to its kind.
    Counted,
    /// The reservation had moved before: nothing changes.
    Duplicate,
    /// `AUDIT`, or of a test request: acknowledged, and nothing changes.
    NoMoney,
}

/// Why an event cannot be applied: it goes to quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unappliable {
    /// A campaign or line item that the ledger has never seen.
    #[error("its campaign or line item is unknown")]
    UnknownBudget,
    /// The token's campaign or line item is not its lease's.
    #[error("its token and its lease name different budgets")]
    LeaseMismatch,
    /// An amount that no bid of ours can have.
    #[error("its maximum cost is negative")]
    NegativeMaximum,
}

impl Books {
    /// Applies a notice. Its lease and the four accounts behind it are in the books; for an unknown lease
    /// `period` names the day and hour in which it must have been granted.
    ///
    /// # Errors
    /// [`Unappliable`]: nothing changed.
    pub fn settle(
        &mut self,
        event: &NoticeEvent,
        period: (UnixMillis, UnixMillis),
    ) -> Result<Outcome, Unappliable> {
        let claims = &event.claims;
        if claims.max_cost < Nanos::ZERO {
            return Err(Unappliable::NegativeMaximum);
        }
        let lease = self.leases.get(&claims.reservation.lease);
        if lease.is_some_and(|lease| {
            lease.campaign != claims.campaign || lease.line_item != claims.line_item
        }) {
            return Err(Unappliable::LeaseMismatch);
        }
        let accounts = lease.map_or_else(
            || {
                keys(
                    claims.campaign.as_str(),
                    claims.line_item.as_str(),
                    period.0,
                    period.1,
                )
            },
            super::Lease::accounts,
        );
        if accounts.iter().any(|key| !self.accounts.contains_key(key)) {
            return Err(Unappliable::UnknownBudget);
        }
        if claims.test || event.price == PriceTold::Audit {
            return Ok(Outcome::NoMoney);
        }
        Ok(match claims.kind {
            NoticeKind::Loss => self.release(claims, accounts),
            NoticeKind::Bill if claims.bill_on == BillOn::Burl => self.bill(event, accounts),
            NoticeKind::Impression if claims.bill_on == BillOn::Impression => {
                self.bill(event, accounts)
            }
            NoticeKind::Win
            | NoticeKind::Bill
            | NoticeKind::Impression
            | NoticeKind::Click
            | NoticeKind::View
            | NoticeKind::Conversion => Outcome::Counted,
        })
    }

    fn bill(&mut self, event: &NoticeEvent, accounts: [AccountKey; 4]) -> Outcome {
        let claims = &event.claims;
        let id = claims.reservation;
        let before = self.reservations.get(&id).map(|known| known.state);
        match before {
            None | Some(ReservationState::Released) => {}
            Some(
                ReservationState::Billed
                | ReservationState::LateFunded
                | ReservationState::LateUnfunded,
            ) => return Outcome::Duplicate,
        }
        let (charge, flag) = charge(event);
        let (state, outcome) = if before.is_none() && self.holds(id, claims.max_cost) {
            self.bill_from_hold(claims, charge);
            (ReservationState::Billed, Outcome::Billed(charge))
        } else if self.has_room(&accounts, charge) {
            self.bill_late(claims, &accounts, charge);
            (ReservationState::LateFunded, Outcome::LateFunded(charge))
        } else {
            (
                ReservationState::LateUnfunded,
                Outcome::LateUnfunded(charge),
            )
        };
        self.put(claims, state, charge, flag, accounts);
        outcome
    }

    /// Whether the lease still holds a reservation's maximum.
    fn holds(&self, id: ReservationId, maximum: Nanos) -> bool {
        self.leases
            .get(&id.lease)
            .is_some_and(|lease| lease.state != LeaseState::Closed && maximum <= lease.hold())
    }

    fn has_room(&self, accounts: &[AccountKey; 4], charge: Nanos) -> bool {
        let room = |key| {
            self.accounts
                .get(key)
                .is_some_and(|account| account.has_room(charge))
        };
        accounts.iter().all(room)
    }

    fn bill_late(&mut self, claims: &NoticeClaims, accounts: &[AccountKey; 4], charge: Nanos) {
        for key in accounts {
            if let Some(account) = self.accounts.get_mut(key) {
                account.settle_late(charge);
            }
        }
        let lease = Some(claims.reservation.lease);
        self.record(
            &claims.campaign,
            lease,
            Side::Unallocated,
            Side::Settled,
            charge,
        );
    }

    fn bill_from_hold(&mut self, claims: &NoticeClaims, charge: Nanos) {
        let rest = claims.max_cost - charge;
        let Some(lease) = self.leases.get_mut(&claims.reservation.lease) else {
            return;
        };
        lease.settled += charge;
        lease.released += rest;
        let lease = lease.clone();
        for key in lease.accounts() {
            if let Some(account) = self.accounts.get_mut(&key) {
                account.settle(charge);
            }
        }
        self.record(
            &lease.campaign,
            Some(lease.id),
            Side::Held,
            Side::Settled,
            charge,
        );
        self.free(&lease, rest);
    }

    fn release(&mut self, claims: &NoticeClaims, accounts: [AccountKey; 4]) -> Outcome {
        let id = claims.reservation;
        // After its close the money is back already; without a record a later bill goes the late path too.
        if self.reservations.contains_key(&id) || !self.holds(id, claims.max_cost) {
            return Outcome::Duplicate;
        }
        let Some(lease) = self.leases.get_mut(&id.lease) else {
            return Outcome::Duplicate;
        };
        lease.released += claims.max_cost;
        let lease = lease.clone();
        self.free(&lease, claims.max_cost);
        self.put(
            claims,
            ReservationState::Released,
            Nanos::ZERO,
            None,
            accounts,
        );
        Outcome::Released(claims.max_cost)
    }

    fn put(
        &mut self,
        claims: &NoticeClaims,
        state: ReservationState,
        charge: Nanos,
        flag: Option<Flag>,
        accounts: [AccountKey; 4],
    ) {
        let reservation = Reservation {
            state,
            bid: claims.bid,
            campaign: claims.campaign.clone(),
            source: claims.source.clone(),
            charge,
            flag,
            accounts,
        };
        self.put_reservation(claims.reservation, reservation);
    }
}

/// min(price, the bid's); whatever is no readable price in the bid's currency is the bid's price, flagged, and so
/// is a price above it.
fn charge(event: &NoticeEvent) -> (Nanos, Option<Flag>) {
    let claims = &event.claims;
    let bids_own = claims.charge(None);
    if claims.kind == NoticeKind::Impression {
        // A plain price in a tracker inside markup is anybody's to write: ignored, and nothing odd.
        return (bids_own, None);
    }
    match event.price {
        PriceTold::Clearing { price } => {
            let above = if claims.is_above_maximum(price) {
                Flag::AboveMaximum
            } else {
                Flag::AboveBid
            };
            let flag = (price > claims.price).then_some(above);
            (claims.charge(Some(price)), flag)
        }
        PriceTold::Unreadable => (bids_own, Some(Flag::Unreadable)),
        PriceTold::OtherCurrency { .. } => (bids_own, Some(Flag::OtherCurrency)),
        PriceTold::Audit => (Nanos::ZERO, None),
    }
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
