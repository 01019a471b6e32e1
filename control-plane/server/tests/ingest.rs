//! Ingest against a real Redis and Postgres: what an acknowledged notice becomes (money.md, quality R4–R6, R12).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod money;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use contracts::event::{
    DELIVERY_STREAM, DeliveryEvent, DeliveryFact, MONEY_STREAM, NoticeEnd, NoticeEvent, PriceTold,
};
use contracts::notice::{BillOn, NoticeKind, SellClaims, SellKind};
use control_plane_server::ingest::{CapEvent, CapStamps, Fence, RevenueBy, RevenueWithoutRate};
use control_plane_server::ledger::{AmountWithoutRate, Asked};
use eventlog::{Appended, EventLog};
use money::{Bank, bill, budget, notice, told};
use units::{
    AuctionId, BidId, CpmMicros, Currency, DurationMillis, LeaseId, Nanos, RateTable, UnixMillis,
};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r4_replayed_ten_times_from_eight_connections_a_notice_is_charged_once() {
    let bank = Bank::open().await;
    bank.budget(1_000_000, None).await;
    let grant = bank.lease(100_000).await;
    let senders = (0..8).map(|sender| {
        let (url, grant) = (bank.events_url.clone(), grant.clone());
        tokio::spawn(async move {
            let log = EventLog::connect(&url, eventlog::Timeouts::default()).unwrap();
            for time in 0..10 {
                for seq in 1..=20 {
                    let event = bill(&grant, seq, 100);
                    let event = contracts::event::MoneyEvent::Notice(Box::new(event));
                    let payload = serde_json::to_vec(&event).unwrap();
                    // Half of them as if the log had forgotten what it had seen.
                    let once = match time % 2 {
                        0 => format!("{seq}"),
                        _ => format!("{seq}:{sender}:{time}"),
                    };
                    let stored = log.append(grant.settle_by, &once, &payload).await.unwrap();
                    assert_ne!(stored, Appended::Expired);
                }
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.unwrap();
    }
    // Two ledgers at once, as while one control plane replaces another.
    let apply = || {
        let ingest = bank.ingest.clone();
        tokio::spawn(async move {
            loop {
                match ingest.apply_money().await {
                    Ok(0) => break,
                    Ok(_) | Err(control_plane_server::ledger::LedgerError::Overtaken) => {}
                    Err(fault) => panic!("{fault}"),
                }
            }
        })
    };
    let (one, other) = (apply(), apply());
    one.await.unwrap();
    other.await.unwrap();
    bank.settle().await;
    assert_eq!(bank.figures().await, [2_000, 98_000, 900_000, 0]);
    assert_eq!(bank.spend().await.impressions, 20);
    assert_eq!(bank.number("SELECT count(*) FROM reservations").await, 20);
}

#[tokio::test]
async fn r5_nurl_is_never_billed_and_the_holds_return_at_close() {
    let bank = Bank::open().await;
    bank.budget(100_000, None).await;
    let grant = bank.lease(10_000).await;
    for seq in 1..=1_000 {
        bank.append(&told(NoticeKind::Win, &grant, seq, 10)).await;
    }
    bank.settle().await;
    assert_eq!(bank.figures().await, [0, 10_000, 90_000, 0]);
    let stats = bank.ledger.stats("c").await.unwrap().unwrap();
    assert_eq!((stats.wins, stats.impressions), (1_000, 0));
    bank.advance(341).await;
    assert_eq!(bank.close().await, 1);
    assert_eq!(bank.figures().await, [0, 0, 100_000, 0]);
}

#[tokio::test]
async fn r6_past_the_fence_a_notice_is_expired_and_before_it_billed_even_when_paused() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let grant = bank.lease(100).await;
    // settle_by is 310 s after the grant; the fence refuses from settle_by + 30 s on.
    bank.advance(339).await;
    assert_eq!(bank.close().await, 0, "the fence has not passed it");
    let mut paused = budget(100, None);
    paused.active = false;
    bank.edit(&paused).await;
    assert_eq!(bank.append(&bill(&grant, 1, 40)).await, Appended::Stored);
    bank.settle().await;
    assert_eq!(bank.figures().await, [40, 60, 0, 0]);

    bank.advance(1).await;
    assert_eq!(
        bank.close().await,
        0,
        "a marker at settle_by + 30 s is not later than it"
    );
    assert_eq!(
        bank.append(&bill(&grant, 2, 40)).await,
        Appended::Expired,
        "410"
    );
    bank.advance(1).await;
    assert_eq!(bank.close().await, 1);
    assert_eq!(
        bank.figures().await,
        [40, 0, 60, 0],
        "all that was not billed is back"
    );
}

#[tokio::test]
async fn the_charge_is_the_lesser_of_price_and_maximum() {
    let price = |micros| PriceTold::Clearing {
        price: CpmMicros::new(micros).unwrap(),
    };
    let euro = PriceTold::OtherCurrency {
        currency: Currency::parse("EUR").unwrap(),
    };
    type Edit = fn(&mut NoticeEvent);
    let plain: Edit = |_| {};
    let by_tracker: Edit = |event| {
        event.claims.kind = NoticeKind::Impression;
        event.claims.bill_on = BillOn::Impression;
    };
    let by_burl: Edit = |event| event.claims.bill_on = BillOn::Impression;
    let cases: [(&str, PriceTold, Edit, i64, Option<&str>); 9] = [
        ("the price", price(60), plain, 60, None),
        ("free of charge", price(0), plain, 0, None),
        ("the maximum itself", price(100), plain, 100, None),
        (
            "above the maximum",
            price(101),
            plain,
            100,
            Some("above_maximum"),
        ),
        (
            "unreadable",
            PriceTold::Unreadable,
            plain,
            100,
            Some("unreadable"),
        ),
        ("another currency", euro, plain, 100, Some("other_currency")),
        (
            "a tracker's price is anybody's",
            price(1),
            by_tracker,
            100,
            None,
        ),
        ("AUDIT", PriceTold::Audit, plain, 0, None),
        (
            "a test",
            price(60),
            |event| event.claims.test = true,
            0,
            None,
        ),
    ];
    let bank = Bank::open().await;
    bank.budget(100_000, None).await;
    let grant = bank.lease(10_000).await;
    let mut spent = 0;
    for (seq, (says, told, edit, charge, flag)) in (1..).zip(cases) {
        let mut event = bill(&grant, seq, 100);
        event.price = told;
        edit(&mut event);
        bank.append(&event).await;
        bank.settle().await;
        spent += charge;
        assert_eq!(bank.figures().await[0], spent, "{says}");
        let client = bank.pool.get().await.unwrap();
        let row = client
            .query_opt(
                "SELECT flag FROM reservations WHERE lease = $1 AND seq = $2",
                &[&grant.lease.0, &i64::try_from(seq).unwrap()],
            )
            .await
            .unwrap();
        let stored: Option<String> = row.and_then(|row| row.get(0));
        assert_eq!(stored.as_deref(), flag, "{says}");
    }
    // The other kind than the one that bill_on names never bills.
    let mut other = bill(&grant, 90, 100);
    by_burl(&mut other);
    bank.append(&other).await;
    bank.append(&told(NoticeKind::Impression, &grant, 91, 100))
        .await;
    bank.settle().await;
    assert_eq!(bank.figures().await[0], spent);
    // The unused rest of each reservation is back at once: 40 + 100 of the two cheap ones.
    assert_eq!(bank.figures().await[1], 10_000 - 7 * 100);
}

#[tokio::test]
async fn a_loss_releases_and_what_contradicts_it_goes_the_late_path() {
    let bank = Bank::open().await;
    bank.budget(200, None).await;
    let grant = bank.lease(50).await;
    for (says, kind, seq, expect) in [
        (
            "a loss returns the maximum at once",
            NoticeKind::Loss,
            1,
            [0, 30, 170, 0],
        ),
        ("a second one nothing", NoticeKind::Loss, 1, [0, 30, 170, 0]),
        (
            "a bill after it is funded from what is left",
            NoticeKind::Bill,
            1,
            [20, 30, 150, 0],
        ),
        ("and once", NoticeKind::Bill, 1, [20, 30, 150, 0]),
        (
            "a loss after a bill changes nothing",
            NoticeKind::Loss,
            1,
            [20, 30, 150, 0],
        ),
        ("another loss", NoticeKind::Loss, 2, [20, 10, 170, 0]),
    ] {
        let event = told(kind, &grant, seq, 20);
        bank.append_as(&event, says).await;
        bank.settle().await;
        assert_eq!(bank.figures().await, expect, "{says}");
    }
    bank.budget(30, None).await;
    bank.append(&told(NoticeKind::Bill, &grant, 2, 20)).await;
    bank.settle().await;
    assert_eq!(
        bank.figures().await,
        [20, 10, 0, 20],
        "no level has room: late_unfunded, recorded, not charged, owed by us"
    );
    let stats = bank.ledger.stats("c").await.unwrap().unwrap();
    assert_eq!((stats.impressions, stats.wins), (2, 2));
}

#[tokio::test]
async fn a_forced_close_and_an_unknown_lease_go_the_late_path_of_their_own_day() {
    let bank = Bank::open().await;
    bank.budget(1_000, Some(60)).await;
    let grant = bank.lease(15).await;
    assert!(bank.ledger.force_close(grant.lease).await.unwrap());
    assert!(!bank.ledger.force_close(grant.lease).await.unwrap());
    assert!(
        bank.ledger.leases(false, 1).await.unwrap()[0].forced,
        "it is shown"
    );
    assert_eq!(bank.figures().await, [0, 0, 1_000, 0]);
    bank.append(&bill(&grant, 1, 15)).await;
    bank.settle().await;
    assert_eq!(bank.figures().await, [15, 0, 985, 0]);

    let now = bank.ledger.now().await.unwrap();
    let lost = LeaseId::new(now, [7; 10]);
    for (seq, expect) in [(1, [55, 0, 945, 0]), (2, [55, 0, 945, 40])] {
        let event = notice(NoticeKind::Bill, lost, grant.settle_by, seq, 40);
        bank.append(&event).await;
        bank.settle().await;
        assert_eq!(bank.figures().await, expect, "its own day has room for one");
    }
    let tomorrow = LeaseId::new(now.after(DurationMillis::from_secs(86_400)), [8; 10]);
    bank.append(&notice(NoticeKind::Bill, tomorrow, grant.settle_by, 1, 40))
        .await;
    bank.settle().await;
    assert_eq!(bank.figures().await, [95, 0, 905, 40]);
    assert_eq!(bank.spend().await.today, Nanos(55), "which is not today");
}

#[tokio::test]
async fn a_bidder_that_understated_what_it_committed_cannot_make_the_advertiser_pay_twice() {
    let bank = Bank::open().await;
    bank.budget(100, None).await;
    let grant = bank.lease(25).await;
    bank.end(&grant, 0).await;
    bank.budget(10, None).await;
    bank.append(&bill(&grant, 1, 25)).await;
    bank.settle().await;
    assert_eq!(bank.figures().await, [0, 0, 10, 25]);
}

#[tokio::test]
async fn a_crash_between_commit_and_trim_applies_nothing_twice() {
    let bank = Bank::open().await;
    bank.budget(10_000, None).await;
    let grant = bank.lease(1_000).await;
    for seq in 1..=30 {
        bank.append(&bill(&grant, seq, 10)).await;
        bank.append(&told(NoticeKind::Click, &grant, seq, 10)).await;
    }
    bank.append(&told(NoticeKind::Conversion, &grant, 7, 10))
        .await;
    assert_eq!(bank.ingest.apply_money().await.unwrap(), 61);
    // Here the process dies; its successor reads from the position that was committed.
    assert_eq!(bank.log.length(MONEY_STREAM).await.unwrap(), 61);
    assert_eq!(bank.ingest.apply_money().await.unwrap(), 0);
    bank.ingest.trim(MONEY_STREAM).await.unwrap();
    assert_eq!(bank.log.length(MONEY_STREAM).await.unwrap(), 0);
    // And where even the position is older, as after a restored backup, the reservations know.
    for seq in 1..=30 {
        bank.append_as(&bill(&grant, seq, 10), &format!("again {seq}"))
            .await;
        bank.append_as(
            &told(NoticeKind::Click, &grant, seq, 10),
            &format!("click {seq}"),
        )
        .await;
    }
    let conversion = told(NoticeKind::Conversion, &grant, 7, 10);
    bank.append_as(&conversion, "conversion again").await;
    bank.settle().await;
    assert_eq!(bank.figures().await, [300, 700, 9_000, 0]);
    let stats = bank.ledger.stats("c").await.unwrap().unwrap();
    assert_eq!((stats.impressions, stats.clicks, stats.wins), (30, 30, 30));
    assert_eq!(stats.conversions, 1, "once, and it moves no money");
    assert_eq!(
        bank.number("SELECT duplicates FROM campaign_counts").await,
        61
    );
    let of_the_line_item = "SELECT sum(1000 * impressions + clicks)::bigint FROM line_item_hours WHERE line_item = 'l'";
    assert_eq!(bank.number(of_the_line_item).await, 30_030);
    let of_the_creative =
        "SELECT sum(1000 * impressions + clicks + 100 * conversions)::bigint FROM creative_hours
        WHERE line_item = 'l' AND creative = 'crt'";
    assert_eq!(bank.number(of_the_creative).await, 30_130);
}

#[tokio::test]
async fn an_experiment_is_read_by_arm_and_creative() {
    let bank = Bank::open().await;
    bank.budget(10_000, None).await;
    let grant = bank.lease(1_000).await;
    let shown = |seq, kind, arm: Option<&str>, creative: &str| {
        let mut event = told(kind, &grant, seq, 10);
        event.claims.arm = arm.map(str::to_owned);
        event.claims.creative = creative.into();
        event
    };
    for (seq, kind, arm, creative) in [
        (1, NoticeKind::Bill, Some("a"), "x"),
        (1, NoticeKind::Click, Some("a"), "x"),
        (1, NoticeKind::Click, Some("a"), "x"),
        (2, NoticeKind::Bill, Some("a"), "x"),
        (3, NoticeKind::Bill, Some("b"), "x"),
        (4, NoticeKind::Win, Some("b"), "y"),
        (4, NoticeKind::Bill, Some("b"), "y"),
        (4, NoticeKind::Conversion, Some("b"), "y"),
        (5, NoticeKind::Loss, Some("b"), "y"),
        (6, NoticeKind::Bill, None, "x"),
    ] {
        bank.append(&shown(seq, kind, arm, creative)).await;
    }
    bank.settle().await;
    let stats = bank.ledger.stats("c").await.unwrap().unwrap();
    assert_eq!((stats.impressions, stats.spend), (5, Nanos(50)));
    let arms = stats.arms.iter().map(|it| {
        let counts = [it.wins, it.impressions, it.clicks, it.conversions];
        assert_eq!(it.line_item_id, "l");
        (&*it.arm, &*it.creative_id, counts, it.spend)
    });
    let want = [
        ("a", "x", [2, 2, 1, 0], Nanos(20)),
        ("b", "x", [1, 1, 0, 0], Nanos(10)),
        ("b", "y", [1, 1, 0, 1], Nanos(10)),
    ];
    assert_eq!(arms.collect::<Vec<_>>(), want);
}

#[tokio::test]
async fn what_shading_saved_is_stated_minus_bid_on_what_was_charged() {
    let bank = Bank::open().await;
    bank.budget(10_000, None).await;
    let grant = bank.lease(1_000).await;
    // (price, stated, kind): a maximum above the bid's cost is what was stated before shading.
    let shaded = |seq, price, stated, kind| {
        let mut event = told(kind, &grant, seq, price);
        event.claims.max_cost = Nanos(stated);
        event
    };
    for (seq, price, stated, kind) in [
        (1, 10, 25, NoticeKind::Bill),
        (2, 10, 10, NoticeKind::Bill),
        (3, 10, 25, NoticeKind::Loss),
        (4, 12, 20, NoticeKind::Bill),
    ] {
        bank.append(&shaded(seq, price, stated, kind)).await;
    }
    bank.settle().await;
    let stats = bank.ledger.stats("c").await.unwrap().unwrap();
    assert_eq!((stats.shading_saved, stats.spend), (Nanos(23), Nanos(32)));
}

#[tokio::test]
async fn what_cannot_be_applied_is_quarantined_and_blocks_nothing() {
    let bank = Bank::open().await;
    bank.budget(10_000, None).await;
    let grant = bank.lease(1_000).await;
    let far = grant.settle_by;
    let mut bad: Vec<NoticeEvent> = Vec::new();
    let mut put = |edit: fn(&mut NoticeEvent)| {
        let mut event = bill(&grant, 100 + bad.len() as u64, 10);
        edit(&mut event);
        bad.push(event);
    };
    put(|event| event.claims.max_cost = Nanos(-1));
    put(|event| event.claims.line_item = "another".into());
    put(|event| {
        event.claims.campaign = "another".into();
        event.claims.reservation.lease = LeaseId(Uuid::from_u128(5));
    });
    // What only Postgres refuses: a NUL in a text, a bid that another reservation was charged for.
    put(|event| event.claims.source = "nul\0".into());
    put(|event| event.claims.bid = BidId(Uuid::from_u128(1)));
    put(|event| event.claims.bid = BidId(Uuid::from_u128(1)));
    for (seq, event) in (1..).zip(&bad) {
        bank.append(&bill(&grant, seq, 10)).await;
        bank.log
            .append(far, &format!("garbage {seq}"), b"{\"event\":")
            .await
            .unwrap();
        bank.append(event).await;
    }
    bank.append(&bill(&grant, 50, 10)).await;
    bank.settle().await;
    let good = 7 + 1;
    assert_eq!(
        bank.figures().await,
        [good * 10, 1_000 - good * 10, 9_000, 0]
    );
    assert_eq!(bank.number("SELECT count(*) FROM quarantine").await, 5 + 6);
    let rendered = bank.metrics.render();
    assert!(
        rendered.contains("gavel_quarantined_events_total 11"),
        "alarmed: {rendered}"
    );
    assert!(
        rendered.contains("gavel_spend_nanos_total 80"),
        "{rendered}"
    );
    bank.advance(341).await;
    assert_eq!(bank.close().await, 1, "the lease closes all the same");
}

#[tokio::test]
async fn a_lease_closes_only_when_everything_before_the_marker_is_committed() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let grant = bank.lease(100).await;
    bank.append(&bill(&grant, 1, 40)).await;
    // Ingest is away for hours: no timer returns money whose notice is still in the log.
    bank.advance(7_200).await;
    let now = bank.ledger.now().await.unwrap();
    bank.log.raise_fence(now).await.unwrap();
    assert_eq!(bank.ledger.close_due().await.unwrap(), 0);
    assert_eq!(bank.figures().await, [0, 100, 900, 0]);
    bank.settle().await;
    assert_eq!(bank.ledger.close_due().await.unwrap(), 1);
    assert_eq!(
        bank.figures().await,
        [40, 0, 960, 0],
        "billed, and the rest is back"
    );
    assert_eq!(bank.ledger.leases(true, 10).await.unwrap(), []);
}

#[tokio::test]
async fn after_a_gap_the_fence_stands_for_sixty_seconds() {
    let bank = Bank::open().await;
    let mut fence = Fence::default();
    assert_eq!(bank.raise(&mut fence).await, None, "a log without a fence");
    for _ in 0..11 {
        bank.advance(5).await;
        assert_eq!(bank.raise(&mut fence).await, None, "nor one for 60 s");
    }
    bank.advance(5).await;
    let first = bank.raise(&mut fence).await.unwrap();
    for (says, step, steps, raised) in [
        ("a second later", 1, 1, true),
        ("five", 5, 1, true),
        ("the ledger was down for six", 6, 1, false),
        ("59 s more", 5, 11, false),
        ("60 s more", 5, 1, true),
        ("and on", 1, 2, true),
    ] {
        for _ in 0..steps {
            bank.advance(step).await;
            assert_eq!(bank.raise(&mut fence).await.is_some(), raised, "{says}");
        }
    }
    let now = bank.ledger.now().await.unwrap();
    assert_eq!(bank.log.fence().await.unwrap(), Some(now));
    assert!(first < now);
    // A ledger that starts anew does not know of a stand: a gap begins one again.
    bank.advance(6).await;
    assert_eq!(bank.raise(&mut Fence::default()).await, None);
}

#[derive(Default)]
struct Stamps {
    away: AtomicBool,
    told: Mutex<Vec<CapEvent>>,
}

impl CapStamps for Stamps {
    async fn apply(&self, event: &CapEvent) -> Result<(), String> {
        if self.away.load(Ordering::SeqCst) {
            return Err("away".into());
        }
        self.told.lock().unwrap().push(event.clone());
        Ok(())
    }
}

#[tokio::test]
async fn an_impression_of_a_capped_user_is_told_to_the_stamps_at_least_once() {
    let bank = Bank::open().await;
    bank.budget(10_000, None).await;
    let grant = bank.lease(1_000).await;
    let capped = |kind, seq, source: &str| {
        let mut event = told(kind, &grant, seq, 10);
        event.claims.user = Some("u1".into());
        event.claims.source = source.into();
        event
    };
    let mut audit = capped(NoticeKind::Bill, 6, "ours");
    audit.price = PriceTold::Audit;
    for event in [
        capped(NoticeKind::Bill, 1, "ours"),
        capped(NoticeKind::Impression, 2, "ours"),
        capped(NoticeKind::Loss, 3, "ours"),
        capped(NoticeKind::Loss, 4, "a source whose loss is not final"),
        capped(NoticeKind::Win, 5, "ours"),
        audit,
        bill(&grant, 7, 10),
    ] {
        bank.append(&event).await;
    }
    bank.settle().await;
    let stamps = Stamps::default();
    stamps.away.store(true, Ordering::SeqCst);
    assert_eq!(
        bank.ingest.apply_caps(&stamps).await.unwrap(),
        0,
        "they wait"
    );
    stamps.away.store(false, Ordering::SeqCst);
    assert_eq!(bank.ingest.apply_caps(&stamps).await.unwrap(), 3);
    assert_eq!(bank.ingest.apply_caps(&stamps).await.unwrap(), 0);
    let told = stamps.told.lock().unwrap();
    let shown: Vec<bool> = told.iter().map(|event| event.shown).collect();
    assert_eq!(shown, [true, true, false]);
    let scopes: Vec<&str> = told[0].scopes.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(
        scopes,
        ["creative:crt", "line_item:l", "campaign:c", "advertiser:a"]
    );
    assert_eq!(told[0].user, "u1");
    assert_eq!(
        told[0].token_end,
        grant.settle_by.after(DurationMillis::from_secs(30))
    );
}

async fn append(log: &EventLog, events: &[DeliveryEvent]) {
    for (number, event) in events.iter().enumerate() {
        let payload = serde_json::to_vec(event).unwrap();
        let (once, ttl) = (number.to_string(), std::time::Duration::from_secs(60));
        let appended = log.append_once(&[DELIVERY_STREAM], &once, ttl, &payload);
        appended.await.unwrap();
    }
}

#[tokio::test]
async fn deliveries_add_up_to_revenue() {
    let bank = Bank::open().await;
    let noon = UnixMillis(1_790_000_000_000);
    let delivery = |imp: &str, kind, gross: i64, currency: &str| DeliveryEvent {
        claims: SellClaims {
            kind,
            auction: AuctionId(Uuid::from_u128(1)),
            imp: imp.into(),
            ad: 0,
            partner: "rival".into(),
            publisher: "pub".into(),
            placement: "plc".into(),
            price: CpmMicros::CENT,
            currency: Currency::USD,
            gross: Nanos(gross),
            fee: Nanos(gross / 10),
            payout_currency: Currency::parse(currency).unwrap(),
            url: String::new(),
            expires: noon,
            test: imp == "test",
            provisional: false,
            refused: false,
            serves_on_win: false,
            charge: None,
            device: contracts::notice::Device::default(),
        },
        at: noon,
        fact: DeliveryFact::Happened,
    };
    let events = [
        delivery("1", SellKind::Impression, 1_000, "USD"),
        delivery("1", SellKind::Bill, 1_000, "USD"),
        delivery("2", SellKind::Bill, 500, "EUR"),
        delivery("3", SellKind::Click, 9_000, "USD"),
        delivery("2", SellKind::View, 9_000, "USD"),
        delivery("1", SellKind::View, 9_000, "USD"),
        delivery("1", SellKind::View, 9_000, "USD"),
        delivery("test", SellKind::Impression, 9_000, "USD"),
        DeliveryEvent {
            fact: DeliveryFact::Filtered,
            ..delivery("4", SellKind::Impression, 9_000, "USD")
        },
        DeliveryEvent {
            fact: DeliveryFact::Notified(NoticeEnd::Acknowledged),
            ..delivery("1", SellKind::Impression, 9_000, "USD")
        },
        DeliveryEvent {
            fact: DeliveryFact::Notified(NoticeEnd::Expired),
            ..delivery("5", SellKind::Impression, 9_000, "USD")
        },
    ];
    append(&bank.log, &events).await;
    bank.log
        .push(DELIVERY_STREAM, 1_000, b"garbage")
        .await
        .unwrap();
    while bank.ingest.apply_deliveries().await.unwrap() > 0 {}
    let mut rates = RateTable::default();
    rates
        .per_usd
        .insert(Currency::parse("EUR").unwrap(), 500_000_000);
    let day = 86_400_000;
    let from = UnixMillis(noon.0 / day * day);
    for (by, key) in [
        (RevenueBy::Day, "2026-09-21"),
        (RevenueBy::Placement, "plc"),
        (RevenueBy::Dsp, "rival"),
    ] {
        let revenue = bank
            .ledger
            .revenue(from, UnixMillis(from.0 + day), by, Currency::USD, &rates)
            .await
            .unwrap();
        assert_eq!(revenue.rows.len(), 1);
        let row = &revenue.rows[0];
        assert_eq!(row.key.as_deref(), Some(key));
        assert_eq!(
            (row.impressions, row.gross, row.fee, row.net),
            (2, Nanos(2_000), Nanos(200), Nanos(1_800))
        );
        assert_eq!((row.clicks, row.views), (1, 2), "each imp's once");
        assert_eq!((revenue.total.clicks, revenue.total.views), (1, 2));
        assert_eq!(revenue.total.gross, Nanos(2_000));
        assert_eq!(RevenueBy::of(&revenue.group_by), Some(by));
    }
    let before = bank
        .ledger
        .revenue(UnixMillis(0), from, RevenueBy::Day, Currency::USD, &rates)
        .await
        .unwrap();
    assert_eq!(before.rows, [], "to is exclusive");
    let without = bank
        .ledger
        .revenue(
            from,
            UnixMillis(from.0 + day),
            RevenueBy::Dsp,
            Currency::USD,
            &RateTable::default(),
        )
        .await
        .unwrap();
    let [row] = &without.rows[..] else {
        panic!("one row: {without:?}");
    };
    assert_eq!((row.impressions, row.gross), (1, Nanos(1_000)));
    assert_eq!((row.clicks, row.views), (1, 2), "they have no currency");
    assert_eq!(without.total.gross, Nanos(1_000));
    let apart = RevenueWithoutRate {
        key: "rival".into(),
        currency: "EUR".into(),
        impressions: 1,
        gross: Nanos(500),
        fee: Nanos(50),
        net: Nanos(450),
    };
    assert_eq!(without.without_rate, [apart], "no zero, and in its own");
    let asked = Asked {
        from,
        to: UnixMillis(from.0 + day),
        partner: None,
        currency: Currency::USD,
    };
    let compared = bank.ledger.reconcile(&asked, &RateTable::default()).await;
    let compared = compared.unwrap();
    let [row] = &compared.items[..] else {
        panic!("one day: {compared:?}");
    };
    assert_eq!((row.impressions, row.spend), (2, Nanos(1_000)));
    let apart = AmountWithoutRate {
        currency: "EUR".into(),
        spend: Nanos(500),
    };
    assert_eq!(row.spend_without_rate, [apart]);
}

#[tokio::test]
async fn what_ssps_sold_is_told_by_their_accounts() {
    let bank = Bank::open().await;
    let noon = UnixMillis(1_790_000_000_000);
    let sold = |number: u128, publisher: &str, placement: &str, kind: &str| {
        let event = serde_json::json!({
            "claims": {"kind": kind, "auction": Uuid::from_u128(number), "imp": "1", "partner": "rival",
                "publisher": publisher, "placement": placement, "price": 10_000, "currency": "USD", "gross": 1_000,
                "fee": 100, "payout_currency": "USD", "url": "", "expires": noon, "test": false},
            "at": noon, "fact": DeliveryFact::Happened,
        });
        serde_json::from_value::<DeliveryEvent>(event).unwrap()
    };
    let events = [
        sold(1, "ssp-1", "", "bill"),
        sold(2, "ssp-1", "", "bill"),
        sold(3, "ssp-2", "", "bill"),
        sold(4, "paper", "top", "impression"),
        sold(2, "ssp-1", "", "click"),
        sold(4, "paper", "top", "view"),
    ];
    append(&bank.log, &events).await;
    while bank.ingest.apply_deliveries().await.unwrap() > 0 {}
    let (by, rates) = (RevenueBy::Placement, RateTable::default());
    let (from, to) = (noon, UnixMillis(noon.0 + 1));
    let revenue = bank.ledger.revenue(from, to, by, Currency::USD, &rates);
    let revenue = revenue.await.unwrap();
    let rows = revenue.rows.iter();
    let told: Vec<_> = rows
        .map(|row| {
            (
                row.key.as_deref().unwrap(),
                row.impressions,
                row.clicks,
                row.views,
            )
        })
        .collect();
    assert_eq!(
        told,
        [("ssp-1", 2, 1, 0), ("ssp-2", 1, 0, 0), ("top", 1, 0, 1)]
    );
}

#[tokio::test]
async fn each_ad_of_an_imp_is_delivered_by_itself() {
    // a break that A, A and B won is one imp
    let bank = Bank::open().await;
    let noon = UnixMillis(1_790_000_000_000);
    let event = |ad: u32, partner: &str, kind, fact| DeliveryEvent {
        claims: SellClaims {
            kind,
            auction: AuctionId(Uuid::from_u128(1)),
            imp: "1".into(),
            ad,
            partner: partner.into(),
            publisher: "pub".into(),
            placement: "plc".into(),
            price: CpmMicros::CENT,
            currency: Currency::USD,
            gross: Nanos(1_000 + i64::from(ad)),
            fee: Nanos::ZERO,
            payout_currency: Currency::USD,
            url: "http://dsp.example/bill".into(),
            expires: noon,
            test: false,
            provisional: false,
            refused: false,
            serves_on_win: false,
            charge: None,
            device: contracts::notice::Device::default(),
        },
        at: noon,
        fact,
    };
    let happened = DeliveryFact::Happened;
    let acknowledged = DeliveryFact::Notified(NoticeEnd::Acknowledged);
    let refused = DeliveryFact::Notified(NoticeEnd::Refused);
    let events = [
        event(0, "a", SellKind::Bill, happened),
        event(1, "a", SellKind::Bill, happened),
        event(2, "b", SellKind::Bill, happened),
        event(1, "a", SellKind::Impression, happened),
        event(0, "a", SellKind::View, happened),
        event(2, "b", SellKind::View, happened),
        event(0, "a", SellKind::Bill, acknowledged),
        event(2, "b", SellKind::Bill, refused),
    ];
    append(&bank.log, &events).await;
    while bank.ingest.apply_deliveries().await.unwrap() > 0 {}
    let day = 86_400_000;
    let from = UnixMillis(noon.0 / day * day);
    let to = UnixMillis(from.0 + day);
    let rates = RateTable::default();
    let revenue = bank
        .ledger
        .revenue(from, to, RevenueBy::Dsp, Currency::USD, &rates)
        .await
        .unwrap();
    let lines: Vec<_> = revenue
        .rows
        .iter()
        .map(|row| (row.key.as_deref(), row.impressions, row.views, row.gross))
        .collect();
    assert_eq!(
        lines,
        [
            (Some("a"), 2, 1, Nanos(2_001)),
            (Some("b"), 1, 1, Nanos(1_002))
        ]
    );
    let asked = Asked {
        from,
        to,
        partner: None,
        currency: Currency::USD,
    };
    let days = bank.ledger.reconcile(&asked, &rates).await.unwrap();
    let ends: Vec<_> = days
        .items
        .iter()
        .map(|row| (row.burl.acknowledged, row.burl.waiting, row.burl.refused))
        .collect();
    assert_eq!(ends, [(1, 1, 0), (0, 0, 1)], "of each ad its own notice");
}

#[tokio::test]
async fn the_task_applies_closes_and_ends_with_its_process() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let grant = bank.lease(100).await;
    bank.append(&bill(&grant, 1, 40)).await;
    let (trigger, shutdown) = service::Shutdown::new();
    let ingest = bank.ingest.clone();
    let task = tokio::spawn(async move {
        control_plane_server::ingest::run(&ingest, &Stamps::default(), &shutdown).await;
    });
    let limit = std::time::Duration::from_secs(30);
    testkit::poll_until(limit, async || {
        let metrics = bank.metrics.render();
        let audited = metrics
            .lines()
            .find_map(|line| line.strip_prefix("gavel_ledger_audited_seconds "));
        audited.is_some_and(|at| at.parse::<i64>().unwrap() > 0)
    })
    .await;
    testkit::poll_until(limit, async || bank.spend().await.spend == Nanos(40)).await;
    testkit::poll_until(limit, async || {
        bank.log.length(MONEY_STREAM).await.unwrap() == 0
    })
    .await;
    bank.advance(341).await;
    bank.log
        .raise_fence(bank.ledger.now().await.unwrap())
        .await
        .unwrap();
    testkit::poll_until(limit, async || bank.spend().await.reserved == Nanos::ZERO).await;
    trigger.fire();
    tokio::time::timeout(limit, task).await.unwrap().unwrap();
    assert_eq!(bank.figures().await, [40, 0, 960, 0]);
}
