//! The ledger against a real Postgres (money.md, "Who holds what").

mod money;

use std::collections::BTreeMap;

use contracts::catalog::Pacing;
use contracts::lease::{Ended, LeaseAsk, Refusal, RefusalReason, Tally};
use control_plane_server::ledger::Ledger;
use money::{Bank, ask, bill, budget};
use units::{BootId, DurationMillis, Nanos};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r1_three_bidders_at_once_never_hold_more_than_the_budget() {
    let bank = Bank::open().await;
    bank.budget(100_003, Some(70_001)).await;
    let bidders = (1..=3).map(|bidder| {
        let ledger = bank.ledger.clone();
        tokio::spawn(async move {
            let mut faces = Vec::new();
            for batch in 1..=40 {
                let answer = ledger.grant(&ask(bidder, batch, 4_000)).await.unwrap();
                faces.extend(answer.grants.into_iter().map(|grant| grant.face.0));
            }
            faces
        })
    });
    let mut total = 0;
    for bidder in bidders.collect::<Vec<_>>() {
        total += bidder.await.unwrap().into_iter().sum::<i64>();
    }
    assert_eq!(
        total, 70_001,
        "the day's budget to the last nano, and not one more"
    );
    assert_eq!(bank.figures().await, [0, 70_001, 30_002, 0]);
    let refused = bank.ask(4, 1).await.refusals;
    assert_eq!(refused, [refusal(RefusalReason::DailyBudget)]);
}

fn refusal(reason: RefusalReason) -> Refusal {
    Refusal {
        line_item: "l".into(),
        reason,
    }
}

#[tokio::test]
async fn a_grant_is_journaled_before_it_is_answered() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let now = bank.ledger.now().await.unwrap();
    let grant = bank.lease(100).await;
    assert_eq!(grant.face, Nanos(100));
    assert_eq!(
        (grant.epoch, grant.ttl_ms, grant.reservation_life_s),
        (1, 10_000, 300)
    );
    assert_eq!(grant.settle_by, now.after(DurationMillis::from_secs(310)));
    let leases = bank.ledger.leases(true, 10).await.unwrap();
    assert_eq!(leases.len(), 1);
    assert_eq!(leases[0].id, grant.lease.to_string());
    assert_eq!(
        (leases[0].state.as_str(), leases[0].hold),
        ("open", Nanos(100))
    );
    assert_eq!(bank.figures().await, [0, 100, 900, 0]);
}

#[tokio::test]
async fn what_is_not_to_be_spent_is_refused_with_its_reason() {
    let bank = Bank::open().await;
    let now = bank.ledger.now().await.unwrap();
    bank.budget(1_000, None).await;
    let unknown = LeaseAsk {
        wants: vec![contracts::lease::Want {
            line_item: "another".into(),
            amount: Nanos(5),
        }],
        ..ask(1, bank.batch(), 0)
    };
    let answer = bank.ledger.grant(&unknown).await.unwrap();
    assert_eq!(answer.refusals[0].reason, RefusalReason::Unknown);

    let mut paused = budget(1_000, None);
    paused.active = false;
    let mut stopped = budget(1_000, None);
    stopped.lines[0].active = false;
    let mut later = budget(1_000, None);
    later.lines[0].starts_at = now.after(DurationMillis(1));
    let mut over = budget(1_000, None);
    over.lines[0].ends_at = Some(now);
    let mut own = budget(1_000, None);
    own.lines[0].budget = Some(Nanos::ZERO);
    let mut even = budget(1_000, None);
    even.lines[0].pacing = Pacing::Even;
    even.lines[0].starts_at = now;
    even.lines[0].ends_at = Some(now.after(DurationMillis::from_secs(864_000)));
    for (says, edit, reason) in [
        ("campaign paused", paused, RefusalReason::NotActive),
        ("line item paused", stopped, RefusalReason::NotActive),
        ("not yet", later, RefusalReason::NotActive),
        ("no more", over, RefusalReason::NotActive),
        ("its own budget", own, RefusalReason::CampaignBudget),
        ("no budget", budget(0, None), RefusalReason::CampaignBudget),
        (
            "no budget today",
            budget(1_000, Some(0)),
            RefusalReason::DailyBudget,
        ),
        ("too early for more", even, RefusalReason::Pacing),
    ] {
        bank.edit(&edit).await;
        let answer = bank.ask(1, 5).await;
        assert_eq!(answer.refusals, [refusal(reason)], "{says}");
        assert_eq!(answer.grants, [], "{says}");
    }
    assert_eq!(bank.figures().await[1], 0, "nothing is held");
}

