//! The process: schema, feed, ingest and API under one shutdown.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventlog::{EventLog, EventLogError, Persistence, Timeouts};
use service::http::Listener;
use service::metrics::Gauge;
use service::{DependencyHandle, Ops, Shutdown, access, runtime};
use userstate::UserState;

use crate::app::{App, Parts};
use crate::config::Config;
use crate::ingest::{self, CapEvent, CapStamps, Ingest, IngestMetrics};
use crate::ledger::Ledger;
use crate::publish::{Feed, watch_observed, watch_version};
use crate::refusal::Refusal;
use crate::store::migrate::{self as schema, MigrationError};
use crate::store::pool;
use crate::{openapi, router};

/// Pause between attempts to reach Postgres at the start.
const RETRY: Duration = Duration::from_millis(300);
/// How often the Redis servers are asked whether they live.
const PING: Duration = Duration::from_secs(2);
/// The source that calls without a partner's key; in local mode it is our own exchange, whose losses
/// are final.
const OPEN_SOURCE: &str = "open";

/// The sockets of the service, bound by the caller.
#[derive(Debug)]
pub struct Listeners {
    /// The API, :8001.
    pub api: Listener,
}

/// Why the control plane could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration contradicts itself.
    #[error("the control plane's configuration: {0}")]
    Config(#[from] service::config::ConfigError),
    /// The DSN of Postgres cannot be read.
    #[error("database_url: {0}")]
    DatabaseUrl(String),
    /// The URL of a Redis cannot be read.
    #[error("{key}: {says}")]
    RedisUrl {
        /// The key of the configuration.
        key: &'static str,
        /// What is wrong with it.
        says: String,
    },
    /// The schema cannot be brought to this version.
    #[error(transparent)]
    Migration(MigrationFailed),
    /// The operating system refused a thread or the listener.
    #[error("starting the control plane: {0}")]
    Start(#[from] io::Error),
}

/// The schema cannot be brought to this version; told with the migration at fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MigrationFailed(String);

impl From<MigrationError> for RunError {
    fn from(error: MigrationError) -> Self {
        Self::Migration(MigrationFailed(error.to_string()))
    }
}

/// Runs the control plane until `shutdown` fires; blocks.
///
/// It serves from the first moment: 503 and not ready until Postgres answers and is migrated.
///
/// # Errors
/// [`RunError`] for a configuration that cannot be used, or a schema of another program.
#[expect(
    clippy::needless_pass_by_value,
    reason = "every server has this signature: its thread is given its configuration"
)]
pub fn run(config: Config, listeners: Listeners, shutdown: Shutdown) -> Result<(), RunError> {
    config.validate()?;
    let runtime = runtime::multi_thread("control-plane", config.threads)?;
    let result = runtime.block_on(serve(&config, listeners, shutdown));
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// Brings the schema to this version and returns (`gavel control-plane --migrate`).
///
/// # Errors
/// [`RunError`] when Postgres does not answer, or holds a schema of another program.
pub fn migrate(config: &Config) -> Result<(), RunError> {
    let wait = config.database_wait.0.max(Duration::from_secs(5));
    let pool = pool::open(config.database_url.expose(), 2, wait)?;
    Ok(runtime::current_thread("migrate")?.block_on(schema::run(&pool))?)
}

async fn serve(config: &Config, listeners: Listeners, shutdown: Shutdown) -> Result<(), RunError> {
    let database = config.database_url.expose();
    let pool = pool::open(
        database,
        config.database_connections,
        config.database_wait.0,
    )?;
    // Ingest holds connections for as long as a batch takes; the API must not wait for them.
    let ingest_pool = pool::open(database, 6, config.database_wait.0)?;
    let log = EventLog::connect(config.events_redis_url.expose(), Timeouts::default());
    let log = log
        .map_err(|error| RunError::RedisUrl {
            key: "events_redis_url",
            says: error.to_string(),
        })?
        .requiring(config.durability());
    let stamps = Stamps::connect(config.redis_url.expose())?;
    let token = config.service_token.clone();
    let ops = Ops::new("control-plane", env!("CARGO_PKG_VERSION"))
        .with_openapi(openapi::document)
        .with_public_metrics(config.metrics_public)
        .with_operator(move |headers| access::has_service_token(headers, token.expose()));
    let postgres = ops.health.dependency("postgres");
    postgres.set_down("not asked yet");
    let events = ops.health.dependency("events");
    let durable = ops.metrics.gauge(
        "gavel_events_durable",
        "1 while the events Redis says that it keeps what it acknowledged; 0 where it does not, or does not tell.",
        &[],
    );
    let feed = Arc::new(Feed::new(
        pool.clone(),
        config.observed.clone(),
        &ops.metrics,
    ));
    let app = App::new(Parts {
        pool: pool.clone(),
        ledger: Ledger::new(pool.clone()),
        feed: Arc::clone(&feed),
        health: ops.health.clone(),
        admission: config.admission(),
        service_token: config.service_token.clone(),
        first_review: config.creative_review.first(),
        reservation_life: config.reservation_life.seconds(),
        most_list_entries: config.lists.max_entries.into(),
        most_pending: config.creative_registry.max_pending,
        migrated: AtomicBool::new(false),
        shutdown: shutdown.clone(),
    });
    let final_losses: BTreeSet<String> = config
        .final_loss_sources
        .iter()
        .cloned()
        .chain(config.local_mode.then(|| OPEN_SOURCE.to_owned()))
        .collect();
    let metrics = IngestMetrics::new(&ops.metrics);
    let ingest = Ingest::new(Ledger::new(ingest_pool), log.clone(), metrics, final_losses);

    let background = async {
        prepare(&app, config.migrate, &postgres, &shutdown).await?;
        ops.health.set_ready(true);
        tokio::join!(
            watch_version(Arc::clone(&feed), postgres, shutdown.clone()),
            watch_observed(feed, shutdown.clone()),
            ingest::run(&ingest, &stamps, &shutdown),
            watch_log(log, events, durable, shutdown.clone()),
        );
        Ok::<(), RunError>(())
    };
    let api = service::http::serve_axum(
        listeners.api,
        router::router(app.clone()),
        &config.limits,
        shutdown.clone(),
        ops.clone(),
    );
    tokio::pin!(api, background);
    tokio::select! {
        served = &mut api => { served?; background.await }
        ended = &mut background => { ended?; Ok(api.await?) }
    }
}

/// Waits for Postgres, then brings its schema to this version, or waits for whoever does.
async fn prepare(
    app: &App,
    migrate: bool,
    postgres: &DependencyHandle,
    shutdown: &Shutdown,
) -> Result<(), RunError> {
    while !shutdown.is_fired() {
        let current = if migrate {
            schema::run(&app.pool).await.map(|()| true)
        } else {
            schema::is_current(&app.pool).await
        };
        let away = match current {
            Ok(false) => "its schema is of an older version".to_owned(),
            Ok(true) => match first_reads(app).await {
                Ok(()) => {
                    postgres.set_up();
                    app.migrated.store(true, Ordering::Release);
                    return Ok(());
                }
                Err(refusal) => format!("{refusal:?}"),
            },
            Err(MigrationError::Away(says)) => says,
            Err(error @ MigrationError::Failed(_)) => return Err(error.into()),
        };
        tracing::warn!(away, "waiting for Postgres");
        postgres.set_down("does not answer, or is not migrated");
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            () = shutdown.fired() => {}
        }
    }
    Ok(())
}

