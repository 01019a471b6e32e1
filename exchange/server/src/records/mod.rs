//! Auctions kept as records, so that each can be settled again: those that were won, and a share of all.

mod again;
mod auctions;
mod draft;
mod outcome;
mod seen;
mod written;

pub(crate) use again::settle_again;
pub use again::{Again, AgainError, Unreplayable, again, replay};
pub use auctions::Auctions;
pub use draft::Settled;
pub(crate) use outcome::tier;
pub use outcome::{Asked, Judgement, Lost, Outcome, Paid, Passed, Pod, Replied, Won};
pub use recording::{Difference, FindError};
pub use seen::{Admission, Answer, Forfeit, Said, Seen, SeenSeller, Settings};

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use recording::{Bounds, Counters, Records};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::to_raw_value;
use service::config::{Bytes, ConfigFault, Millis};
use units::AuctionId;

/// A record of an auction as it stands on disk.
pub type Recorded = recording::Recorded<Seen<'static>, Outcome<'static>>;

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
        let off = "auction_records.one_in = 0 and won = false";
        self.bounds().faults("auction_records", off, faults);
    }

    /// Whether an auction is recorded: for its money, or as one of the share.
    pub(crate) fn is_due(&self, auction: AuctionId, has_money: bool) -> bool {
        let [.., a, b, c, d] = *auction.as_bytes();
        let drawn = u64::from(u32::from_be_bytes([a, b, c, d]));
        self.won && has_money || self.one_in != 0 && drawn.is_multiple_of(self.one_in)
    }
}

/// Starts the thread that writes records in `data_dir`; it ends when all who may leave records are gone.
///
/// # Errors
/// The system has no more threads.
pub fn start(
    data_dir: &Path,
    config: &RecordsConfig,
    settings: &Settings,
    metrics: &service::Metrics,
) -> std::io::Result<(Records<Auctions>, JoinHandle<()>)> {
    let counters = Counters::register(
        metrics,
        "gavel_auction_records_total",
        "Auctions to be recorded, by what became of the record.",
    );
    let (records, notes) = Records::new(config.bounds(), counters);
    let thread = notes.write(data_dir, to_raw_value(&json!({"settings": settings}))?)?;
    Ok((records, thread))
}

/// The data directory in `dir` that has records: itself, or the exchange's of `gavel up`.
///
/// # Errors
/// [`FindError::NoRecords`] when neither has.
pub fn folder(dir: &Path) -> Result<PathBuf, FindError> {
    recording::folder::<Auctions>(dir)
}

/// The record of an auction.
///
/// # Errors
/// [`FindError`]: it is not there, or not readable.
pub fn find(data_dir: &Path, id: AuctionId) -> Result<Recorded, FindError> {
    recording::find::<Auctions>(data_dir, id)
}
