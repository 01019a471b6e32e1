//! Decisions kept as records, so that each can be made again: a share of all, and those that are asked for.
//!
//! A worker hands a record over without waiting; a thread of its own writes it. When the thread is behind,
//! records are dropped and counted, bids are not delayed.

mod again;
mod draft;
mod find;
mod store;
mod writer;

pub use again::{Again, AgainError, Difference, again};
pub use find::{FindError, Recorded, RecordedCatalog, find, folder};

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use serde::Deserialize;
use service::config::{Bytes, ConfigFault, Millis};
use service::metrics::Counter;

pub(crate) use draft::{Asked, Record, Refusal, Unsent};
use writer::Writer;

/// What is recorded, and for how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct RecordsConfig {
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
            faults.push(ConfigFault::in_key("records.queue", why));
        }
        if self.file.0 > self.most.0 {
            let why = "one file must not be larger than records.most";
            faults.push(ConfigFault::in_key("records.file", why));
        }
        if self.keep.0.as_secs() < 60 {
            let why = "must be at least \"1m\": set records.one_in = 0 to keep nothing unasked";
            faults.push(ConfigFault::in_key("records.keep", why));
        }
    }

    /// Whether the decision with this seed is one of the share.
    pub(crate) const fn is_due(&self, seed: u128) -> bool {
        self.one_in != 0 && seed.is_multiple_of(self.one_in as u128)
    }
}

/// What the writing thread is told.
enum Note {
    Decision(Box<Record>),
    /// This version is no longer decided by; its copy was kept.
    Superseded(u64),
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
                "gavel_decision_records_total",
                "Decisions to be recorded, by what became of the record.",
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
#[derive(Debug)]
pub(crate) struct Records {
    notes: SyncSender<Note>,
    counters: RecordCounters,
}

/// The other end: to be given to the thread.
pub(crate) struct Notes(Receiver<Note>);

impl Records {
    pub(crate) fn new(config: &RecordsConfig, counters: RecordCounters) -> (Self, Notes) {
        let (notes, received) = sync_channel(config.queue);
        (Self { notes, counters }, Notes(received))
    }

    /// Hands a record over; dropped and counted when the thread is behind.
    pub(crate) fn keep(&self, record: Record) {
        self.tell(Note::Decision(Box::new(record)));
    }

    /// Keeps the copy of a catalog that is about to be replaced, for the records that refer to it.
    pub(crate) fn keep_catalog(&self, data_dir: &Path, version: u64) {
        if let Err(error) = store::keep_catalog(data_dir, version) {
            tracing::warn!(%error, version, "the catalog's copy is not kept: its decisions cannot be replayed");
        }
        self.tell(Note::Superseded(version));
    }

    fn tell(&self, note: Note) {
        match self.notes.try_send(note) {
            Ok(()) => {}
            Err(TrySendError::Full(note) | TrySendError::Disconnected(note)) => {
                if matches!(note, Note::Decision(_)) {
                    self.counters.dropped.inc();
                }
            }
        }
    }
}

impl Notes {
    /// Starts the thread; it ends when all who may leave records are gone.
    pub(crate) fn write(
        self,
        data_dir: &Path,
        config: &RecordsConfig,
        counters: RecordCounters,
    ) -> std::io::Result<JoinHandle<()>> {
        let mut writer = Writer::new(data_dir, config.clone(), counters);
        std::thread::Builder::new()
            .name("records".into())
            .spawn(move || writer.run(&self.0))
    }
}
