//! The catalog: followed by long poll, kept on disk, prepared aside, swapped whole.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bidder_core::market::{Making, Market};
use contracts::access::CATALOG_PATH;
use contracts::catalog::{List, Parts, Quarantined, SourceTerms};
use service::feed::{Event, Feed, Origin, poll};
use service::{Ops, Shutdown};

use crate::shared::Shared;

/// Name of the last good catalog's copy in the data directory.
pub(crate) const COPY: &str = "catalog.json";
/// How long the control plane may hold a poll.
const WAIT: Duration = Duration::from_secs(25);
/// Records left out that the log tells one by one; `/campaigns` has them all.
const TOLD: usize = 20;

/// Follows the catalog until `shutdown`. Without the control plane the copy on disk is used.
pub(crate) async fn follow(shared: &Arc<Shared>, ops: &Ops, shutdown: &Shutdown) {
    let control_plane = ops.health.dependency("control_plane");
    let config = &shared.config;
    let feed = Feed {
        url: format!(
            "{}{CATALOG_PATH}",
            config.control_plane_url.trim_end_matches('/')
        ),
        token: config.service_token.expose().to_owned(),
        copy: Some(config.data_dir.join(COPY)),
        copy_max_age: config.catalog_max_age.0,
        wait: WAIT,
    };
    let preparing = Arc::clone(shared);
    let read = move |json: &[u8]| {
        let prepared = Prepared::read(&preparing, json)?;
        Ok((prepared.market.version, prepared))
    };
    let confirmed_now = || shared.catalog.confirmed(Duration::ZERO);
    let on_event = |event| match event {
        Event::Value(prepared, origin) => {
            // The copy on disk is still the last one's: the feed writes the new one after this.
            if let Some(last) = shared.market.load().as_ref() {
                shared.records.keep_catalog(&config.data_dir, last.version);
            }
            match origin {
                Origin::Publisher => {
                    confirmed_now();
                    control_plane.set_up();
                }
                Origin::Disk(age) => shared.catalog.confirmed(age),
            }
            let version = put_in_force(shared, ops, prepared);
            tracing::info!(version, ?origin, "catalog loaded");
        }
        Event::Unchanged => {
            confirmed_now();
            control_plane.set_up();
        }
        Event::Failed(error) => control_plane.set_down(error.to_string()),
        Event::CopyRefused(fault) => {
            tracing::error!(%fault, "starting without a catalog: not ready until the control plane answers");
        }
    };
    poll(&feed, shutdown, read, on_event).await;
}

/// Prepares the catalog in force again, from its copy on disk: other shared lists are here. False when that
/// copy is not there, or of another version.
pub(crate) async fn prepare_again(shared: &Arc<Shared>, ops: &Ops) -> bool {
    let preparing = Arc::clone(shared);
    let path = shared.config.data_dir.join(COPY);
    let prepared = tokio::task::spawn_blocking(move || {
        let json = service::feed::copied(&path)?;
        Prepared::read(&preparing, &json).ok()
    });
    let Ok(Some(prepared)) = prepared.await else {
        return false;
    };
    let is_newest = prepared.market.version == shared.catalog.version.load(Relaxed);
    if is_newest {
        put_in_force(shared, ops, prepared);
    }
    is_newest
}

/// A catalog made ready for deciding, away from whoever decides.
pub(crate) struct Prepared {
    market: Market,
    quarantined: Vec<Quarantined>,
    /// Shared lists that it names.
    lists: Vec<List>,
    /// Whose bid requests are answered.
    sources: Vec<SourceTerms>,
}

impl Prepared {
    /// Record by record: a large catalog is never in memory as a whole.
    fn read(shared: &Shared, json: &[u8]) -> Result<Self, serde_json::Error> {
        let mut parts = Parts::of(json)?;
        let mut quarantined = std::mem::take(&mut parts.quarantined);
        let lists = shared.lists.here.load_full();
        let count = parts.line_item_count();
        let mut making = Making::new(&parts.rest, &lists, &shared.leases, count);
        for creative in parts.creatives() {
            match creative {
                Ok(creative) => making.creative(creative),
                Err(left_out) => quarantined.push(left_out),
            }
        }
        for line_item in parts.line_items() {
            match line_item {
                Ok(line_item) => making.line_item(line_item),
                Err(left_out) => quarantined.push(left_out),
            }
        }
        let market = making.finish(&shared.base);
        Ok(Self {
            market,
            quarantined,
            lists: parts.rest.lists,
            sources: parts.rest.sources,
        })
    }
}

/// Changes to a catalog, which everybody decides by from here on; its version.
fn put_in_force(shared: &Arc<Shared>, ops: &Ops, prepared: Prepared) -> u64 {
    let Prepared {
        market,
        quarantined,
        lists,
        sources,
    } = prepared;
    shared.sources.rule(&sources);
    // Leases of older epochs, and of what is gone, end before the new catalog bids.
    shared
        .leases
        .loaded(market.items.iter().map(|it| (&it.id, it.epoch)));
    tell_left_out(&market, &quarantined);
    let metrics = &shared.metrics;
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    metrics
        .catalog_version
        .set_i64(i64::try_from(market.version).unwrap_or(i64::MAX));
    metrics.line_items.set_u32(count(market.items.len()));
    metrics.left_out.set_u32(count(market.left_out.len()));
    metrics.quarantined.set_u32(count(quarantined.len()));
    let version = market.version;
    shared.catalog.version.store(version, Relaxed);
    shared.catalog.quarantined.store(Arc::new(quarantined));
    let before = shared.market.swap(Some(Arc::new(market)));
    shared.lists.want(lists);
    // Whoever sees that it is ready sees the catalog, too.
    let health = ops.health.dependency("catalog");
    shared
        .catalog
        .show(&shared.config, &shared.metrics, &health);
    ops.health.set_ready(true);
    shared.ask_now.notify_one();
    retire(before);
    version
}

fn tell_left_out(market: &Market, quarantined: &[Quarantined]) {
    for record in quarantined.iter().take(TOLD) {
        tracing::warn!(
            list = record.list,
            id = record.id,
            why = record.why,
            "record left out of the catalog"
        );
    }
    for left_out in market.left_out.iter().take(TOLD) {
        tracing::warn!(
            line_item = left_out.line_item.as_str(),
            why = left_out.why,
            "line item left out"
        );
    }
    let all = quarantined.len() + market.left_out.len();
    if all > TOLD {
        tracing::warn!(all, "records left out in all; /campaigns names them");
    }
}

/// Frees what was in force before on a thread that serves nobody: of a large catalog that takes
/// milliseconds, and the last to let go of it would be a worker.
fn retire(market: Option<Arc<Market>>) {
    const STEP: Duration = Duration::from_millis(20);
    const STEPS: u32 = 500;
    let Some(market) = market else { return };
    let waiting = move || {
        for _ in 0..STEPS {
            if Arc::strong_count(&market) == 1 {
                return;
            }
            std::thread::sleep(STEP);
        }
    };
    drop(tokio::task::spawn_blocking(waiting));
}
