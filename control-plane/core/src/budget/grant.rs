//! How much is granted: the least of everything that limits.

use contracts::catalog::Pacing;
use contracts::lease::RefusalReason;
use units::{BidderId, BootId, DurationMillis, LeaseId, Nanos, UnixMillis};

use super::account::{Account, AccountKey};
use super::books::{Books, Side};
use super::lease::{Lease, LeaseState, keys};
use super::line::Line;
use super::pacing::target;

/// How long a bidder may make reservations on a lease.
pub const LEASE_LIFE: DurationMillis = DurationMillis::from_secs(10);

/// A lease that would end sooner is not worth its journal entry: the next batch is a second away.
const SHORTEST_MS: i64 = 250;
/// No grant takes more than this part of what is left, so that the end is shared.
const PART: i64 = 4;

/// Who asks, and for how much.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The id of the lease, should there be one.
    pub lease: LeaseId,
    /// Who.
    pub bidder: BidderId,
    /// In which start.
    pub boot: BootId,
    /// About two refill intervals of its reservation rate.
    pub amount: Nanos,
}

/// A lease that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Which.
    pub lease: LeaseId,
    /// Its life.
    pub ttl: DurationMillis,
}

impl Books {
    /// Grants a lease, or says why not. The line's four accounts are in the books.
    ///
    /// # Errors
    /// [`RefusalReason`]: nothing changed.
    pub fn grant(
        &mut self,
        line: &Line,
        asked: Asked,
        now: UnixMillis,
    ) -> Result<Granted, RefusalReason> {
        let terms = &line.terms;
        let keys = keys(
            line.campaign.as_str(),
            terms.line_item.as_str(),
            line.period.day,
            line.period.hour,
        );
        let mut limits = [Account::default(); 4];
        for (limit, key) in limits.iter_mut().zip(&keys) {
            *limit = *self.accounts.get(key).ok_or(RefusalReason::Unknown)?;
        }
        let ended = terms.ends_at.is_some_and(|end| end <= now);
        if !line.campaign_active || !terms.active || now < terms.starts_at || ended {
            return Err(RefusalReason::NotActive);
        }
        // An hour that turned while we waited for the locks: the next batch finds the right accounts.
        let expires_at = expiry(line, now);
        let ttl = expires_at.since(now);
        if !line.period.holds(now) || ttl.0 < SHORTEST_MS {
            return Err(RefusalReason::Pacing);
        }
        let face = face(line, &limits, asked.amount, now)?;
        for key in &keys {
            let held = self
                .accounts
                .get_mut(key)
                .is_some_and(|account| account.hold(face));
            // `face` is at most every account's room, so this cannot fail halfway.
            if !held {
                return Err(RefusalReason::CampaignBudget);
            }
        }
        self.record(
            &line.campaign,
            Some(asked.lease),
            Side::Unallocated,
            Side::Held,
            face,
        );
        let life = DurationMillis::from_secs(i64::from(terms.reservation_life_s));
        let lease = Lease {
            id: asked.lease,
            line_item: terms.line_item.clone(),
            campaign: line.campaign.clone(),
            bidder: asked.bidder,
            boot: asked.boot,
            epoch: terms.epoch,
            face,
            settled: Nanos::ZERO,
            released: Nanos::ZERO,
            returned: Nanos::ZERO,
            day: line.period.day,
            hour: line.period.hour,
            granted_at: now,
            expires_at,
            settle_by: expires_at.after(life),
            state: LeaseState::Open,
        };
        self.leases.insert(lease.id, lease);
        Ok(Granted {
            lease: asked.lease,
            ttl,
        })
    }
}

/// Never past the next full hour, midnight, or the end of the flight.
fn expiry(line: &Line, now: UnixMillis) -> UnixMillis {
    let end = now
        .after(LEASE_LIFE)
        .min(line.period.hour_end)
        .min(line.period.day_end);
    line.terms.ends_at.map_or(end, |flight| end.min(flight))
}

