//! The exchange's process: auctions for SSPs on one listener, publishers' ad requests on the other.
//!
//! ```no_run
//! use exchange_server::{Config, Listeners, run};
//!
//! let config = Config::from_env()?;
//! let listeners = Listeners {
//!     rtb: std::net::TcpListener::bind(&config.listen)?.into(),
//!     ssp: std::net::TcpListener::bind(&config.ssp_listen)?.into(),
//! };
//! let (trigger, shutdown) = service::Shutdown::new();
//! run(config, listeners, shutdown)?;
//! # drop(trigger);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accounts;
mod caller;
mod catalog_feed;
mod config;
mod delivery;
mod demo;
mod exchange;
mod fields;
mod identity;
mod metrics;
mod openapi;
pub mod records;
mod rtb;
mod sightings;
mod ssp;
mod sync;
mod upstream;

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use eventlog::{EventLog, EventLogError, Timeouts};
use recording::Records;
use service::client::{Roots, RootsError};
use service::config::ConfigError;
use service::http::Listener;
use service::runtime::{self, RuntimeError};
use service::{Ops, Shutdown, access, http};

pub use config::{Account, Config};

use demo::{Demo, History};
use exchange::Exchange;
use identity::Identity;
use records::Auctions;
use rtb::{AuctionContext, Rtb};
use sightings::Sightings;
use ssp::Ssp;
use upstream::Upstream;
use userstate::{Peers, StateError};

/// The exchange's two listeners, bound by the caller.
#[derive(Debug)]
pub struct Listeners {
    /// OpenRTB, notices, records.
    pub rtb: Listener,
    /// Ad requests, impressions, inventory.
    pub ssp: Listener,
}

