use super::*;
use crate::lease::Unfunded;
use units::UnixMillis;
use uuid::Uuid;

const BOOT: BootId = BootId(Uuid::from_u128(1));

fn id() -> LineItemId {
    "li_1".into()
}

fn grant(lease: u128, face: i64, epoch: u64) -> Grant {
    Grant {
        lease: LeaseId(Uuid::from_u128(lease)),
        line_item: id(),
        epoch,
        face: Nanos(face),
        ttl_ms: 10_000,
        settle_by: UnixMillis(1_000_000),
        reservation_life_s: 300,
    }
}

fn answer(grants: Vec<Grant>) -> LeaseAnswer {
    LeaseAnswer {
        boot: BOOT,
        grants,
        refusals: Vec::new(),
    }
}

fn table() -> (LeaseTable, Arc<Account>) {
    let table = LeaseTable::new(BOOT);
    let account = table.account(&id());
    table.loaded([(&id(), 3)].into_iter());
    (table, account)
}

const NOW: BootMillis = BootMillis(5_000);

#[test]
fn a_grant_is_used_or_dropped() {
    // money.md: "an answer for another boot id, a known lease id, an older epoch, or with its time used up is dropped"
    let (table, account) = table();
    struct Case(&'static str, LeaseAnswer, BootMillis, Option<Dropped>);
    let other_boot = LeaseAnswer {
        boot: BootId(Uuid::from_u128(2)),
        ..answer(vec![grant(1, 100, 3)])
    };
    let mut unknown = grant(5, 100, 3);
    unknown.line_item = "li_2".into();
    let cases = [
        Case("another boot", other_boot, NOW, Some(Dropped::OtherBoot)),
        Case("in order", answer(vec![grant(1, 100, 3)]), NOW, None),
        Case(
            "known",
            answer(vec![grant(1, 100, 3)]),
            NOW,
            Some(Dropped::KnownLease),
        ),
        Case(
            "older epoch",
            answer(vec![grant(2, 100, 2)]),
            NOW,
            Some(Dropped::OldEpoch),
        ),
        Case(
            "time used up",
            answer(vec![grant(3, 100, 3)]),
            BootMillis(15_000),
            Some(Dropped::TimeUsedUp),
        ),
        Case(
            "not loaded",
            answer(vec![unknown]),
            NOW,
            Some(Dropped::UnknownLineItem),
        ),
        Case(
            "newer epoch than told",
            answer(vec![grant(6, 100, 4)]),
            NOW,
            None,
        ),
    ];
    for Case(says, answer, now, want) in cases {
        let got = table.accept(&answer, NOW, now);
        assert_eq!(got.first().map(|(_, why)| *why), want, "{says}");
    }
    assert_eq!(account.free(NOW), Nanos(200));
    // What was dropped for its age returns whole.
    let ended = table.ended(NOW);
    assert!(ended.iter().all(|it| it.committed == Nanos::ZERO));
    assert_eq!(ended.len(), 3);
}

#[test]
fn face_is_free_plus_committed() {
    let (table, account) = table();
    assert_eq!(account.check(Nanos(1), NOW), Err(Unfunded::LeasePending));
    table.accept(&answer(vec![grant(1, 100, 3)]), NOW, NOW);
    let kept = account.reserve(Nanos(60), NOW).unwrap();
    let given_back = account.reserve(Nanos(40), NOW).unwrap();
    assert_eq!((kept.id().seq, given_back.id().seq), (1, 2));
    assert_eq!(
        account.reserve(Nanos(1), NOW).err(),
        Some(Unfunded::BudgetExhausted)
    );
    drop(given_back);
    assert_eq!(account.free(NOW), Nanos(40));
    kept.sent();
    // A number is never used twice.
    let third = account.reserve(Nanos(10), NOW).unwrap();
    assert_eq!(third.id().seq, 3);
    let end = BootMillis(15_000);
    assert_eq!(
        account.reserve(Nanos(1), end).err(),
        Some(Unfunded::BudgetExhausted)
    );
    let ended = table.ended(end);
    assert_eq!(ended.len(), 1);
    assert_eq!(
        ended[0].committed,
        Nanos(70),
        "an open reservation counts as committed"
    );
    drop(third);
    assert_eq!(
        table.ended(end),
        ended,
        "told again until the ledger has taken it"
    );
    table.told(&ended);
    assert!(table.ended(end).is_empty());
}

#[test]
fn a_newer_epoch_or_an_absence_ends_leases() {
    let (table, account) = table();
    table.accept(&answer(vec![grant(1, 100, 3)]), NOW, NOW);
    account.reserve(Nanos(30), NOW).unwrap().sent();
    table.loaded([(&id(), 4)].into_iter());
    assert!(account.check(Nanos(1), NOW).is_err());
    assert_eq!(table.ended(NOW)[0].committed, Nanos(30));
    table.accept(&answer(vec![grant(2, 100, 4)]), NOW, NOW);
    table.loaded(std::iter::empty());
    assert_eq!(table.ended(NOW).len(), 2);
    assert!(account.reserve(Nanos(1), NOW).is_err());
}

#[test]
fn a_process_that_stops_returns_what_is_left() {
    let (table, account) = table();
    let _ = table.accept(&answer(vec![grant(1, 100, 3), grant(2, 50, 3)]), NOW, NOW);
    account.reserve(Nanos(30), NOW).unwrap().sent();
    table.close();
    let committed: i64 = table.ended(NOW).iter().map(|it| it.committed.0).sum();
    assert_eq!(committed, 30);
    assert!(account.reserve(Nanos(1), NOW).is_err());
}

#[test]
fn wants_follow_the_reservation_rate() {
    let (table, account) = table();
    assert!(
        table.wants(NOW, Nanos(50), 1_000).is_empty(),
        "nobody wanted to bid"
    );
    let _ = account.check(Nanos(30), NOW);
    assert_eq!(table.wants(NOW, Nanos(50), 1_000)[0].amount, Nanos(60));
    let _ = account.check(Nanos(10), NOW);
    assert_eq!(
        table.wants(NOW, Nanos(50), 1_000)[0].amount,
        Nanos(50),
        "at least the first amount"
    );
    table.accept(&answer(vec![grant(1, 1_000, 3)]), NOW, NOW);
    account.reserve(Nanos(10), NOW).unwrap().sent();
    assert!(
        table.wants(NOW, Nanos(50), 1_000).is_empty(),
        "enough is left"
    );
}

/// The line item's maximum is 10 for an impression.
fn table_of_tens() -> (LeaseTable, Arc<Account>) {
    let (table, account) = table();
    account.costs_at_most(Nanos(10));
    (table, account)
}

#[test]
fn what_one_display_is_said_to_cost_makes_no_lease_larger() {
    let want = |table: &LeaseTable| table.wants(NOW, Nanos(50), 20)[0].amount;
    struct Case(&'static str, &'static [i64], i64);
    let cases = [
        Case("an impression", &[10], 50),
        Case("as many as count", &[40, 40], 160),
        Case("one of 19 impressions fits, and 4 of it count", &[190], 190),
        Case("three of them", &[190, 190, 190], 240),
        Case("no display has more than 20", &[i64::MAX], 200),
        Case("nor have several", &[i64::MAX; 3], 240),
    ];
    for Case(says, costs, amount) in cases {
        let (table, account) = table_of_tens();
        for cost in costs {
            assert!(account.check(Nanos(*cost), NOW).is_err());
        }
        assert_eq!(want(&table), Nanos(amount), "{says}");
        let (table, account) = table_of_tens();
        for cost in costs {
            assert!(account.reserve(Nanos(*cost), NOW).is_err());
        }
        assert_eq!(want(&table), Nanos(amount), "{says}, at the reservation");
    }
}

#[test]
fn what_was_reserved_counts_whole_whatever_one_display_costs() {
    let (table, account) = table_of_tens();
    table.accept(&answer(vec![grant(1, 1_000, 3)]), NOW, NOW);
    for _ in 0..6 {
        account.reserve(Nanos(150), NOW).unwrap().sent();
    }
    assert_eq!(table.wants(NOW, Nanos(50), 20)[0].amount, Nanos(1_800));
    // A throttle is no lack of money: of what it held back few impressions count.
    account.pace(Some(1), false);
    account.reserve_for(Nanos(10), true, NOW).unwrap().sent();
    assert_eq!(
        account.reserve(Nanos(150), NOW).err(),
        Some(Unfunded::Throttled)
    );
    assert_eq!(table.wants(NOW, Nanos(50), 20)[0].amount, Nanos(950));
}

#[test]
fn a_display_that_no_lease_has_room_for_gets_one() {
    let (table, account) = table_of_tens();
    table.accept(&answer(vec![grant(1, 100, 3), grant(2, 100, 3)]), NOW, NOW);
    assert!(account.check(Nanos(150), NOW).is_err());
    assert_eq!(table.wants(NOW, Nanos(50), 20)[0].amount, Nanos(150));
    table.accept(&answer(vec![grant(3, 150, 3)]), NOW, NOW);
    account.reserve(Nanos(150), NOW).unwrap().sent();
}

#[test]
fn concurrent_reservations_never_exceed_the_face() {
    let (table, account) = table();
    table.accept(&answer(vec![grant(1, 10_000, 3)]), NOW, NOW);
    let sent: i64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let account = Arc::clone(&account);
                scope.spawn(move || {
                    let mut sent = 0;
                    for turn in 0..2_000_i64 {
                        let cost = Nanos(1 + (turn + thread) % 7);
                        if let Ok(reservation) = account.reserve(cost, NOW) {
                            if turn % 3 == 0 {
                                drop(reservation);
                            } else {
                                sent += cost.0;
                                reservation.sent();
                            }
                        }
                    }
                    sent
                })
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).sum()
    });
    assert!(sent <= 10_000);
    assert_eq!(account.free(NOW), Nanos(10_000 - sent));
    assert_eq!(table.ended(BootMillis(99_000))[0].committed, Nanos(sent));
}