/// The least of campaign, line item, day, hour, pacing tokens and what was asked for.
fn face(
    line: &Line,
    limits: &[Account; 4],
    asked: Nanos,
    now: UnixMillis,
) -> Result<Nanos, RefusalReason> {
    let [campaign, own, day, hour] = limits;
    let least = |one: &Account, other: &Account| {
        let room = |account: &Account| account.room().unwrap_or(Nanos(i64::MAX));
        room(one).min(room(other))
    };
    let total = least(campaign, own);
    if total <= Nanos::ZERO {
        return Err(RefusalReason::CampaignBudget);
    }
    let today = least(day, hour);
    if today <= Nanos::ZERO {
        return Err(RefusalReason::DailyBudget);
    }
    let room = total.min(today);
    let single = line.terms.max_impression.max(Nanos(1));
    let paced = paced(line, limits, now);
    // Less than one impression's tokens would hold money that cannot be used: wait for more.
    if paced < single.min(room) {
        return Err(RefusalReason::Pacing);
    }
    // Shrinks with the remainder, down to single impressions.
    let slice = Nanos(room.0 / PART).max(single);
    let face = asked.min(slice).min(room).min(paced);
    if face <= Nanos::ZERO {
        return Err(RefusalReason::Pacing);
    }
    Ok(face)
}

/// What pacing lets be held now.
fn paced(line: &Line, limits: &[Account; 4], now: UnixMillis) -> Nanos {
    let free = Nanos(i64::MAX);
    match line.terms.pacing {
        Pacing::Asap => return free,
        Pacing::Even => {}
    }
    let by = now.after(LEASE_LIFE);
    let tokens = |account: &Account, from: UnixMillis, to: UnixMillis| {
        account.configured.map_or(free, |total| {
            let spent = account.settled + line.share.of(account.held);
            target(total, from, to, by) - spent
        })
    };
    let [campaign, own, day, _] = limits;
    let flight = line.terms.ends_at.map_or(free, |end| {
        let start = line.terms.starts_at;
        tokens(campaign, start, end).min(tokens(own, start, end))
    });
    let today = tokens(day, line.period.day, line.period.day_end);
    let tokens = flight.min(today);
    if tokens == free {
        return free;
    }
    line.share.face_for(tokens.max(Nanos::ZERO))
}

