//! One budget: a campaign's lifetime, one of its line items, one of its days or hours.

use units::{Nanos, UnixMillis};

/// What an account is for, in the order in which accounts are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The campaign's lifetime.
    Campaign,
    /// One line item.
    LineItem,
    /// One civil day of the campaign.
    Day,
    /// One hour of the campaign.
    Hour,
}

impl Level {
    /// The number under which it is stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            Self::Campaign => 1,
            Self::LineItem => 2,
            Self::Day => 3,
            Self::Hour => 4,
        }
    }

    /// The level of a stored number.
    #[must_use]
    pub const fn of(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::Campaign),
            2 => Some(Self::LineItem),
            3 => Some(Self::Day),
            4 => Some(Self::Hour),
            _ => None,
        }
    }
}

/// Names an account; its order is the order of locks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// What it is for.
    pub level: Level,
    /// The campaign's or the line item's id.
    pub owner: String,
    /// First instant of the day or hour; zero for a lifetime.
    pub bucket: UnixMillis,
}

impl AccountKey {
    /// The account of a lifetime.
    #[must_use]
    pub fn lifetime(level: Level, owner: &str) -> Self {
        Self {
            level,
            owner: owner.into(),
            bucket: UnixMillis(0),
        }
    }

    /// The account of a day or an hour.
    #[must_use]
    pub fn bucket(level: Level, owner: &str, first: UnixMillis) -> Self {
        Self {
            level,
            owner: owner.into(),
            bucket: first,
        }
    }
}

/// A budget and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// What the advertiser set; `None` when nothing limits here.
    pub configured: Option<Nanos>,
    /// What limits: `max(configured, settled + held)` at the last cut, falling as holds return.
    pub effective: Option<Nanos>,
    /// Charged.
    pub settled: Nanos,
    /// Held by open leases.
    pub held: Nanos,
}

impl Account {
    /// An account on which nothing has happened.
    #[must_use]
    pub const fn new(configured: Option<Nanos>) -> Self {
        Self {
            configured,
            effective: configured,
            settled: Nanos::ZERO,
            held: Nanos::ZERO,
        }
    }

    /// Settled and held together.
    #[must_use]
    pub fn committed(&self) -> Nanos {
        self.settled + self.held
    }

    /// What may still be granted; `None` when nothing limits.
    #[must_use]
    pub fn room(&self) -> Option<Nanos> {
        self.effective
            .map(|effective| (effective - self.committed()).max(Nanos::ZERO))
    }

    /// Whether so much may still be taken.
    #[must_use]
    pub fn has_room(&self, amount: Nanos) -> bool {
        self.room().is_none_or(|room| amount <= room)
    }

    /// A budget edit: a cut takes effect as far as settled and held allow.
    pub fn configure(&mut self, configured: Option<Nanos>) {
        self.configured = configured;
        self.effective = configured.map(|set| set.max(self.committed()));
    }

    /// Takes part of the unallocated as held; `false`, and nothing changes, when there is not as much.
    pub(super) fn hold(&mut self, amount: Nanos) -> bool {
        let fits = amount >= Nanos::ZERO && self.has_room(amount);
        match self.held.checked_add(amount) {
            Some(held) if fits => {
                self.held = held;
                true
            }
            _ => false,
        }
    }

    /// Charges from what is held.
    pub(super) fn settle(&mut self, amount: Nanos) {
        self.held = self.held - amount;
        self.settled += amount;
    }

    /// Charges from the unallocated: the late path.
    pub(super) fn settle_late(&mut self, amount: Nanos) {
        self.settled += amount;
    }

    /// Gives held money back; the rest of a cut takes effect with it.
    pub(super) fn free(&mut self, amount: Nanos) {
        self.held = self.held - amount;
        if let (Some(set), Some(effective)) = (self.configured, self.effective) {
            self.effective = Some(set.max(effective.min(self.committed())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_takes_effect_as_far_as_holds_allow() {
        struct Case {
            says: &'static str,
            settled: i64,
            held: i64,
            set: i64,
            expect: i64,
        }
        let cases = [
            Case {
                says: "effective = new",
                settled: 10,
                held: 20,
                set: 50,
                expect: 50,
            },
            Case {
                says: "effective = settled + open holds",
                settled: 10,
                held: 20,
                set: 5,
                expect: 30,
            },
            Case {
                says: "a raise is effective at once",
                settled: 10,
                held: 20,
                set: 500,
                expect: 500,
            },
        ];
        for case in cases {
            let mut account = Account {
                settled: Nanos(case.settled),
                held: Nanos(case.held),
                ..Account::new(Some(Nanos(100)))
            };
            account.configure(Some(Nanos(case.set)));
            assert_eq!(account.effective, Some(Nanos(case.expect)), "{}", case.says);
        }
    }

    #[test]
    fn effective_falls_as_holds_return_and_nothing_is_granted_until_then() {
        let mut account = Account::new(Some(Nanos(100)));
        assert!(account.hold(Nanos(80)));
        account.configure(Some(Nanos(30)));
        assert_eq!(account.room(), Some(Nanos(0)));
        assert!(!account.hold(Nanos(1)));
        account.settle(Nanos(20));
        assert_eq!(
            account.effective,
            Some(Nanos(80)),
            "settling returns nothing"
        );
        account.free(Nanos(40));
        assert_eq!(account.effective, Some(Nanos(40)));
        account.free(Nanos(20));
        assert_eq!(account.effective, Some(Nanos(30)));
        assert_eq!(account.room(), Some(Nanos(10)));
    }

    #[test]
    fn without_a_limit_everything_fits() {
        let mut account = Account::new(None);
        assert!(account.hold(Nanos(i64::MAX)));
        assert!(!account.hold(Nanos(1)), "but not more than can be counted");
        assert!(!account.hold(Nanos(-1)));
    }
}