/// What must be there before the first answer: a key to sign notices with, and the catalog's version.
async fn first_reads(app: &App) -> Result<(), Refusal> {
    schema::ensure_notice_key(&app.pool).await?;
    app.ledger.set_lives(app.reservation_life).await?;
    app.feed.poll(false).await
}

/// Tells of the log's Redis going away and coming back, and of what it says of its durability.
async fn watch_log(log: EventLog, events: DependencyHandle, durable: Gauge, shutdown: Shutdown) {
    let mut told = None;
    loop {
        let asked = log.ping().await;
        durable.set_u32(u32::from(matches!(asked, Ok(Persistence::Durable))));
        match asked {
            Ok(persistence) => {
                events.set_up();
                if told.replace(persistence) != Some(persistence) {
                    tell(persistence);
                }
            }
            Err(error @ EventLogError::NotDurable(_)) => events.set_down(error.to_string()),
            Err(_) => events.set_down("does not answer"),
        }
        tokio::select! {
            () = tokio::time::sleep(PING) => {}
            () = shutdown.fired() => return,
        }
    }
}

fn tell(persistence: Persistence) {
    match persistence {
        Persistence::Durable => {}
        Persistence::Untold => tracing::warn!(
            "the events Redis does not tell whether it keeps what it acknowledged (CONFIG GET is refused): make sure that \
             it runs with appendonly yes and appendfsync always"
        ),
        Persistence::Weak(weakness) => {
            tracing::warn!(%weakness, "acknowledged notices can be lost")
        }
    }
}

/// The keeper of frequency stamps; without a state Redis there are none to keep.
struct Stamps(Option<UserState>);

impl Stamps {
    fn connect(url: &str) -> Result<Self, RunError> {
        if url.is_empty() {
            return Ok(Self(None));
        }
        let state = UserState::connect(url, userstate::Budget::default());
        let state = state.map_err(|error| RunError::RedisUrl {
            key: "redis_url",
            says: error.to_string(),
        })?;
        Ok(Self(Some(state)))
    }
}

impl CapStamps for Stamps {
    async fn apply(&self, event: &CapEvent) -> Result<(), String> {
        match &self.0 {
            Some(state) => state.apply(event).await,
            None => Ok(()),
        }
    }
}