#[tokio::test]
async fn after_its_end_the_rest_of_a_lease_returns_at_once() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let grant = bank.lease(100).await;
    for (says, boot, committed, reserved) in [
        ("another boot has no say", 9, 0, 100),
        ("more than its face cannot be", 1, 101, 100),
        ("the rest returns", 1, 30, 30),
        ("told again, nothing changes", 1, 0, 30),
    ] {
        let ask = LeaseAsk {
            boot: BootId(Uuid::from_u128(boot)),
            wants: Vec::new(),
            ended: vec![Ended {
                lease: grant.lease,
                committed: Nanos(committed),
            }],
            ..ask(1, bank.batch(), 0)
        };
        bank.ledger.grant(&ask).await.unwrap();
        assert_eq!(
            bank.figures().await,
            [0, reserved, 1_000 - reserved, 0],
            "{says}"
        );
    }
    // What was committed still bills.
    bank.append(&bill(&grant, 1, 30)).await;
    bank.settle().await;
    assert_eq!(bank.figures().await, [30, 0, 970, 0]);
}

#[tokio::test]
async fn an_end_below_what_was_settled_already_is_not_believed() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let grant = bank.lease(100).await;
    bank.append(&bill(&grant, 1, 30)).await;
    bank.settle().await;
    bank.end(&grant, 20).await;
    assert_eq!(bank.figures().await, [30, 70, 900, 0]);
}

#[tokio::test]
async fn a_cut_takes_effect_as_max_of_new_and_settled_plus_holds_and_falls_as_they_return() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let grant = bank.lease(200).await;
    bank.append(&bill(&grant, 1, 50)).await;
    bank.settle().await;
    bank.budget(100, None).await;
    assert_eq!(bank.figures().await, [50, 150, 0, 0]);
    assert_eq!(
        bank.ask(1, 1).await.refusals,
        [refusal(RefusalReason::CampaignBudget)],
        "until then nothing is granted"
    );
    bank.append(&bill(&grant, 2, 20)).await;
    bank.settle().await;
    assert_eq!(
        bank.figures().await,
        [70, 130, 0, 0],
        "reserved before: it bills"
    );
    bank.end(&grant, 70).await;
    assert_eq!(bank.figures().await, [70, 0, 30, 0], "the cut is complete");
    bank.budget(1_000, Some(75)).await;
    assert_eq!(
        bank.lease(50).await.face,
        Nanos(1),
        "a quarter of the day's rest"
    );
    assert_eq!(bank.spend().await.today, Nanos(70));
}

#[tokio::test]
async fn an_edit_is_part_of_its_callers_transaction() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let _held = bank.lease(100).await;
    let mut client = bank.pool.get().await.unwrap();
    let tx = client.transaction().await.unwrap();
    let committed = Ledger::set_budget(&tx, &budget(60, None)).await.unwrap();
    assert_eq!(
        (committed.spend, committed.reserved),
        (Nanos(0), Nanos(100))
    );
    assert_eq!(
        committed.total(),
        Nanos(100),
        "409: a budget below spend plus reserved"
    );
    tx.rollback().await.unwrap();
    drop(client);
    assert_eq!(bank.figures().await, [0, 100, 900, 0]);
    let mut client = bank.pool.get().await.unwrap();
    let tx = client.transaction().await.unwrap();
    let mut nowhere = budget(60, None);
    nowhere.time_zone = "Mars/Olympus".into();
    assert!(Ledger::set_budget(&tx, &nowhere).await.is_err());
}