impl Line {
    /// The accounts that a grant needs, in the order of locks.
    #[must_use]
    pub fn accounts(&self) -> [AccountKey; 4] {
        keys(
            self.campaign.as_str(),
            self.terms.line_item.as_str(),
            self.period.day,
            self.period.hour,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Level, LineBudget, Period, SettledShare};
    use uuid::Uuid;

    const HOUR: i64 = 3_600_000;
    const NOW: UnixMillis = UnixMillis(12 * HOUR + 60_000);

    fn line() -> Line {
        Line {
            campaign: "c".into(),
            campaign_active: true,
            terms: LineBudget {
                line_item: "l".into(),
                active: true,
                epoch: 3,
                starts_at: UnixMillis(0),
                ends_at: None,
                pacing: Pacing::Asap,
                budget: None,
                max_impression: Nanos(10),
                reservation_life_s: 300,
            },
            period: Period {
                day: UnixMillis(0),
                day_end: UnixMillis(24 * HOUR),
                hour: UnixMillis(12 * HOUR),
                hour_end: UnixMillis(13 * HOUR),
            },
            share: SettledShare::UNKNOWN,
        }
    }

    fn books(limits: [Option<i64>; 4]) -> Books {
        let mut books = Books::default();
        for (key, limit) in line().accounts().into_iter().zip(limits) {
            books.accounts.insert(key, Account::new(limit.map(Nanos)));
        }
        books
    }

    fn ask(number: u128, amount: i64) -> Asked {
        Asked {
            lease: LeaseId(Uuid::from_u128(number)),
            bidder: "b".into(),
            boot: BootId(Uuid::nil()),
            amount: Nanos(amount),
        }
    }

    #[test]
    fn one_grant_is_the_minimum_of_everything_that_limits() {
        struct Case {
            says: &'static str,
            limits: [Option<i64>; 4],
            asked: i64,
            expect: Result<i64, RefusalReason>,
        }
        let none = None;
        let cases = [
            Case {
                says: "what was asked for",
                limits: [Some(1_000), none, none, none],
                asked: 50,
                expect: Ok(50),
            },
            Case {
                says: "a quarter of the remainder",
                limits: [Some(1_000), none, none, none],
                asked: 900,
                expect: Ok(250),
            },
            Case {
                says: "shrinking to one impression",
                limits: [Some(12), none, none, none],
                asked: 900,
                expect: Ok(10),
            },
            Case {
                says: "and to the rest",
                limits: [Some(7), none, none, none],
                asked: 900,
                expect: Ok(7),
            },
            Case {
                says: "line item",
                limits: [Some(1_000), Some(80), none, none],
                asked: 900,
                expect: Ok(20),
            },
            Case {
                says: "day",
                limits: [Some(1_000), none, Some(200), none],
                asked: 900,
                expect: Ok(50),
            },
            Case {
                says: "hour",
                limits: [Some(1_000), none, Some(200), Some(100)],
                asked: 900,
                expect: Ok(25),
            },
            Case {
                says: "campaign used up",
                limits: [Some(0), none, Some(5), none],
                asked: 9,
                expect: Err(RefusalReason::CampaignBudget),
            },
            Case {
                says: "line item used up",
                limits: [Some(9), Some(0), none, none],
                asked: 9,
                expect: Err(RefusalReason::CampaignBudget),
            },
            Case {
                says: "day used up",
                limits: [Some(9), none, Some(0), none],
                asked: 9,
                expect: Err(RefusalReason::DailyBudget),
            },
        ];
        for case in cases {
            let mut books = books(case.limits);
            let granted = books.grant(&line(), ask(1, case.asked), NOW);
            let face = granted.map(|granted| books.leases[&granted.lease].face.0);
            assert_eq!(face, case.expect, "{}", case.says);
            assert_eq!(books.imbalance().0, Nanos::ZERO, "{}", case.says);
        }
    }

    #[test]
    fn nothing_is_granted_outside_the_flight() {
        type Edit = fn(&mut Line);
        let cases: [(&str, Edit, RefusalReason); 7] = [
            (
                "campaign paused",
                |l| l.campaign_active = false,
                RefusalReason::NotActive,
            ),
            (
                "line item paused",
                |l| l.terms.active = false,
                RefusalReason::NotActive,
            ),
            (
                "before the start",
                |l| l.terms.starts_at = NOW.after(DurationMillis(1)),
                RefusalReason::NotActive,
            ),
            (
                "at the end",
                |l| l.terms.ends_at = Some(NOW),
                RefusalReason::NotActive,
            ),
            (
                "100 ms before the end",
                |l| l.terms.ends_at = Some(NOW.after(DurationMillis(100))),
                RefusalReason::Pacing,
            ),
            (
                "the hour turned",
                |l| l.period.hour_end = NOW,
                RefusalReason::Pacing,
            ),
            (
                "no account",
                |l| l.terms.line_item = "other".into(),
                RefusalReason::Unknown,
            ),
        ];
        for (says, edit, reason) in cases {
            let mut line = line();
            edit(&mut line);
            let mut books = books([Some(1_000), None, None, None]);
            assert_eq!(books.grant(&line, ask(1, 50), NOW), Err(reason), "{says}");
            assert_eq!(books.movements().count(), 0, "{says}");
        }
    }

    #[test]
    fn a_lease_never_lasts_past_hour_midnight_or_flight() {
        type Edit = fn(&mut Line);
        let cases: [(&str, Edit, i64); 4] = [
            ("10 s", |_| {}, 10_000),
            (
                "next full hour",
                |l| l.period.hour_end = NOW.after(DurationMillis(4_000)),
                4_000,
            ),
            (
                "midnight",
                |l| l.period.day_end = NOW.after(DurationMillis(3_000)),
                3_000,
            ),
            (
                "end of flight",
                |l| l.terms.ends_at = Some(NOW.after(DurationMillis(2_000))),
                2_000,
            ),
        ];
        for (says, edit, ttl) in cases {
            let mut line = line();
            edit(&mut line);
            let mut books = books([Some(1_000), None, None, None]);
            let granted = books.grant(&line, ask(1, 50), NOW).unwrap();
            assert_eq!(granted.ttl.0, ttl, "{says}");
            let lease = &books.leases[&granted.lease];
            assert_eq!(lease.settle_by.since(lease.expires_at).0, 300_000, "{says}");
            assert_eq!(lease.epoch, 3, "{says}");
        }
    }

    #[test]
    fn even_holds_back_what_the_time_has_not_released() {
        struct Case {
            says: &'static str,
            ends_at: Option<i64>,
            daily: Option<i64>,
            settled: i64,
            held: i64,
            share: (i64, i64),
            expect: Result<i64, RefusalReason>,
        }
        // Half of the flight and of the day have passed, a minute and ten seconds added: 50.08 %.
        let end = Some(24 * HOUR);
        let cases = [
            Case {
                says: "half of it may be spent",
                ends_at: end,
                daily: None,
                settled: 0,
                held: 0,
                share: (0, 0),
                expect: Ok(250_000),
            },
            Case {
                says: "little is left of the half",
                ends_at: end,
                daily: None,
                settled: 500_000,
                held: 0,
                share: (0, 0),
                expect: Ok(810),
            },
            Case {
                says: "ahead of time",
                ends_at: end,
                daily: None,
                settled: 600_000,
                held: 0,
                share: (0, 0),
                expect: Err(RefusalReason::Pacing),
            },
            Case {
                says: "held counts whole",
                ends_at: end,
                daily: None,
                settled: 0,
                held: 500_000,
                share: (0, 0),
                expect: Ok(810),
            },
            Case {
                says: "held counts by its share",
                ends_at: end,
                daily: None,
                settled: 400_000,
                held: 500_000,
                share: (1, 10),
                expect: Ok(25_000),
            },
            Case {
                says: "no end, no day: as ASAP",
                ends_at: None,
                daily: None,
                settled: 900_000,
                held: 0,
                share: (0, 0),
                expect: Ok(25_000),
            },
            Case {
                says: "the day paces as well",
                ends_at: None,
                daily: Some(1_000_000),
                settled: 500_000,
                held: 0,
                share: (0, 0),
                expect: Ok(810),
            },
        ];
        for case in cases {
            let mut line = line();
            line.terms.pacing = Pacing::Even;
            line.terms.ends_at = case.ends_at.map(UnixMillis);
            line.share = SettledShare::measured(Nanos(case.share.0), Nanos(case.share.1));
            let mut books = books([Some(1_000_000), None, case.daily, None]);
            for account in books.accounts.values_mut() {
                account.settled = Nanos(case.settled);
                account.held = Nanos(case.held);
            }
            let granted = books.grant(&line, ask(1, 900_000), NOW);
            let face = granted.map(|granted| books.leases[&granted.lease].face.0);
            assert_eq!(face, case.expect, "{}", case.says);
        }
    }

    #[test]
    fn running_sums_of_one_batch_never_pass_the_budget() {
        let mut books = books([Some(1_003), None, Some(700), None]);
        for number in 0..2_000 {
            let _refused_or_granted = books.grant(&line(), ask(number, 90), NOW);
        }
        let held: Nanos = books.leases.values().map(Lease::hold).sum();
        assert_eq!(held, Nanos(700), "down to the last nano");
        let day = AccountKey::bucket(Level::Day, "c", UnixMillis(0));
        assert_eq!(books.accounts[&day].room(), Some(Nanos::ZERO));
        assert_eq!(books.imbalance().0, Nanos::ZERO);
    }
}
