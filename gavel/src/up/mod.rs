//! `gavel up`: the whole market in one process.

mod data_dir;
mod live;
mod market;
mod ports;
mod seed;

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use embedded::{Durability, Embedded, Options};
use loadtest::scenario::Scenario;
use service::client::Target;
use service::telemetry::{self, Destination, TelemetryConfig};
use service::{runtime, shutdown};

pub use live::Urls;
pub use market::{Market, Settings};
pub use ports::Ports;

use crate::cli::{LogTo, UpArgs};
use crate::settings::{self, Stores};

/// Runs the market until Ctrl-C, SIGTERM, or the end of one of its parts.
///
/// # Errors
/// One sentence that says what to do: a port in use, a directory that cannot be written, a missing tool.
pub fn run(args: &UpArgs, config: Option<&Path>) -> Result<()> {
    // Ports first: of two starts by mistake, the second must touch nothing.
    let ports = Ports::bind(args.port_base)?;
    let data_dir = data_dir::locate(args.data.as_deref())?;
    let embedded = start_stores(&data_dir, args.fresh)?;
    data_dir::prepare(&data_dir, args.fresh)?;
    let open = Arc::new(AtomicBool::new(false));
    let _logs = start_logs(&data_dir, args.log, &open)?;
    let stores = stores(embedded.as_ref())?;
    let settings = Settings {
        service_token: match std::env::var(SERVICE_TOKEN_ENV) {
            Ok(token) if !token.is_empty() => token,
            _ => data_dir::service_token(&data_dir)?,
        },
        data_dir,
        config: settings::file(config),
        local_mode: !args.auth,
        trace_sample_percent: args.trace_sample,
        public_host: args.public_url.clone(),
    };
    eprintln!("starting the market…");
    let market = Market::start(&settings, &stores, ports)?;
    print!("{}", market.urls.table());
    open.store(true, Ordering::Relaxed);
    let generator = start_traffic(args.demo_traffic, &market)?;
    let ended = runtime::current_thread("gavel")?.block_on(watch(&market, embedded.as_ref()));
    open.store(false, Ordering::Relaxed);
    eprintln!("draining… (a second Ctrl-C ends at once)");
    leave_at_second_signal();
    let stopped = market.stop();
    if let Some(generator) = generator {
        // Its report is of no interest here; it ends with the market.
        let _ = generator.join();
    }
    if let Some(embedded) = embedded {
        embedded.stop();
    }
    ended.and(stopped)
}

/// From here on another signal ends the process at once; Postgres and Redis end with it.
fn leave_at_second_signal() {
    let watch = || {
        let runtime = runtime::current_thread("second-signal")?;
        runtime.block_on(shutdown::signal())?;
        eprintln!("ended without draining");
        std::process::exit(130)
    };
    let thread = std::thread::Builder::new().name("second-signal".into());
    // Without the thread a second signal changes nothing, and the drain has its own limits.
    let _ = thread.spawn(move || -> std::io::Result<()> { watch() });
}

/// The secret of the calls between services, where the operator sets it.
const SERVICE_TOKEN_ENV: &str = "GAVEL_SERVICE_TOKEN";

/// Postgres and Redis of our own, for what the environment does not name.
fn start_stores(data_dir: &Path, fresh: bool) -> Result<Option<Embedded>> {
    let (database, state, _) = Stores::from_environment();
    match (database, state) {
        (Some(_), Some(_)) => Ok(None),
        (None, None) => {
            let options = Options {
                durability: Durability::Durable,
                progress: Arc::new(|step| eprintln!("{step}")),
                fresh,
                ..Options::new(data_dir)
            };
            Ok(Some(Embedded::start(options)?))
        }
        _ => bail!(
            "set both DATABASE_URL and REDIS_URL to use your own stores, or neither to have them provided"
        ),
    }
}

fn stores(embedded: Option<&Embedded>) -> Result<Stores> {
    if let Some(embedded) = embedded {
        return Ok(Stores {
            database: embedded.database_url().into(),
            state_redis: embedded.state_redis_url().into(),
            events_redis: embedded.events_redis_url().into(),
        });
    }
    let (database, state, events) = Stores::from_environment();
    Ok(Stores {
        database: database.context("DATABASE_URL is not set")?,
        state_redis: state.context("REDIS_URL is not set")?,
        events_redis: events.context("EVENTS_REDIS_URL is not set")?,
    })
}

fn start_logs(
    data_dir: &Path,
    to: Option<LogTo>,
    open: &Arc<AtomicBool>,
) -> Result<telemetry::Guard> {
    let to = match to {
        Some(LogTo::Stderr) => Destination::Stderr,
        None => Destination::File {
            path: data_dir.join("logs").join("gavel.jsonl"),
            max_bytes: 16 * 1024 * 1024,
            keep: 3,
        },
    };
    let above_the_line = matches!(to, Destination::File { .. }) && std::io::stderr().is_terminal();
    let open = Arc::clone(open);
    let on_warning = above_the_line.then(|| {
        // What the parts say while they wait for one another is no news to a person.
        let shown: telemetry::OnWarning = Arc::new(move |line: &str| {
            if open.load(Ordering::Relaxed) {
                eprintln!("\r\x1b[K{}", line.trim_end());
            }
        });
        shown
    });
    Ok(telemetry::init(&TelemetryConfig {
        to,
        on_warning,
        ..TelemetryConfig::default()
    })?)
}

/// The built-in generator against the market's own exchange, when asked for.
fn start_traffic(rate: u32, market: &Market) -> Result<Option<std::thread::JoinHandle<()>>> {
    if rate == 0 {
        return Ok(None);
    }
    let target = Target::parse(&format!("{}/openrtb2/auction", market.urls.exchange_rtb))?;
    let scenario = Scenario {
        rate,
        duration: Duration::MAX,
        ..Scenario::default()
    };
    let shutdown = market.shutdown();
    let thread = std::thread::Builder::new()
        .name("demo-traffic".into())
        .spawn(move || {
            if let Err(error) = loadtest::driver::drive(&scenario, &target, &shutdown, |_| ()) {
                tracing::error!(%error, "the demo traffic ended");
            }
        })?;
    Ok(Some(thread))
}

/// Returns when asked to stop, or with an error when a part has ended by itself.
async fn watch(market: &Market, embedded: Option<&Embedded>) -> Result<()> {
    let line = live::show(market.urls.clone(), market.shutdown());
    let broken = async {
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            if let Some(name) = market.ended_early() {
                return name.to_owned();
            }
            if let Some(why) = embedded.and_then(Embedded::failed) {
                return why;
            }
        }
    };
    tokio::select! {
        signal = shutdown::signal() => Ok(signal?),
        why = broken => bail!("{why} ended by itself: the log says why"),
        () = line => Ok(()),
    }
}
