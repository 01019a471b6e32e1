//! The catalog from the control plane, or from disk while that is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::access::CATALOG_PATH;
use contracts::catalog::Catalog;
use service::feed::{self, Event, Feed, Origin};
use service::{Ops, Shutdown};

use crate::exchange::Exchange;

/// Records left out of a catalog that the log tells one by one.
const TOLD: usize = 20;

/// Follows the catalog until `shutdown`; ready with the first one.
pub(crate) async fn follow(exchange: Arc<Exchange>, sides: Vec<Ops>, shutdown: Shutdown) {
    let config = &exchange.config;
    let feed = Feed {
        url: format!(
            "{}{CATALOG_PATH}",
            config.control_plane_url.trim_end_matches('/')
        ),
        token: config.service_token.expose().to_owned(),
        copy: Some(config.data_dir.join("catalog.json")),
        copy_max_age: config.catalog_max_age.0,
        wait: Duration::from_secs(25),
    };
    let health: Vec<_> = sides
        .iter()
        .map(|side| side.health.dependency("control-plane"))
        .collect();
    let mut current = Instant::now();
    let on_event = |event: Event<Catalog>| {
        match event {
            Event::Value(catalog, origin) => {
                tracing::info!(version = catalog.version, ?origin, "catalog in force");
                exchange.adopt(catalog);
                if origin == Origin::Publisher {
                    current = Instant::now();
                    health.iter().for_each(service::DependencyHandle::set_up);
                }
                for side in &sides {
                    side.health.set_ready(true);
                }
            }
            Event::Unchanged => {
                current = Instant::now();
                health.iter().for_each(service::DependencyHandle::set_up);
            }
            Event::Failed(error) => {
                tracing::debug!(%error, "no newer catalog");
                for side in &health {
                    side.set_down(error.to_string());
                }
            }
            Event::CopyRefused(fault) => {
                tracing::error!(%fault, "starting without a catalog: not ready until the control plane answers");
            }
        }
        let age = current.elapsed().as_secs_f64();
        exchange.metrics.catalog_age.set(age);
    };
    feed::poll(&feed, &shutdown, read, on_event).await;
}

fn read(json: &[u8]) -> Result<(u64, Catalog), serde_json::Error> {
    let (catalog, quarantined) = Catalog::read(json)?;
    for record in quarantined.iter().take(TOLD) {
        tracing::warn!(
            list = record.list,
            id = record.id,
            why = record.why,
            all = quarantined.len(),
            "record left out of the catalog"
        );
    }
    Ok((catalog.version, catalog))
}
