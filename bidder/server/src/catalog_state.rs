//! What is known of the catalog in force: its version, its age, what was left out of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwap;
use contracts::catalog::Quarantined;
use service::DependencyHandle;

use crate::config::Config;
use crate::metrics::Metrics;

/// No catalog was ever confirmed.
const NEVER: i64 = i64::MIN;

/// Written by whoever follows the catalog, read by health and statistics.
pub(crate) struct CatalogState {
    pub(crate) version: AtomicU64,
    pub(crate) quarantined: ArcSwap<Vec<Quarantined>>,
    /// When the publisher last said that this is the newest, in Unix milliseconds.
    confirmed_at: AtomicI64,
}

impl CatalogState {
    pub(crate) fn new() -> Self {
        Self {
            version: AtomicU64::new(0),
            quarantined: ArcSwap::new(Arc::default()),
            confirmed_at: AtomicI64::new(NEVER),
        }
    }

    /// The publisher confirmed it so long ago.
    pub(crate) fn confirmed(&self, ago: Duration) {
        let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
        let at = service::clock::now().0.saturating_sub(ago);
        self.confirmed_at.store(at, Relaxed);
    }

    /// Since the publisher last confirmed it; none before the first one.
    pub(crate) fn age(&self) -> Option<Duration> {
        let at = self.confirmed_at.load(Relaxed);
        let age = service::clock::now().0.saturating_sub(at).max(0);
        (at != NEVER).then(|| Duration::from_millis(age.unsigned_abs()))
    }

    /// Shows version and age, once a second.
    pub(crate) fn show(&self, config: &Config, metrics: &Metrics, health: &DependencyHandle) {
        let Some(age) = self.age() else {
            health.set_down(
                "no catalog yet: is the control plane up, and its URL and service token right?",
            );
            return;
        };
        metrics.catalog_age.set(age.as_secs_f64());
        let version = self.version.load(Relaxed);
        health.tell(format!(
            "version {version}, confirmed {} s ago",
            age.as_secs()
        ));
        if age > config.catalog_old_after.0 {
            let limit = config.catalog_old_after;
            health.set_down(format!("not confirmed for longer than {limit}"));
        } else {
            health.set_up();
        }
    }
}
