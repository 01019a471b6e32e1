//! The catalog: followed by long poll, kept on disk, prepared aside, swapped whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bidder_core::market::Market;
use contracts::access::CATALOG_PATH;
use contracts::catalog::Catalog;
use service::feed::{Event, Feed, poll};
use service::{Ops, Shutdown};

use crate::shared::Shared;

/// Name of the last good catalog's copy in the data directory.
pub(crate) const COPY: &str = "catalog.json";
/// How long the control plane may hold a poll.
const WAIT: Duration = Duration::from_secs(25);

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
        wait: WAIT,
    };
    let mut confirmed = Instant::now();
    let polling = poll(
        &feed,
        shutdown,
        |catalog: &Catalog| catalog.version,
        |event| match event {
            Event::Value(catalog, origin) => {
                // The copy on disk is still the last one's: the feed writes the new one after this.
                if let Some(last) = shared.market.load().as_ref() {
                    shared.records.keep_catalog(&config.data_dir, last.version);
                }
                load(shared, ops, &catalog);
                if origin == service::feed::Origin::Publisher {
                    confirmed = Instant::now();
                    control_plane.set_up();
                }
                tracing::info!(version = catalog.version, ?origin, "catalog loaded");
            }
            Event::Unchanged => {
                confirmed = Instant::now();
                control_plane.set_up();
            }
            Event::Failed(error) => {
                let age = confirmed.elapsed();
                shared.metrics.catalog_age.set(age.as_secs_f64());
                control_plane.set_down(error.to_string());
            }
        },
    );
    polling.await;
}

/// Prepares a catalog and puts it in force.
pub(crate) fn load(shared: &Arc<Shared>, ops: &Ops, catalog: &Catalog) {
    let market = Market::build(catalog, &shared.leases, &shared.base);
    // Leases of older epochs, and of what is gone, end before the new catalog bids.
    let epochs = catalog.line_items.iter().map(|it| (&it.id, it.epoch));
    let known: std::collections::HashSet<&str> =
        market.items.iter().map(|it| it.id.as_str()).collect();
    shared
        .leases
        .loaded(epochs.filter(|(id, _)| known.contains(id.as_str())));
    for left_out in &market.left_out {
        tracing::warn!(
            line_item = left_out.line_item.as_str(),
            why = left_out.why,
            "line item left out"
        );
    }
    let metrics = &shared.metrics;
    metrics
        .catalog_version
        .set_i64(i64::try_from(market.version).unwrap_or(i64::MAX));
    metrics.catalog_age.set(0.0);
    metrics
        .line_items
        .set_u32(u32::try_from(market.items.len()).unwrap_or(u32::MAX));
    metrics
        .left_out
        .set_u32(u32::try_from(market.left_out.len()).unwrap_or(u32::MAX));
    shared.market.store(Some(Arc::new(market)));
    ops.health.set_ready(true);
    shared.ask_now.notify_one();
}
