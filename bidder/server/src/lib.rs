//! The bidder's process: bid requests, notices and trackers on :8002, the catalog feed, leases.
//!
//! Worker 0 follows the catalog and exchanges leases; every other worker serves on one core of its own.

#![deny(missing_docs)]

mod access;
mod background;
mod bid;
mod caps;
mod catalog_feed;
mod catalog_state;
mod config;
mod duplicates;
mod explain;
mod known_users;
mod leases;
mod lists;
mod loaded;
mod metrics;
mod notices;
mod openapi;
mod profiles;
pub mod records;
mod refusals;
mod routes;
mod shading;
mod shared;
mod sources;
mod stats;
mod surroundings;
mod tallies;
mod time;
mod trackers;
mod worker;

use std::rc::Rc;
use std::sync::Arc;

use service::http::Listener;
use service::runtime::RuntimeError;
use service::{Ops, Shutdown};

pub use config::{Config, DEFAULTS, DemandSource};
pub use openapi::document as openapi;

use shared::Shared;
use worker::Worker;

/// The sockets that the bidder is given.
#[derive(Debug)]
pub struct Listeners {
    /// Bid requests, notices, trackers.
    pub bidder: Listener,
}

/// Why the bidder ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration contradicts itself.
    #[error("the bidder's configuration: {0}")]
    Config(#[from] service::config::ConfigError),
    /// The database of places cannot be used.
    #[error("bidder.geo_database: {0}")]
    Places(#[from] lookup::PlacesError),
    /// A Redis URL is none.
    #[error("the user state: {0}")]
    UserState(#[from] userstate::StateError),
    /// A Redis URL is none.
    #[error("the event log: {0}")]
    EventLog(#[from] eventlog::EventLogError),
    /// A listener could not be used.
    #[error("serving: {0}")]
    Serve(#[from] std::io::Error),
    /// A worker could not start or panicked.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

/// Serves until `shutdown` fires and the drain is over.
///
/// # Errors
/// [`RunError`]: nothing was served, or a worker ended early.
pub fn run(config: Config, listeners: Listeners, shutdown: Shutdown) -> Result<(), RunError> {
    config.validate()?;
    let ops = ops(&config);
    let workers = config.worker_count();
    let (shared, notes) = Shared::new(config, &ops)?;
    let recording = notes.write(&shared.config.data_dir)?;
    let shared = Arc::new(shared);
    let ended = service::runtime::per_core(workers + 1, "bidder", move |number| {
        let (shared, ops, shutdown) = (Arc::clone(&shared), ops.clone(), shutdown.clone());
        let listener = listeners.bidder.try_clone();
        async move {
            if number == 0 {
                return background::run(shared, &ops, &shutdown).await;
            }
            let worker = Rc::new(Worker::new(Arc::clone(&shared))?);
            let tallying = tokio::task::spawn_local(tallies::flush(Rc::clone(&worker)));
            let limits = shared.config.limits.clone();
            let served = service::http::serve(listener?, &limits, worker, shutdown, ops).await;
            tallying.abort();
            Ok(served?)
        }
    })?;
    // The workers are gone and with them the last who leave records: the thread writes the rest and ends.
    if recording.join().is_err() {
        tracing::error!("the thread that writes records panicked");
    }
    ended.into_iter().collect()
}

fn ops(config: &Config) -> Ops {
    let (token, metrics_public) = (config.operator_token.clone(), config.metrics_public);
    Ops::new("bidder", env!("CARGO_PKG_VERSION"))
        .with_openapi(openapi::document)
        .with_public_metrics(metrics_public)
        .with_operator(move |headers| service::access::has_service_token(headers, token.expose()))
}
