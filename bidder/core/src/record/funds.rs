//! Where a decision finds its money: the live lease table, or the copy that a record holds.
//!
//! Leases are shared by all cores, so that the same question can be answered otherwise a moment later. What
//! one decision was answered is therefore part of what it read.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use units::{LeaseId, LineItemId, Nanos, ReservationId, UnixMillis};

use crate::lease::{Account, BootMillis, Reservation, Unfunded};

/// What a decision asks for money.
#[derive(Debug)]
pub struct Funds(Mode);

#[derive(Debug)]
enum Mode {
    Live,
    Noted(RefCell<Vec<Answer>>),
    Copy(RefCell<Copied>),
    Looking(Looking),
}

/// One question about a line item's money, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whose money.
    pub line_item: LineItemId,
    /// The maximum cost that was asked for, in the campaign's currency.
    pub cost: Nanos,
    /// The most that any one of its leases had free when it was asked.
    pub free: Nanos,
    /// What was answered.
    pub said: Said,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A lease had enough.
    Enough,
    /// It was reserved.
    Reserved {
        /// On this lease, under this number.
        id: ReservationId,
        /// Until when its notices are accepted.
        settle_by: UnixMillis,
        /// Longest `exp` in seconds.
        life_s: u32,
    },
    /// There was no lease yet.
    LeasePending,
    /// No lease had enough.
    BudgetExhausted,
    /// A throttle held the line item back.
    Throttled,
}

impl From<Unfunded> for Said {
    fn from(why: Unfunded) -> Self {
        match why {
            Unfunded::LeasePending => Self::LeasePending,
            Unfunded::BudgetExhausted => Self::BudgetExhausted,
            Unfunded::Throttled => Self::Throttled,
        }
    }
}

/// The answers of a record, by line item, and those given again.
#[derive(Debug)]
struct Copied {
    left: HashMap<LineItemId, VecDeque<Answer>>,
    given: Vec<Answer>,
}

/// The live lease table as one request would find it.
#[derive(Debug, Default)]
struct Looking {
    /// What the request holds itself already.
    held: Vec<(LeaseId, Nanos)>,
    /// What it would reserve, in its order.
    pretended: RefCell<Vec<(LeaseId, Nanos)>>,
    /// How many of these count.
    counted: Cell<usize>,
}

impl Looking {
    /// What an account's leases have free, in their order: with what the request holds, without what it
    /// would reserve.
    fn each_free(&self, account: &Account, now: BootMillis) -> Vec<(LeaseId, Nanos)> {
        let mut all = Vec::new();
        let pretended = self.pretended.borrow();
        account.each_free(now, |lease, free| {
            let of = |it: &&(LeaseId, Nanos)| it.0 == lease;
            let held: i64 = self.held.iter().filter(of).map(|it| it.1.0).sum();
            let counted = pretended.iter().take(self.counted.get());
            let reserved: i64 = counted.filter(of).map(|it| it.1.0).sum();
            let free = free.0.saturating_add(held).saturating_sub(reserved);
            all.push((lease, Nanos(free.max(0))));
        });
        all
    }

    fn most_free(&self, account: &Account, now: BootMillis) -> Nanos {
        let each = self.each_free(account, now).into_iter();
        each.map(|it| it.1).max().unwrap_or(Nanos::ZERO)
    }

    fn check(&self, account: &Account, cost: Nanos, now: BootMillis) -> Result<(), Unfunded> {
        if self.most_free(account, now) < cost {
            return Err(account.why_unfunded());
        }
        // With enough free, a check of the live table asks for nothing.
        if account.most_free(now) >= cost {
            return account.check(cost, now);
        }
        Ok(())
    }

    fn reserve(
        &self,
        account: &Account,
        cost: Nanos,
        must: bool,
        now: BootMillis,
    ) -> Result<Reservation, Unfunded> {
        match self.check(account, cost, now) {
            Err(Unfunded::Throttled) if must => Ok(()),
            checked => checked,
        }?;
        let each = self.each_free(account, now).into_iter();
        let lease = each.filter(|it| it.1 >= cost).map(|it| it.0).next();
        let lease = lease.ok_or_else(|| account.why_unfunded())?;
        let mut pretended = self.pretended.borrow_mut();
        pretended.truncate(self.counted.get());
        pretended.push((lease, cost));
        self.counted.set(pretended.len());
        let id = ReservationId { lease, seq: 0 };
        Ok(Reservation::copied(id, cost, UnixMillis(i64::MAX), 0))
    }
}

impl Funds {
    /// The live lease table.
    pub const LIVE: Self = Self(Mode::Live);

    /// The live lease table, with every answer noted.
    #[must_use]
    pub const fn noted() -> Self {
        Self(Mode::Noted(RefCell::new(Vec::new())))
    }

    /// The lease table as a record has it.
    #[must_use]
    pub fn copy(answers: &[Answer]) -> Self {
        let mut left: HashMap<LineItemId, VecDeque<Answer>> = HashMap::new();
        for answer in answers {
            let of_item = left.entry(answer.line_item.clone()).or_default();
            of_item.push_back(answer.clone());
        }
        Self(Mode::Copy(RefCell::new(Copied {
            left,
            given: Vec::new(),
        })))
    }