#[tokio::test]
async fn spend_belongs_to_the_day_of_its_lease_whenever_it_settles() {
    let bank = Bank::open().await;
    bank.budget(1_000, Some(100)).await;
    bank.run("UPDATE test_clock SET now = (now / 86400000 + 1) * 86400000 - 5000")
        .await;
    let grant = bank.lease(100).await;
    assert_eq!(grant.ttl_ms, 5_000, "never past midnight");
    bank.advance(60).await;
    bank.append(&bill(&grant, 1, 20)).await;
    bank.settle().await;
    let spend = bank.spend().await;
    assert_eq!((spend.spend, spend.today), (Nanos(20), Nanos::ZERO));
    assert_eq!(
        bank.lease(1_000).await.face,
        Nanos(25),
        "the new day is whole"
    );
    assert_eq!(bank.figures().await[0], 20);
}

#[tokio::test]
async fn tallies_count_once_per_boot_and_batch() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let told = |batch| LeaseAsk {
        wants: Vec::new(),
        tallies: vec![Tally {
            campaign: "c".into(),
            matched: 10,
            bids: 4,
            no_bids: BTreeMap::from([("budget_exhausted".to_owned(), 6)]),
        }],
        ..ask(1, batch, 0)
    };
    for batch in [1, 1, 2, 1, 2] {
        bank.ledger.grant(&told(batch)).await.unwrap();
    }
    let stats = bank.ledger.stats("c").await.unwrap().unwrap();
    assert_eq!((stats.requests_matched, stats.bids), (20, 8));
    assert_eq!(stats.no_bid_reasons["budget_exhausted"], 12);
    assert_eq!(bank.ledger.stats("nobody").await.unwrap(), None);
    assert_eq!(bank.ledger.spend("nobody").await.unwrap(), None);
}

#[tokio::test]
async fn an_ask_whose_answer_was_lost_is_answered_with_what_it_was_granted() {
    let bank = Bank::open().await;
    let mut two = budget(1_000, None);
    let mut other = two.lines[0].clone();
    other.line_item = "m".into();
    two.lines.push(other);
    bank.edit(&two).await;
    let want = |line_item: &str| contracts::lease::Want {
        line_item: line_item.into(),
        amount: Nanos(100),
    };
    let asked = |boot, batch, wants: &[&str]| LeaseAsk {
        wants: wants.iter().map(|line_item| want(line_item)).collect(),
        ..ask(boot, batch, 0)
    };
    let granted = async |ask: LeaseAsk| bank.ledger.grant(&ask).await.unwrap().grants;
    let first = granted(asked(1, 7, &["l"])).await;
    assert_eq!(first.len(), 1);

    bank.advance(4).await;
    let mut again = granted(asked(1, 7, &["l"])).await;
    assert_eq!(again[0].ttl_ms, 6_000, "its life goes on from the grant");
    again[0].ttl_ms = first[0].ttl_ms;
    assert_eq!(again, first, "the same lease, as it was");
    assert_eq!(bank.figures().await[1], 100, "one lease's hold");

    let more = granted(asked(1, 7, &["m"])).await;
    let of: Vec<&str> = more.iter().map(|grant| grant.line_item.as_str()).collect();
    assert_eq!(of, ["l", "m"], "all that the number was granted");
    assert_eq!(bank.figures().await[1], 200);

    assert_eq!(granted(asked(2, 7, &["l"])).await.len(), 1, "another boot");
    assert_eq!(granted(asked(1, 8, &["l"])).await.len(), 1, "another batch");
    assert_eq!(bank.figures().await[1], 400);
    let late = granted(asked(1, 6, &["l"])).await;
    assert_eq!(late, [], "an ask that a newer one has overtaken");
    assert_eq!(bank.figures().await[1], 400);

    // Its time is used up: it is answered, so that its end is told, and beside it one that can be used.
    bank.advance(20).await;
    let used_up = granted(asked(1, 8, &["l"])).await;
    let lives: Vec<u32> = used_up.iter().map(|grant| grant.ttl_ms).collect();
    assert_eq!(lives, [0, 10_000]);
}

