//! Decisions kept as records, so that each can be made again: a share of all, and those that are asked for.

mod again;
mod decisions;
mod draft;

pub use again::{Again, AgainError, again};
pub use decisions::Decisions;
pub use recording::{Difference, FindError};

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use bidder_core::record::{Outcome, Seen};
use recording::{Bounds, Counters};
use serde::Deserialize;
use serde_json::value::RawValue;
use service::config::{Bytes, ConfigFault, Millis};
use units::AuctionId;

pub(crate) use draft::{Asked, Record, Refusal, Unsent};

/// A record of a decision as it stands on disk.
pub type Recorded = recording::Recorded<Seen, Outcome>;

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
    const fn bounds(&self) -> Bounds {
        Bounds {
            queue: self.queue,
            longest: self.longest.0,
            file: self.file.0,
            most: self.most.0,
            keep: self.keep.0,
        }
    }

    /// What no type can say.
    pub(crate) fn faults(&self, faults: &mut Vec<ConfigFault>) {
        self.bounds()
            .faults("records", "records.one_in = 0", faults);
    }

    /// Whether the decision with this seed is one of the share.
    pub(crate) const fn is_due(&self, seed: u128) -> bool {
        self.one_in != 0 && seed.is_multiple_of(self.one_in as u128)
    }
}

/// The counters of records.
pub(crate) fn counters(metrics: &service::Metrics) -> Counters {
    Counters::register(
        metrics,
        "gavel_decision_records_total",
        "Decisions to be recorded, by what became of the record.",
    )
}

/// Where workers leave their records.
#[derive(Debug)]
pub(crate) struct Records(recording::Records<Decisions>);

/// The other end: to be given to the thread.
pub(crate) struct Notes(recording::Notes<Decisions>);

impl Records {
    pub(crate) fn new(config: &RecordsConfig, counters: Counters) -> (Self, Notes) {
        let (records, notes) = recording::Records::new(config.bounds(), counters);
        (Self(records), Notes(notes))
    }

    /// Leaves a record; dropped and counted when the thread is behind.
    pub(crate) fn keep(&self, record: &Record) {
        let draft = recording::Draft {
            id: record.seen.auction,
            seen: recording::Serialized(&record.seen),
            outcome: recording::Serialized(&record.outcome),
            bodies: &[],
        };
        self.0.keep(record.seen.catalog, &draft);
    }

    /// Keeps the copy of a catalog that is about to be replaced, for the records that refer to it.
    pub(crate) fn keep_catalog(&self, data_dir: &Path, version: u64) {
        if let Err(error) = decisions::keep_catalog(data_dir, version) {
            tracing::warn!(%error, version, "the catalog's copy is not kept: its decisions cannot be replayed");
        }
        self.0.supersede(version);
    }
}

impl Notes {
    /// Starts the thread; it ends when all who may leave records are gone.
    pub(crate) fn write(self, data_dir: &Path) -> std::io::Result<JoinHandle<()>> {
        self.0.write(data_dir, RawValue::NULL.to_owned())
    }
}

/// The data directory in `dir` that has records: itself, or the bidder's of `gavel up`.
///
/// # Errors
/// [`FindError::NoRecords`] when neither has.
pub fn folder(dir: &Path) -> Result<PathBuf, FindError> {
    recording::folder::<Decisions>(dir)
}

/// The newest record of a decision.
///
/// # Errors
/// [`FindError`]: it is not there, or not readable.
pub fn find(data_dir: &Path, id: AuctionId) -> Result<Recorded, FindError> {
    recording::find::<Decisions>(data_dir, id)
}