    /// The live lease table to look at only: nothing is reserved and no lease is asked for. What this
    /// request holds itself counts as free.
    #[must_use]
    pub fn looking(held: Vec<(LeaseId, Nanos)>) -> Self {
        Self(Mode::Looking(Looking {
            held,
            ..Looking::default()
        }))
    }

    /// Of what a request that only looks would reserve, the first so many count from now on.
    pub(crate) fn count_first(&self, reservations: usize) {
        if let Mode::Looking(looking) = &self.0 {
            looking.counted.set(reservations);
        }
    }

    /// Whether answers are noted.
    #[must_use]
    pub const fn is_noted(&self) -> bool {
        matches!(self.0, Mode::Noted(_))
    }

    /// The answers that were noted, or given again.
    #[must_use]
    pub fn into_answers(self) -> Vec<Answer> {
        match self.0 {
            Mode::Noted(answers) => answers.into_inner(),
            Mode::Copy(copied) => copied.into_inner().given,
            Mode::Live | Mode::Looking(_) => Vec::new(),
        }
    }

    /// The most that one lease of this account has free.
    pub(crate) fn free(&self, account: &Account, now: BootMillis) -> Nanos {
        match &self.0 {
            Mode::Looking(looking) => looking.most_free(account, now),
            Mode::Live | Mode::Noted(_) | Mode::Copy(_) => account.most_free(now),
        }
    }

    /// Whether `cost` could be reserved.
    ///
    /// # Errors
    /// [`Unfunded`] when no lease has that much left.
    pub(crate) fn check(
        &self,
        account: &Account,
        cost: Nanos,
        now: BootMillis,
    ) -> Result<(), Unfunded> {
        match &self.0 {
            Mode::Live => account.check(cost, now),
            Mode::Noted(answers) => {
                let free = account.most_free(now);
                let checked = account.check(cost, now);
                let said = checked.map_or_else(Said::from, |()| Said::Enough);
                note(answers, account, cost, free, said);
                checked
            }
            Mode::Looking(looking) => looking.check(account, cost, now),
            Mode::Copy(copied) => match copied.borrow_mut().again(account, cost).said {
                Said::Enough | Said::Reserved { .. } => Ok(()),
                Said::LeasePending => Err(Unfunded::LeasePending),
                Said::BudgetExhausted => Err(Unfunded::BudgetExhausted),
                Said::Throttled => Err(Unfunded::Throttled),
            },
        }
    }

    /// Reserves `cost`; what `must` go out is not throttled.
    ///
    /// # Errors
    /// [`Unfunded`] when no lease has that much left.
    pub(crate) fn reserve(
        &self,
        account: &Account,
        cost: Nanos,
        must: bool,
        now: BootMillis,
    ) -> Result<Reservation, Unfunded> {
        match &self.0 {
            Mode::Live => account.reserve_for(cost, must, now),
            Mode::Noted(answers) => {
                let free = account.most_free(now);
                let reserved = account.reserve_for(cost, must, now);
                let said = match &reserved {
                    Ok(reservation) => Said::Reserved {
                        id: reservation.id(),
                        settle_by: reservation.settle_by(),
                        life_s: reservation.life_s(),
                    },
                    Err(why) => Said::from(*why),
                };
                note(answers, account, cost, free, said);
                reserved
            }
            Mode::Looking(looking) => looking.reserve(account, cost, must, now),
            Mode::Copy(copied) => match copied.borrow_mut().again(account, cost).said {
                Said::Reserved {
                    id,
                    settle_by,
                    life_s,
                } => Ok(Reservation::copied(id, cost, settle_by, life_s)),
                Said::LeasePending => Err(Unfunded::LeasePending),
                Said::Enough | Said::BudgetExhausted => Err(Unfunded::BudgetExhausted),
                Said::Throttled => Err(Unfunded::Throttled),
            },
        }
    }
}

fn note(answers: &RefCell<Vec<Answer>>, account: &Account, cost: Nanos, free: Nanos, said: Said) {
    answers.borrow_mut().push(Answer {
        line_item: account.line_item().clone(),
        cost,
        free,
        said,
    });
}

impl Copied {
    /// The next answer about a line item. One that the record was not asked for is that there is no lease;
    /// that, and another cost, is a difference which the comparison of all answers shows.
    fn again(&mut self, account: &Account, cost: Nanos) -> Answer {
        let id = account.line_item();
        let next = self.left.get_mut(id.as_str()).and_then(VecDeque::pop_front);
        let mut answer = next.unwrap_or_else(|| Answer {
            line_item: id.clone(),
            cost,
            free: Nanos::ZERO,
            said: Said::LeasePending,
        });
        answer.cost = cost;
        self.given.push(answer.clone());
        answer
    }
}

impl Answer {
    /// The reservation's lease, where there is one.
    #[must_use]
    pub const fn lease(&self) -> Option<LeaseId> {
        match self.said {
            Said::Reserved { id, .. } => Some(id.lease),
            Said::Enough | Said::LeasePending | Said::BudgetExhausted | Said::Throttled => None,
        }
    }
}
