//! Auction records on their way out: kept in memory at once, told to the log when sampled, and pushed to the
//! stream a little later, with the notices that came of them; later notices by themselves.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::event::{NOTICE_STREAM, RECORD_STREAM};
use contracts::record::{AuctionNotices, AuctionRecord};
use eventlog::EventLog;
use futures_util::future::try_join_all;
use service::trace::TraceId;

use super::facts::Facts;
use crate::exchange::Exchange;

/// Takes records from the path.
#[derive(Clone)]
pub(crate) struct Recorder {
    exchange: Arc<Exchange>,
    /// Memory of an auction that is kept no longer.
    spare: Rc<Cell<Option<Box<Facts>>>>,
}

impl Recorder {
    pub(crate) fn new(exchange: &Arc<Exchange>) -> Self {
        Self {
            exchange: Arc::clone(exchange),
            spare: Rc::default(),
        }
    }

    /// Memory for the facts of an auction; what stands in it is of another.
    pub(super) fn memory(&self) -> Box<Facts> {
        self.spare.take().unwrap_or_else(Facts::blank)
    }

    /// Keeps an auction, so that whoever has the answer can ask for its record.
    pub(super) fn record(&self, facts: Box<Facts>) {
        if TraceId(*facts.id.as_bytes()).is_sampled(self.exchange.config.trace_sample_percent) {
            tell(&facts);
        }
        let forgotten = self.exchange.records.add(facts, Instant::now());
        self.spare.set(forgotten);
    }
}

/// How often it is looked for records whose time has come.
const EVERY: Duration = Duration::from_millis(200);
/// While the stream is away records are not queued up behind it: they are dropped for so long.
const AWAY: Duration = Duration::from_secs(1);
/// Pushes under way together: each waits for an fsync, which they share.
const TOGETHER: usize = 64;

/// One line of the log: no user, no address, no token (S12).
fn tell(facts: &Facts) {
    let record = facts.record();
    tracing::info!(
        trace_id = %record.id.0.simple(),
        request_id = record.request_id,
        outcome = record.outcome,
        duration_ms = record.duration_ms,
        bids = record.bids.len(),
        winner = record.first_won().map(|bid| bid.dsp),
        "auction"
    );
}

/// Pushes records as their time comes. Runs on one worker, without an end.
pub(crate) async fn tell_records(exchange: Arc<Exchange>, log: EventLog) {
    loop {
        let due = exchange.records.due(Some(Instant::now()), TOGETHER);
        push_late(&exchange, &log).await;
        if due.is_empty() {
            tokio::time::sleep(EVERY).await;
        } else if !push(&exchange, &log, &due).await {
            tokio::time::sleep(AWAY).await;
        }
    }
}

/// Pushes what is left when the last auction is over.
pub(crate) async fn tell_last_records(exchange: &Exchange, log: &EventLog) {
    push_late(exchange, log).await;
    loop {
        let due = exchange.records.due(None, TOGETHER);
        if due.is_empty() || !push(exchange, log, &due).await {
            return;
        }
    }
}

/// Whether the stream took them; else they are dropped and counted.
async fn push(exchange: &Exchange, log: &EventLog, records: &[Facts]) -> bool {
    let most = exchange.config.record_stream;
    let payloads: Vec<Vec<u8>> = records.iter().filter_map(payload).collect();
    let pushes = payloads
        .iter()
        .map(|payload| log.push(RECORD_STREAM, most, payload));
    let pushed = try_join_all(pushes).await;
    if let Err(error) = &pushed {
        tracing::debug!(%error, "records are not pushed");
        let count = u64::try_from(records.len()).unwrap_or(0);
        exchange.metrics.records_dropped.add(count);
    }
    pushed.is_ok()
}

fn payload(facts: &Facts) -> Option<Vec<u8>> {
    let record = facts.record();
    // The document stands in its place at once: written by itself, it would be read and copied again.
    let record = AuctionRecord {
        id: record.id,
        request_id: record.request_id.to_owned(),
        at: record.at,
        outcome: record.outcome.to_owned(),
        document: record,
    };
    serde_json::to_vec(&record).ok()
}

/// How many notices are told at once.
const NOTICES_AT_ONCE: usize = 512;

/// Pushes notices that came too late for their record; what the stream does not take is dropped and counted.
async fn push_late(exchange: &Exchange, log: &EventLog) {
    let most = exchange.config.record_stream;
    let late = exchange.records.take_late();
    let mut dropped = late.dropped;
    for notices in late.notices.chunks(NOTICES_AT_ONCE) {
        let batch = AuctionNotices {
            notices: notices.to_vec(),
        };
        let payload = serde_json::to_vec(&batch).unwrap_or_default();
        if let Err(error) = log.push(NOTICE_STREAM, most, &payload).await {
            tracing::debug!(%error, "notices of auctions are not pushed");
            dropped += u64::try_from(notices.len()).unwrap_or(0);
        }
    }
    exchange.metrics.records_dropped.add(dropped);
}
