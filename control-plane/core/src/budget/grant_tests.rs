//! What a grant is limited by, case by case.

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
