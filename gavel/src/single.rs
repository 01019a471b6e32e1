//! One service alone, as compose and Kubernetes run it.

use std::path::Path;

use anyhow::{Context as _, Result};
use service::http::Listener;
use service::telemetry::{self, TelemetryConfig};
use service::{Shutdown, runtime, shutdown};

use crate::settings::{self, Stores};

/// The services that can run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// 8001.
    ControlPlane {
        /// Whether it brings the database up to date first.
        migrate: bool,
    },
    /// 8002.
    Bidder,
    /// 8003 and 8004.
    Exchange,
    /// 8005.
    Dmp,
}

/// Runs one service until SIGTERM or Ctrl-C, logging JSON to standard error.
///
/// # Errors
/// When its configuration is wrong, its port is taken, or it ends with an error.
pub fn run(service: Service, config: Option<&Path>) -> Result<()> {
    let _logs = telemetry::init(&TelemetryConfig::default())?;
    let shutdown = on_signal()?;
    let file = settings::file(config);
    let file = file.as_deref();
    match service {
        Service::ControlPlane { migrate } => {
            let told = stores();
            let config: control_plane_server::Config = settings::load(
                "control-plane",
                control_plane_server::Config::DEFAULTS,
                file,
                &told,
            )?;
            if migrate {
                control_plane_server::migrate(&config)?;
            }
            let listeners = control_plane_server::Listeners {
                api: bind(&config.listen, config.local_mode)?,
            };
            Ok(control_plane_server::run(config, listeners, shutdown)?)
        }
        Service::Bidder => {
            let told = without(stores(), &["database_url"]);
            let config: bidder_server::Config =
                settings::load("bidder", bidder_server::DEFAULTS, file, &told)?;
            let listeners = bidder_server::Listeners {
                bidder: bind(&config.listen, config.local_mode)?,
            };
            Ok(bidder_server::run(config, listeners, shutdown)?)
        }
        Service::Exchange => {
            let told = without(stores(), &["database_url"]);
            let config: exchange_server::Config =
                settings::load("exchange", exchange_server::Config::DEFAULTS, file, &told)?;
            let listeners = exchange_server::Listeners {
                rtb: bind(&config.listen, config.local_mode)?,
                ssp: bind(&config.ssp_listen, config.local_mode)?,
            };
            Ok(exchange_server::run(config, listeners, shutdown)?)
        }
        Service::Dmp => {
            let told = without(stores(), &["database_url", "events_redis_url"]);
            let config: dmp_server::Config =
                settings::load("dmp", dmp_server::Config::DEFAULTS, file, &told)?;
            let listeners = dmp_server::Listeners {
                api: bind(&config.listen, config.local_mode)?,
            };
            Ok(dmp_server::run(config, listeners, shutdown)?)
        }
    }
}

/// The keys that the well-known environment variables stand for.
fn stores() -> Vec<(String, String)> {
    let (database, state, events) = Stores::from_environment();
    let token = std::env::var("GAVEL_SERVICE_TOKEN")
        .ok()
        .filter(|token| !token.is_empty());
    let told = [
        ("database_url", database),
        ("redis_url", state),
        ("events_redis_url", events),
        ("service_token", token),
    ];
    told.into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

fn without(told: Vec<(String, String)>, keys: &[&str]) -> Vec<(String, String)> {
    told.into_iter()
        .filter(|(key, _)| !keys.contains(&key.as_str()))
        .collect()
}

fn bind(listen: &str, local_mode: bool) -> Result<Listener> {
    Listener::bind(listen, local_mode).with_context(|| {
        format!("{listen} cannot be opened: is it in use? Set another `listen` for this service")
    })
}

/// A shutdown that SIGTERM and Ctrl-C fire, watched by a thread of its own.
///
/// # Errors
/// When that thread cannot be started.
pub fn on_signal() -> Result<Shutdown> {
    let (trigger, shutdown) = Shutdown::new();
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            let waited = runtime::current_thread("signals")
                .and_then(|runtime| runtime.block_on(shutdown::signal()));
            if let Err(error) = waited {
                tracing::error!(%error, "signals cannot be watched");
            }
            trigger.fire();
        })?;
    Ok(shutdown)
}