#[tokio::test]
async fn the_database_itself_refuses_what_must_not_be() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let _held = bank.lease(100).await;
    for (says, sql) in [
        (
            "overspend",
            "UPDATE accounts SET held = 1001 WHERE level = 1",
        ),
        ("negative", "UPDATE accounts SET held = -1 WHERE level = 2"),
        (
            "more than its face",
            "UPDATE leases SET settled = 60, released = 41",
        ),
        ("closed with a hold", "UPDATE leases SET state = 'closed'"),
        (
            "changed postings",
            "UPDATE postings SET amount = amount + 1",
        ),
        ("deleted postings", "DELETE FROM postings"),
        ("truncated postings", "TRUNCATE postings"),
        (
            "uneven postings",
            "INSERT INTO postings (txn, campaign, side, amount, at) VALUES (99, 'c', 'held', 5, 0)",
        ),
    ] {
        let said = bank.refuses(sql).await;
        assert!(!said.is_empty(), "{says}");
    }
    assert_eq!(bank.figures().await, [0, 100, 900, 0]);
}

#[tokio::test]
async fn r12_the_imbalance_shows_every_tampering() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let grant = bank.lease(100).await;
    bank.append(&bill(&grant, 1, 30)).await;
    bank.settle().await;
    assert_eq!(bank.ledger.imbalance().await.unwrap(), Nanos::ZERO);
    for (tamper, back) in [
        (
            "UPDATE accounts SET held = held + 7 WHERE level = 1",
            "UPDATE accounts SET held = held - 7 WHERE level = 1",
        ),
        (
            "UPDATE accounts SET settled = settled + 7 WHERE level = 4",
            "UPDATE accounts SET settled = settled - 7 WHERE level = 4",
        ),
        (
            "UPDATE leases SET released = released + 7",
            "UPDATE leases SET released = released - 7",
        ),
        (
            "UPDATE reservations SET charge = charge - 7",
            "UPDATE reservations SET charge = charge + 7",
        ),
    ] {
        bank.run(tamper).await;
        assert_ne!(
            bank.ledger.imbalance().await.unwrap(),
            Nanos::ZERO,
            "{tamper}"
        );
        bank.run(back).await;
    }
    assert_eq!(bank.figures().await, [30, 70, 900, 0]);
}

#[tokio::test]
async fn a_batch_grants_many_line_items_in_one_go() {
    let bank = Bank::open().await;
    let mut many = budget(1_000_000, None);
    let one = many.lines[0].clone();
    many.lines = (0..1_200)
        .map(|number| {
            let mut line = one.clone();
            line.line_item = format!("l{number}").into();
            line
        })
        .collect();
    bank.edit(&many).await;
    let wants = |amount| {
        (0..1_200).map(move |number| contracts::lease::Want {
            line_item: format!("l{number}").into(),
            amount: Nanos(amount),
        })
    };
    let ask = LeaseAsk {
        wants: wants(10).collect(),
        ..ask(1, bank.batch(), 0)
    };
    let answer = bank.ledger.grant(&ask).await.unwrap();
    assert_eq!((answer.grants.len(), answer.refusals.len()), (1_200, 0));
    assert_eq!(bank.figures().await, [0, 12_000, 988_000, 0]);
}

#[tokio::test]
async fn an_instant_outside_all_calendars_grants_nothing() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    bank.run(&format!("UPDATE test_clock SET now = {}", i64::MAX))
        .await;
    let answer = bank.ask(1, 5).await;
    assert_eq!(answer.refusals, [refusal(RefusalReason::Unknown)]);
}
