//! A bank of a test's own: a ledger with a clock that the test moves, its event log, its ingest.

#![allow(dead_code, reason = "each test binary uses its part of the bank")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use contracts::catalog::Pacing;
use contracts::event::{MONEY_STREAM, MoneyEvent, NoticeEvent, PriceTold};
use contracts::lease::{Ended, Grant, LeaseAnswer, LeaseAsk, Want};
use contracts::notice::{BillOn, NoticeClaims, NoticeKind};
use control_plane_core::budget::{CampaignBudget, LineBudget};
use control_plane_server::ingest::{Fence, Ingest, IngestMetrics};
use control_plane_server::ledger::{Ledger, Spend};
use deadpool_postgres::{Manager, Pool};
use eventlog::{Appended, EventLog, Timeouts};
use tokio_postgres::NoTls;
use units::{
    AuctionId, BidId, BootId, CpmMicros, Currency, LeaseId, Multiplier, Nanos, ReservationId,
    UnixMillis,
};
use uuid::Uuid;

pub(crate) struct Bank {
    pub(crate) pool: Pool,
    pub(crate) ledger: Ledger,
    pub(crate) log: EventLog,
    pub(crate) ingest: Ingest,
    pub(crate) metrics: service::Metrics,
    pub(crate) events_url: String,
    batches: AtomicU64,
}

/// Ten minutes past the next full hour: no edge is near, and Redis' own clock is not ahead of it.
fn noon() -> i64 {
    let hour = 3_600_000;
    (service::clock::now().0 / hour + 1) * hour + 600_000
}

impl Bank {
    pub(crate) async fn open() -> Self {
        let stores = testkit::stores();
        let database = stores
            .database_from("ledger", async |url: &str| {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
                tokio::spawn(connection);
                for migration in [
                    include_str!("../../migrations/V1__resources.sql"),
                    include_str!("../../migrations/V2__ledger.sql"),
                    include_str!("../../migrations/V3__ingest.sql"),
                    include_str!("../../migrations/V11__prices.sql"),
                    include_str!("../../migrations/V12__creative_hours.sql"),
                    include_str!("../../migrations/V13__arm_counts.sql"),
                    include_str!("../../migrations/V15__reconcile.sql"),
                    include_str!("../../migrations/V24__request_ids.sql"),
                    include_str!("../../migrations/V25__lease_batches.sql"),
                    include_str!("../../migrations/V26__ads.sql"),
                    include_str!("../../migrations/V32__auction_notices.sql"),
                    include_str!("../../migrations/V33__rates_of_amounts.sql"),
                ] {
                    client.batch_execute(migration).await?;
                }
                // The same ledger, by a clock that stands until the test moves it.
                client
                    .batch_execute(
                        "CREATE TABLE test_clock (now bigint NOT NULL);
                         INSERT INTO test_clock VALUES (0);
                         CREATE OR REPLACE FUNCTION ledger_now() RETURNS bigint LANGUAGE sql VOLATILE
                         AS $$ SELECT now FROM test_clock $$;",
                    )
                    .await
            })
            .await;
        let redis = stores.redis().await;
        let config: tokio_postgres::Config = database.url.parse().unwrap();
        let pool = Pool::builder(Manager::new(config, NoTls))
            .max_size(16)
            .build()
            .unwrap();
        let ledger = Ledger::new(pool.clone());
        let log = EventLog::connect(&redis.events_url, Timeouts::default()).unwrap();
        let metrics = service::Metrics::new();
        let ingest = Ingest::new(
            ledger.clone(),
            log.clone(),
            IngestMetrics::new(&metrics),
            BTreeSet::from(["ours".to_owned()]),
        );
        let bank = Self {
            pool,
            ledger,
            log,
            ingest,
            metrics,
            events_url: redis.events_url,
            batches: AtomicU64::new(0),
        };
        bank.run(&format!("UPDATE test_clock SET now = {}", noon()))
            .await;
        bank
    }

    pub(crate) async fn run(&self, sql: &str) {
        let client = self.pool.get().await.unwrap();
        client.batch_execute(sql).await.unwrap();
    }

    pub(crate) async fn refuses(&self, sql: &str) -> String {
        let client = self.pool.get().await.unwrap();
        let fault = client.batch_execute(sql).await.expect_err(sql);
        fault.as_db_error().unwrap().message().to_owned()
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let client = self.pool.get().await.unwrap();
        client.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        let step = seconds * 1_000;
        self.run(&format!("UPDATE test_clock SET now = now + {step}"))
            .await;
    }

    /// Opens or edits the campaign `c` with its line item `l`.
    pub(crate) async fn budget(&self, total: i64, daily: Option<i64>) {
        self.edit(&budget(total, daily)).await;
    }

