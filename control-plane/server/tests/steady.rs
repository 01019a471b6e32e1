//! Ingest that nothing may stop: traffic without an end, entries that no table takes, a log that is full, a
//! Redis that was replaced (money.md, "Close").

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod money;

use std::collections::BTreeSet;

use contracts::event::{
    DELIVERY_STREAM, DeliveryEvent, DeliveryFact, MONEY_STREAM, MoneyEvent, RECORD_STREAM,
};
use contracts::notice::{NoticeKind, SellClaims, SellKind};
use control_plane_server::ingest::{CapEvent, CapStamps, Fence, Ingest, IngestMetrics};
use eventlog::{EventLog, START, Timeouts};
use money::{Bank, bill, notice};
use units::{AuctionId, CpmMicros, Currency, DurationMillis, Nanos, UnixMillis};
use uuid::Uuid;

const NOON: UnixMillis = UnixMillis(1_790_000_000_000);
const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);
const LIMIT: std::time::Duration = std::time::Duration::from_secs(120);

/// An impression of an imp that was delivered at noon.
fn delivered(auction: u128, imp: &str) -> DeliveryEvent {
    DeliveryEvent {
        claims: SellClaims {
            kind: SellKind::Impression,
            auction: AuctionId(Uuid::from_u128(auction)),
            imp: imp.into(),
            ad: 0,
            partner: "rival".into(),
            publisher: "pub".into(),
            placement: "plc".into(),
            price: CpmMicros::CENT,
            currency: Currency::USD,
            gross: Nanos(1_000),
            fee: Nanos(100),
            payout_currency: Currency::USD,
            url: String::new(),
            expires: NOON,
            test: false,
            provisional: false,
            refused: false,
            serves_on_win: false,
            charge: None,
            device: contracts::notice::Device::default(),
        },
        at: NOON,
        fact: DeliveryFact::Happened,
    }
}

/// Nobody's caps are of interest here.
struct NoStamps;

impl CapStamps for NoStamps {
    async fn apply(&self, _: &CapEvent) -> Result<(), String> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn leases_close_and_the_log_is_trimmed_while_events_never_stop() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let grant = bank.lease(100).await;
    bank.append(&bill(&grant, 1, 40)).await;
    let first = bank.log.read_after(MONEY_STREAM, START, 1).await.unwrap();
    let (trigger, shutdown) = service::Shutdown::new();
    // More events than a read can find to be none: the log is never empty, nor are the deliveries.
    let far = grant.settle_by.after(DurationMillis::from_secs(86_400));
    let appenders = (0..2_u64).map(|appender| {
        let (log, lease, shutdown) = (bank.log.clone(), grant.lease, shutdown.clone());
        tokio::spawn(async move {
            let mut number = 1_000 + appender;
            while !shutdown.is_fired() {
                number += 2;
                let event = notice(NoticeKind::Win, lease, far, number, 10);
                let event = MoneyEvent::Notice(Box::new(event));
                let payload = serde_json::to_vec(&event).unwrap();
                let once = format!("win {number}");
                log.append(far, &once, &payload).await.unwrap();
                let delivery = delivered(u128::from(number), "1");
                let payload = serde_json::to_vec(&delivery).unwrap();
                log.append_once(&[DELIVERY_STREAM], &once, MINUTE, &payload)
                    .await
                    .unwrap();
            }
        })
    });
    let appenders: Vec<_> = appenders.collect();
    testkit::poll_until(LIMIT, async || {
        bank.log.length(MONEY_STREAM).await.unwrap() > 1_000
    })
    .await;
    let record = format!(
        r#"{{"id":"{}","request_id":"r","at":1,"outcome":"won","document":{{}}}}"#,
        Uuid::from_u128(1)
    );
    bank.log
        .push(RECORD_STREAM, 1_000, record.as_bytes())
        .await
        .unwrap();
    let ingest = bank.ingest.clone();
    let task = tokio::spawn(async move {
        control_plane_server::ingest::run(&ingest, &NoStamps, &shutdown).await;
    });
    testkit::poll_until(LIMIT, async || {
        let oldest = bank.log.read_after(MONEY_STREAM, START, 1).await.unwrap();
        oldest != first
    })
    .await;
    bank.advance(341).await;
    let now = bank.ledger.now().await.unwrap();
    bank.log.raise_fence(now).await.unwrap();
    testkit::poll_until(LIMIT, async || bank.spend().await.reserved == Nanos::ZERO).await;
    testkit::poll_until(LIMIT, async || {
        bank.number("SELECT count(*) FROM auctions").await == 1
    })
    .await;
    assert!(!appenders.iter().any(tokio::task::JoinHandle::is_finished));
    trigger.fire();
    for appender in appenders {
        appender.await.unwrap();
    }
    tokio::time::timeout(LIMIT, task).await.unwrap().unwrap();
    assert_eq!(bank.figures().await, [40, 0, 960, 0]);
}

