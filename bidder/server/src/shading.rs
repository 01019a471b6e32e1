//! Shading in this process: minimums to win are heard by all workers, learned by one, once a second.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bidder_core::shading::{MinimumToWin, Policy, SavedTable, ShadingTable, ShadingView};
use serde::Deserialize;
use service::Shutdown;
use service::config::{ConfigFault, Millis};
use units::Probability;

use crate::shared::Shared;

/// How shading learns, and how far it goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct ShadingConfig {
    pub scopes: usize,
    pub samples: u64,
    pub half_life: Millis,
    pub keep_wins: String,
    pub explore: String,
    pub queue: usize,
    pub save: Millis,
}

/// Most scopes that may be told apart: about 1.4 KiB each.
const MOST_SCOPES: usize = 1_000_000;
const MOST_QUEUED: usize = 1_000_000;

impl ShadingConfig {
    /// What no type can say.
    pub(crate) fn faults(&self, faults: &mut Vec<ConfigFault>) {
        let mut check = |fits: bool, key: &str, why: &str| {
            if !fits {
                faults.push(ConfigFault::in_key(&format!("shading.{key}"), why));
            }
        };
        let share = |text: &str| Probability::parse(text).is_ok();
        check(
            self.scopes <= MOST_SCOPES,
            "scopes",
            "expected at most 1000000",
        );
        check(
            self.queue <= MOST_QUEUED,
            "queue",
            "expected at most 1000000",
        );
        let why = "must be 1m or longer";
        check(
            self.half_life.0 >= Duration::from_secs(60),
            "half_life",
            why,
        );
        let why = "must be 1s or longer";
        check(self.save.0 >= Duration::from_secs(1), "save", why);
        let why = "expected a share from 0 to 1, such as \"0.8\"";
        check(share(&self.keep_wins), "keep_wins", why);
        check(share(&self.explore), "explore", why);
    }

    fn policy(&self) -> Policy {
        let share = |text| Probability::parse(text).unwrap_or_default();
        Policy {
            scopes: self.scopes,
            samples: self.samples,
            half_life_ms: i64::try_from(self.half_life.0.as_millis()).unwrap_or(i64::MAX),
            keep_wins: share(&self.keep_wins),
            explore: share(&self.explore),
        }
    }
}

/// What all workers share of it.
pub(crate) struct Shading {
    /// What bids are lowered by; swapped whole.
    pub(crate) view: ArcSwap<ShadingView>,
    heard: Mutex<Vec<MinimumToWin>>,
}

impl Shading {
    pub(crate) fn new(config: &ShadingConfig) -> Self {
        Self {
            view: ArcSwap::from_pointee(ShadingView::empty(config.policy())),
            heard: Mutex::default(),
        }
    }

    /// Queues what a seller told; `false` when the queue is full, and it is not learned.
    pub(crate) fn hear(&self, told: MinimumToWin, most: usize) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let room = heard.len() < most;
        if room {
            heard.push(told);
        }
        room
    }

    fn take(&self) -> Vec<MinimumToWin> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *heard)
    }
}

const LEARN_EVERY: Duration = Duration::from_secs(1);

/// Learns until `shutdown`; goes on from the copy on disk, and keeps it.
pub(crate) async fn learn(shared: &Shared, shutdown: &Shutdown) {
    let config = &shared.config.shading;
    let path = shared.config.data_dir.join("shading.json");
    let mut table = ShadingTable::restore(config.policy(), &read(&path));
    let mut kept = Kept {
        path,
        saved_at: Instant::now(),
        changed: false,
    };
    show(shared, &table);
    loop {
        let last = tokio::select! {
            () = shutdown.fired() => true,
            () = tokio::time::sleep(LEARN_EVERY) => false,
        };
        let heard = shared.shading.take();
        if !heard.is_empty() {
            let now = service::clock::now();
            heard.iter().for_each(|told| table.observe(told, now));
            kept.changed = true;
            show(shared, &table);
        }
        if last || kept.saved_at.elapsed() >= config.save.0 {
            kept.save(&table);
        }
        if last {
            return;
        }
    }
}

fn show(shared: &Shared, table: &ShadingTable) {
    shared.shading.view.store(table.view().into());
    let scopes = u32::try_from(table.len()).unwrap_or(u32::MAX);
    shared.metrics.shading_scopes.set_u32(scopes);
}

/// The copy on disk.
struct Kept {
    path: PathBuf,
    saved_at: Instant,
    changed: bool,
}

impl Kept {
    /// Writes the table down if it has changed; the old copy stays until the new one is whole.
    fn save(&mut self, table: &ShadingTable) {
        self.saved_at = Instant::now();
        if !std::mem::take(&mut self.changed) {
            return;
        }
        if let Err(error) = write(&self.path, &table.save()) {
            self.changed = true;
            tracing::warn!(path = %self.path.display(), %error, "what shading learned is not kept");
        }
    }
}

fn write(path: &Path, table: &SavedTable) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let fresh = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(&serde_json::to_vec(table)?)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

/// The copy; nothing where there is none, or none that can be read.
fn read(path: &Path) -> SavedTable {
    let Ok(bytes) = std::fs::read(path) else {
        return SavedTable::default();
    };
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "what shading had learned cannot be read");
        SavedTable::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_read_back_and_a_broken_one_is_nothing() {
        let name = uuid::Uuid::from_bytes(service::clock::random_bytes());
        let path = std::env::temp_dir().join(format!("gavel-shading-{name}"));
        assert_eq!(read(&path), SavedTable::default());
        let saved: SavedTable = serde_json::from_str(
            r#"{"scopes":[{"scope":{"publisher":7},"as_of":1,"heard_at":2,"weights":[[3,4096]]}]}"#,
        )
        .unwrap();
        write(&path, &saved).unwrap();
        assert_eq!(read(&path), saved);
        std::fs::write(&path, "{\"scopes\":[{").unwrap();
        assert_eq!(read(&path), SavedTable::default());
        std::fs::remove_file(&path).unwrap();
    }
}