    pub(crate) async fn edit(&self, budget: &CampaignBudget) {
        let mut client = self.pool.get().await.unwrap();
        let tx = client.transaction().await.unwrap();
        Ledger::set_budget(&tx, budget).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The number of the next batch.
    pub(crate) fn batch(&self) -> u64 {
        self.batches.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) async fn ask(&self, bidder: u128, amount: i64) -> LeaseAnswer {
        self.ledger
            .grant(&ask(bidder, self.batch(), amount))
            .await
            .unwrap()
    }

    /// A lease of the first bidder over `amount` of `l`.
    pub(crate) async fn lease(&self, amount: i64) -> Grant {
        let answer = self.ask(1, amount).await;
        assert_eq!(answer.refusals, []);
        answer.grants.into_iter().next().unwrap()
    }

    pub(crate) async fn end(&self, grant: &Grant, committed: i64) {
        let ask = LeaseAsk {
            ended: vec![Ended {
                lease: grant.lease,
                committed: Nanos(committed),
            }],
            wants: Vec::new(),
            ..ask(1, self.batch(), 0)
        };
        self.ledger.grant(&ask).await.unwrap();
    }

    pub(crate) async fn append(&self, event: &NoticeEvent) -> Appended {
        let id = event.claims.reservation;
        let once = format!("{}:{}:{:?}", id.lease, id.seq, event.claims.kind);
        self.append_as(event, &once).await
    }

    /// Past the log's own filter of repetitions, as after its keys were lost.
    pub(crate) async fn append_as(&self, event: &NoticeEvent, once: &str) -> Appended {
        let payload = serde_json::to_vec(&MoneyEvent::Notice(Box::new(event.clone()))).unwrap();
        self.log
            .append(event.claims.settle_by, once, &payload)
            .await
            .unwrap()
    }

    /// Applies all that is on the money log.
    pub(crate) async fn settle(&self) {
        while self.ingest.apply_money().await.unwrap() > 0 {}
        self.ingest.trim(MONEY_STREAM).await.unwrap();
    }

    /// Raises the fence to the ledger's clock, applies the marker and closes what is due.
    pub(crate) async fn close(&self) -> usize {
        let now = self.ledger.now().await.unwrap();
        self.log.raise_fence(now).await.unwrap();
        self.settle().await;
        let mut closed = 0;
        loop {
            match self.ledger.close_due().await.unwrap() {
                0 => return closed,
                more => closed += more,
            }
        }
    }

    pub(crate) async fn raise(&self, fence: &mut Fence) -> Option<UnixMillis> {
        self.ingest.raise_fence(fence).await.unwrap()
    }

    pub(crate) async fn spend(&self) -> Spend {
        self.ledger.spend("c").await.unwrap().unwrap()
    }

    /// Spend, reserved, remaining, late_unfunded; the invariants hold.
    pub(crate) async fn figures(&self) -> [i64; 4] {
        let spend = self.spend().await;
        assert_eq!(
            spend.budget,
            spend.spend + spend.reserved + spend.remaining,
            "budget = spend + reserved + remaining"
        );
        assert_eq!(self.ledger.imbalance().await.unwrap(), Nanos::ZERO, "R12");
        [
            spend.spend.0,
            spend.reserved.0,
            spend.remaining.0,
            spend.late_unfunded.0,
        ]
    }
}

pub(crate) fn budget(total: i64, daily: Option<i64>) -> CampaignBudget {
    CampaignBudget {
        campaign: "c".into(),
        advertiser: "a".into(),
        currency: Currency::USD,
        time_zone: "UTC".into(),
        active: true,
        budget: Nanos(total),
        daily_budget: daily.map(Nanos),
        lines: vec![LineBudget {
            line_item: "l".into(),
            active: true,
            epoch: 1,
            starts_at: UnixMillis(0),
            ends_at: None,
            pacing: Pacing::Asap,
            budget: None,
            max_impression: Nanos(1),
            reservation_life_s: 300,
        }],
    }
}

pub(crate) fn ask(bidder: u128, batch: u64, amount: i64) -> LeaseAsk {
    LeaseAsk {
        bidder: format!("bidder-{bidder}").into(),
        boot: BootId(Uuid::from_u128(bidder)),
        batch,
        wants: vec![Want {
            line_item: "l".into(),
            amount: Nanos(amount),
        }],
        ended: Vec::new(),
        tallies: Vec::new(),
    }
}

/// A billing notice over a reservation of a lease, with the bid's own price as the maximum.
pub(crate) fn bill(grant: &Grant, seq: u64, price: i64) -> NoticeEvent {
    notice(NoticeKind::Bill, grant.lease, grant.settle_by, seq, price)
}

pub(crate) fn told(kind: NoticeKind, grant: &Grant, seq: u64, price: i64) -> NoticeEvent {
    notice(kind, grant.lease, grant.settle_by, seq, price)
}

pub(crate) fn notice(
    kind: NoticeKind,
    lease: LeaseId,
    settle_by: UnixMillis,
    seq: u64,
    price: i64,
) -> NoticeEvent {
    let price = CpmMicros::new(price).unwrap();
    NoticeEvent {
        claims: NoticeClaims {
            kind,
            reservation: ReservationId { lease, seq },
            bid: BidId(Uuid::from_u128(lease.0.as_u128() ^ u128::from(seq))),
            source: "ours".into(),
            bill_on: BillOn::Burl,
            campaign: "c".into(),
            line_item: "l".into(),
            creative: "crt".into(),
            auction: AuctionId(Uuid::from_u128(u128::from(seq))),
            imp: "1".into(),
            max_cost: price.per_impression(),
            price,
            currency: Currency::USD,
            rate_id: 1,
            rate_from: 1_000_000_000,
            rate_to: 1_000_000_000,
            quantity: Multiplier::ONE,
            settle_by,
            test: false,
            user: None,
            arm: None,
        },
        price: PriceTold::Clearing { price },
        loss: None,
        at: settle_by,
    }
}
