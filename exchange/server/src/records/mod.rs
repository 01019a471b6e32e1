//! Auctions kept as records, so that each can be settled again: those that were won, and a share of all.
//!
//! A worker hands a record over without waiting; a thread of its own writes it. When the thread is behind,
//! records are dropped and counted, answers are not delayed.

mod again;
mod find;
mod seen;
mod store;
mod writer;

pub use again::{Again, AgainError, Difference, again};
pub use find::{FindError, Recorded, RecordedCatalog, find, folder};
pub use seen::{
    Admission, Answer, Asked, Judgement, Lost, Outcome, Passed, Replied, Said, Seen, SeenSeller,
    Settings, Unreplayable, Won, replay,
};

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use bytes::Bytes as Body;
use serde::Deserialize;
use service::config::{Bytes, ConfigFault, Millis};
use service::metrics::Counter;
use units::AuctionId;

use crate::exchange::InForce;
use writer::Writer;

/// What is recorded, and for how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct RecordsConfig {
    pub won: bool,
    pub one_in: u64,
    pub queue: usize,
    pub longest: Bytes,
    pub file: Bytes,
    pub most: Bytes,
    pub keep: Millis,
}

impl RecordsConfig {
    /// What no type can say.
    pub(crate) fn faults(&self, faults: &mut Vec<ConfigFault>) {
        if self.queue == 0 || self.queue > 100_000 {
            let why = "expected 1 to 100000 records";
            faults.push(ConfigFault::in_key("auction_records.queue", why));
        }
        if self.file.0 > self.most.0 {
            let why = "one file must not be larger than auction_records.most";
            faults.push(ConfigFault::in_key("auction_records.file", why));
        }
        if self.keep.0.as_secs() < 60 {
            let why = "must be at least \"1m\": set auction_records.one_in = 0 and won = false to keep nothing";
            faults.push(ConfigFault::in_key("auction_records.keep", why));
        }
    }

    /// Whether an auction is recorded: for its money, or as one of the share.
    pub(crate) fn is_due(&self, auction: AuctionId, has_money: bool) -> bool {
        let [.., a, b, c, d] = *auction.as_bytes();
        let drawn = u64::from(u32::from_be_bytes([a, b, c, d]));
        self.won && has_money || self.one_in != 0 && drawn.is_multiple_of(self.one_in)
    }
}

/// One auction on its way to disk.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) seen: Seen,
    pub(crate) outcome: Outcome,
    /// What was sent, to be digested by the thread.
    pub(crate) bodies: Vec<Body>,
    pub(crate) in_force: Arc<InForce>,
}

/// Counters of records, by what became of them.
#[derive(Debug, Clone)]
pub(crate) struct RecordCounters {
    written: Counter,
    dropped: Counter,
    failed: Counter,
}

impl RecordCounters {
    pub(crate) fn register(metrics: &service::Metrics) -> Self {
        let outcome = |outcome| {
            metrics.counter(
                "gavel_auction_records_total",
                "Auctions to be recorded, by what became of the record.",
                &[("outcome", outcome)],
            )
        };
        Self {
            written: outcome("written"),
            dropped: outcome("dropped"),
            failed: outcome("failed"),
        }
    }
}

/// Where workers leave their records.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    drafts: SyncSender<Box<Draft>>,
    counters: RecordCounters,
}

impl Recording {
    /// Starts the thread that writes; it ends when all who may leave records are gone.
    ///
    /// # Errors
    /// The system has no more threads.
    pub(crate) fn start(
        data_dir: &Path,
        config: &RecordsConfig,
        metrics: &service::Metrics,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (drafts, received): (_, Receiver<Box<Draft>>) = sync_channel(config.queue);
        let counters = RecordCounters::register(metrics);
        let mut writer = Writer::new(data_dir, config.clone(), counters.clone());
        let thread = std::thread::Builder::new()
            .name("records".into())
            .spawn(move || writer.run(&received))?;
        Ok((Self { drafts, counters }, thread))
    }

    /// Hands a record over; dropped and counted when the thread is behind.
    pub(crate) fn keep(&self, draft: Draft) {
        if self.drafts.try_send(Box::new(draft)).is_err() {
            self.counters.dropped.inc();
        }
    }
}