/// Why the exchange could not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The events Redis URL is none.
    #[error(transparent)]
    EventLog(#[from] EventLogError),
    /// The state Redis URL is none.
    #[error("exchange.redis_url (REDIS_URL): {0}")]
    Redis(#[from] StateError),
    /// A listener cannot be used.
    #[error("using a listener: {0}")]
    Listener(#[from] io::Error),
    /// The database of places cannot be used.
    #[error("exchange.geo_database: {0}")]
    Places(#[from] lookup::PlacesError),
    /// The workers could not be started, or one panicked.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// No certificates are trusted.
    #[error("upstream_roots: {0}")]
    Roots(#[from] RootsError),
}

/// Runs both sides until `shutdown` and the drain after it. Blocks; builds its own runtimes.
///
/// # Errors
/// [`RunError`].
pub fn run(config: Config, listeners: Listeners, shutdown: Shutdown) -> Result<(), RunError> {
    config.validate()?;
    if config.accounts.is_empty() && config.listens_on_loopback() {
        tracing::warn!(
            "no SSP accounts are configured: until the catalog has some, the auction is open to every caller"
        );
    }
    let roots = Upstream::roots(&config)?;
    let version = env!("CARGO_PKG_VERSION");
    let rtb_ops = ops(&config, "exchange-rtb", version, openapi::rtb);
    let ssp_ops = ops(&config, "exchange-ssp", version, openapi::ssp);
    let exchange = Arc::new(Exchange::new(config, &rtb_ops.metrics, &ssp_ops.metrics)?);
    let history = Arc::new(History::new());
    let peers = Arc::new(Peers::new(&exchange.config.match_budget()));
    let (recording, thread) = records::start(
        &exchange.config.data_dir,
        &exchange.config.auction_records,
        &exchange.settings,
        &rtb_ops.metrics,
    )?;
    let (sightings, reporting) = Sightings::start(&exchange)?;
    let process = Process {
        exchange,
        recording,
        sightings,
        listeners,
        rtb_ops,
        ssp_ops,
        history,
        peers,
        roots,
        shutdown,
    };
    let workers = process.exchange.config.worker_count();
    let ended = runtime::per_core(workers, "exchange", |worker| process.work(worker))?;
    // With the last who leave records and sightings gone, the threads do the rest and end.
    drop(process);
    if thread.join().is_err() {
        tracing::error!("the thread that writes records panicked");
    }
    if reporting.join().is_err() {
        tracing::error!("the thread that reports creatives panicked");
    }
    ended.into_iter().collect()
}

fn ops(
    config: &Config,
    name: &'static str,
    version: &'static str,
    document: fn() -> String,
) -> Ops {
    let tokens = [config.operator_token.clone(), config.service_token.clone()];
    Ops::new(name, version)
        .with_openapi(document)
        .with_public_metrics(config.metrics_public)
        .with_operator(move |headers| {
            access::bearer(headers).is_some_and(|given| {
                tokens
                    .iter()
                    .any(|known| access::is_same_secret(given, known.expose()))
            })
        })
}

/// What the workers of one process share.
struct Process {
    exchange: Arc<Exchange>,
    recording: Records<Auctions>,
    sightings: Sightings,
    listeners: Listeners,
    rtb_ops: Ops,
    ssp_ops: Ops,
    history: Arc<History>,
    peers: Arc<Peers>,
    roots: Roots,
    shutdown: Shutdown,
}

impl Process {
    /// One worker: both listeners on one core. The first also follows the catalog and empties the outbox.
    async fn work(&self, worker: usize) -> Result<(), RunError> {
        let config = &self.exchange.config;
        let log = EventLog::connect(&config.events_redis_url, Timeouts::default())?
            .requiring(config.durability());
        let upstream = Upstream::new(config, &self.roots);
        let identity = Identity::connect(config, &self.peers)?;
        if worker == 0 {
            let sides = vec![self.rtb_ops.clone(), self.ssp_ops.clone()];
            tokio::task::spawn_local(catalog_feed::follow(
                Arc::clone(&self.exchange),
                sides,
                self.shutdown.clone(),
            ));
            tokio::task::spawn_local(rtb::partners::report(
                Arc::clone(&self.exchange),
                self.shutdown.clone(),
            ));
            tokio::task::spawn_local(rtb::deliver_outbox(
                Arc::clone(&self.exchange),
                upstream.clone(),
                log.clone(),
                self.shutdown.clone(),
                self.rtb_ops.health.dependency("events-redis"),
            ));
        }
        if worker == 0 && identity.table.is_some() {
            let sides = [&self.rtb_ops, &self.ssp_ops];
            let health = sides.map(|side| side.health.dependency("redis")).to_vec();
            let followed = identity::follow(identity.clone(), health, self.shutdown.clone());
            tokio::task::spawn_local(followed);
        }
        if worker == 0 {
            let told = rtb::tell_tallies(Arc::clone(&self.exchange), log.clone());
            tokio::task::spawn_local(told);
            let told = rtb::tell_records(Arc::clone(&self.exchange), log.clone());
            tokio::task::spawn_local(told);
        }
        let context = AuctionContext::start(
            &self.exchange,
            &self.recording,
            &self.sightings,
            upstream,
            log.clone(),
            identity,
            self.rtb_ops.clone(),
        );
        let demo = Demo::new(
            self.listeners.ssp.local_addr()?,
            self.listeners.rtb.local_addr()?,
            Arc::clone(&self.history),
        );
        let context = Rc::new(context);
        let ssp = Ssp::new(context.of_listener(self.ssp_ops.clone()));
        let rtb = Rtb::new(context, demo);
        let serve_rtb = http::serve(
            self.listeners.rtb.try_clone()?,
            &config.limits,
            rtb,
            self.shutdown.clone(),
            self.rtb_ops.clone(),
        );
        let serve_ssp = http::serve(
            self.listeners.ssp.try_clone()?,
            &config.limits,
            ssp,
            self.shutdown.clone(),
            self.ssp_ops.clone(),
        );
        let (of_rtb, of_ssp) = tokio::join!(serve_rtb, serve_ssp);
        of_rtb?;
        of_ssp?;
        rtb::tell_last_tally(&self.exchange, &log).await;
        rtb::tell_last_records(&self.exchange, &log).await;
        Ok(())
    }
}
