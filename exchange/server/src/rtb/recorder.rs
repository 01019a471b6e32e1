//! Auction records on their way out: kept in memory at once, told to the log when sampled, pushed to the
//! stream behind a bounded queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::event::RECORD_STREAM;
use contracts::record::AuctionRecord;
use eventlog::EventLog;
use futures_util::future::try_join_all;
use service::trace::TraceId;
use tokio::sync::mpsc;
use units::AuctionId;

use super::records::Record;
use crate::exchange::Exchange;

/// Takes records from the path; the rest happens on tasks of the same worker.
#[derive(Clone)]
pub(crate) struct Recorder {
    exchange: Arc<Exchange>,
    queue: mpsc::Sender<AuctionId>,
}

impl Recorder {
    /// A recorder with its task. Must be called on a worker's runtime.
    pub(crate) fn start(exchange: &Arc<Exchange>, log: EventLog) -> Self {
        let most = exchange.config.record_queue.max(1);
        let (queue, waiting) = mpsc::channel(most);
        let (stream, payloads) = mpsc::channel(most);
        tokio::task::spawn_local(keep(Arc::clone(exchange), waiting, stream));
        tokio::task::spawn_local(push(Arc::clone(exchange), log, payloads));
        Self {
            exchange: Arc::clone(exchange),
            queue,
        }
    }

    /// Keeps a record, so that whoever has the answer can ask for it, and queues it for the stream; a full
    /// queue drops it there and counts.
    pub(crate) fn record(&self, record: Record) {
        let id = record.id;
        if TraceId(*id.as_bytes()).is_sampled(self.exchange.config.trace_sample_percent) {
            tell(&record);
        }
        self.exchange.records.add(record);
        if self.queue.try_send(id).is_err() {
            self.exchange.metrics.records_dropped.inc();
        }
    }
}

/// While the stream is away records are not queued up behind it: they are dropped for so long.
const AWAY: Duration = Duration::from_secs(1);
/// Pushes under way together: each waits for an fsync, which they share.
const TOGETHER: usize = 64;

/// One line of the log: no user, no address, no token (S12).
fn tell(record: &Record) {
    let winner = record.bids.iter().find(|bid| bid.outcome == "won");
    tracing::info!(
        trace_id = %record.id.0.simple(),
        request_id = record.request_id,
        outcome = record.outcome,
        duration_ms = record.duration_ms,
        bids = record.bids.len(),
        winner = winner.map(|bid| bid.dsp.as_str()),
        "auction"
    );
}

/// Writes records as they come, off the path, and passes their payloads on.
async fn keep(
    exchange: Arc<Exchange>,
    mut waiting: mpsc::Receiver<AuctionId>,
    stream: mpsc::Sender<Vec<u8>>,
) {
    while let Some(id) = waiting.recv().await {
        let payload = exchange.records.with(id, payload).flatten();
        if payload.is_none_or(|payload| stream.try_send(payload).is_err()) {
            exchange.metrics.records_dropped.inc();
        }
    }
}

async fn push(exchange: Arc<Exchange>, log: EventLog, mut waiting: mpsc::Receiver<Vec<u8>>) {
    let most = exchange.config.record_stream;
    let mut away_until = Instant::now();
    let mut batch = Vec::with_capacity(TOGETHER);
    while waiting.recv_many(&mut batch, TOGETHER).await > 0 {
        let count = u64::try_from(batch.len()).unwrap_or(0);
        if Instant::now() < away_until {
            exchange.metrics.records_dropped.add(count);
            batch.clear();
            continue;
        }
        let pushes = batch
            .iter()
            .map(|payload| log.push(RECORD_STREAM, most, payload));
        if let Err(error) = try_join_all(pushes).await {
            tracing::debug!(%error, "records are not pushed");
            exchange.metrics.records_dropped.add(count);
            away_until = Instant::now() + AWAY;
        }
        batch.clear();
    }
}

fn payload(record: &Record) -> Option<Vec<u8>> {
    // The document stands in its place at once: written by itself, it would be read and copied again.
    let record = AuctionRecord {
        id: record.id,
        request_id: record.request_id.clone(),
        at: record.at_millis,
        outcome: record.outcome.to_owned(),
        document: record,
    };
    serde_json::to_vec(&record).ok()
}