/// Text that no compression makes shorter.
fn incompressible(length: usize) -> String {
    let letters = service::clock::random_bytes::<3_000>();
    let letters = letters.iter().map(|byte| char::from(b'!' + byte % 90));
    letters.take(length).collect()
}

#[tokio::test]
async fn a_delivery_with_an_imp_id_of_3000_random_bytes_is_quarantined_and_the_next_is_applied() {
    let bank = Bank::open().await;
    let long = incompressible(3_000);
    let mut clicked = delivered(2, &long);
    clicked.claims.kind = SellKind::Click;
    let events = [
        delivered(1, "1"),
        delivered(2, &long),
        delivered(3, "1"),
        clicked,
        delivered(4, "1"),
    ];
    for (number, event) in events.iter().enumerate() {
        let payload = serde_json::to_vec(event).unwrap();
        let once = number.to_string();
        bank.log
            .append_once(&[DELIVERY_STREAM], &once, MINUTE, &payload)
            .await
            .unwrap();
    }
    while bank.ingest.apply_deliveries().await.unwrap() > 0 {}
    assert_eq!(bank.number("SELECT count(*) FROM deliveries").await, 3);
    assert_eq!(bank.number("SELECT count(*) FROM quarantine").await, 2);
}

#[tokio::test]
async fn a_record_with_a_request_id_of_3000_random_bytes_is_kept_and_found() {
    let bank = Bank::open().await;
    let long = incompressible(3_000);
    for (id, request) in [(1, long.as_str()), (2, "2")] {
        let record = serde_json::json!({
            "id": Uuid::from_u128(id), "request_id": request, "at": 1, "outcome": "won", "document": {"id": id},
        });
        let payload = serde_json::to_vec(&record).unwrap();
        bank.log.push(RECORD_STREAM, 1_000, &payload).await.unwrap();
    }
    while bank.ingest.apply_records().await.unwrap() > 0 {}
    for (request, document) in [(long.as_str(), r#"{"id":1}"#), ("2", r#"{"id":2}"#)] {
        let found = bank.ledger.auction_of_request(request).await.unwrap();
        assert_eq!(found.as_deref(), Some(document));
    }
    assert_eq!(bank.number("SELECT count(*) FROM quarantine").await, 0);
}

#[tokio::test]
async fn a_stand_counts_only_while_the_log_can_be_written() {
    let bank = Bank::open().await;
    let stores = testkit::PrivateStores::start();
    let url = stores.embedded().events_redis_url();
    let log = EventLog::connect(url, Timeouts::default()).unwrap();
    let metrics = IngestMetrics::new(&service::Metrics::new());
    let ingest = Ingest::new(bank.ledger.clone(), log, metrics, BTreeSet::new());
    let mut redis = redis::Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap();
    let mut limit_memory_to = async |bytes: u64| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("maxmemory").arg(bytes);
        command.exec_async(&mut redis).await.unwrap();
    };
    let mut fence = Fence::default();
    for _ in 0..6 {
        assert_eq!(ingest.raise_fence(&mut fence).await.unwrap(), None);
        bank.advance(5).await;
    }
    limit_memory_to(1).await;
    let full = ingest.raise_fence(&mut fence).await;
    assert!(full.is_err(), "a read is answered, a write is not");
    bank.advance(5).await;
    limit_memory_to(0).await;
    for _ in 0..12 {
        let raised = ingest.raise_fence(&mut fence).await.unwrap();
        assert_eq!(raised, None, "60 s from when it can be written");
        bank.advance(5).await;
    }
    let raised = ingest.raise_fence(&mut fence).await.unwrap();
    assert!(raised.is_some());
}

#[tokio::test]
async fn a_stream_that_ends_before_the_position_is_read_from_its_start() {
    let bank = Bank::open().await;
    bank.budget(1_000, None).await;
    let grant = bank.lease(100).await;
    bank.append(&bill(&grant, 1, 40)).await;
    bank.settle().await;
    // As a Redis leaves it that was replaced by one whose clock is behind.
    bank.run("UPDATE log_positions SET position = '9000000000000-5'")
        .await;
    bank.append(&bill(&grant, 2, 30)).await;
    assert_eq!(bank.ingest.apply_money().await.unwrap(), 0);
    bank.settle().await;
    assert_eq!(bank.figures().await, [70, 30, 900, 0]);
    // One that is empty, and never held anything.
    bank.run("INSERT INTO log_positions (stream, position) VALUES ('gavel:delivery:{0}', '9000000000000-5')")
        .await;
    assert_eq!(bank.ingest.apply_deliveries().await.unwrap(), 0);
    let event = serde_json::to_vec(&delivered(1, "1")).unwrap();
    bank.log
        .append_once(&[DELIVERY_STREAM], "1", MINUTE, &event)
        .await
        .unwrap();
    assert_eq!(bank.ingest.apply_deliveries().await.unwrap(), 1);
}
