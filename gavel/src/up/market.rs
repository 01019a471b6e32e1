//! The five services and the demo DSPs as threads of one process, wired to one another by URL alone.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use http::Method;
use loadtest::partners::{self, Behaviour, Market as Habits, PartnerStats};
use serde_json::Value;
use service::{Shutdown, Trigger, runtime};

use super::live::Urls;
use super::ports::{Ports, url_of};
use super::seed::{self, Targets};
use crate::calls::Caller;
use crate::settings::{Stores, load};

/// How long a part may take to become ready; the first start makes a database.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the opening of the market waits for leases.
const FUNDED_WITHIN: Duration = Duration::from_secs(5);

/// How the market runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the services keep their copies.
    pub data_dir: std::path::PathBuf,
    /// Configuration file, if any.
    pub config: Option<std::path::PathBuf>,
    /// Secret of the calls between services.
    pub service_token: String,
    /// Whether a request from this machine counts as the admin's.
    pub local_mode: bool,
    /// Share of auctions of which every step is logged.
    pub trace_sample_percent: u8,
    /// Scheme and host that handed-out URLs are built on, instead of `http://127.0.0.1`.
    pub public_host: Option<String>,
}

/// A running market.
#[derive(Debug)]
pub struct Market {
    /// Where everything answers.
    pub urls: Urls,
    trigger: Trigger,
    shutdown: Shutdown,
    threads: Vec<(&'static str, JoinHandle<Result<()>>)>,
}

impl Market {
    /// Starts every part, waits until each is ready, and seeds an empty market.
    ///
    /// # Errors
    /// When a configuration is wrong, a part ends early or is not ready in time, or the seed is refused.
    pub fn start(settings: &Settings, stores: &Stores, ports: Ports) -> Result<Self> {
        let (trigger, shutdown) = Shutdown::new();
        let urls = Urls {
            control_plane: url_of(&ports.control_plane)?,
            bidder: url_of(&ports.bidder)?,
            exchange_ssp: url_of(&ports.exchange_ssp)?,
            exchange_rtb: url_of(&ports.exchange_rtb)?,
            dmp: url_of(&ports.dmp)?,
            rivals: [url_of(&ports.rival_a)?, url_of(&ports.rival_b)?],
        };
        let mut market = Self {
            urls,
            trigger,
            shutdown,
            threads: Vec::new(),
        };
        market.spawn_all(settings, stores, ports)?;
        market.wait_ready(&[market.urls.control_plane.clone()])?;
        runtime::current_thread("seed")?.block_on(seed::prepare(&market.seed_targets(settings)))?;
        market.wait_ready(&market.urls.services())?;
        runtime::current_thread("live")?.block_on(market.wait_funded());
        Ok(market)
    }

    /// Fires when the market is to stop, or a part of it has ended.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Drains every part and waits for its end.
    ///
    /// # Errors
    /// The first part that ended with an error.
    pub fn stop(mut self) -> Result<()> {
        self.trigger.fire();
        let mut first = Ok(());
        for (name, thread) in self.threads.drain(..) {
            let ended = thread.join().map_err(|_| anyhow!("{name} panicked"));
            let ended = ended.and_then(|result| result.with_context(|| format!("{name} ended")));
            if first.is_ok() {
                first = ended;
            }
        }
        first
    }

    /// The part that has ended although nobody asked it to.
    #[must_use]
    pub fn ended_early(&self) -> Option<&'static str> {
        self.threads
            .iter()
            .find(|(_, thread)| thread.is_finished())
            .map(|(name, _)| *name)
    }

    fn spawn_all(&mut self, settings: &Settings, stores: &Stores, ports: Ports) -> Result<()> {
        let urls = self.urls.clone();
        let wiring = Wiring {
            settings,
            stores,
            urls: &urls,
        };
        let config = wiring.control_plane()?;
        control_plane_server::migrate(&config)?;
        let listeners = control_plane_server::Listeners {
            api: ports.control_plane,
        };
        self.spawn("control-plane", move |shutdown| {
            Ok(control_plane_server::run(config, listeners, shutdown)?)
        })?;
        let config = wiring.dmp()?;
        let listeners = dmp_server::Listeners { api: ports.dmp };
        self.spawn("dmp", move |shutdown| {
            Ok(dmp_server::run(config, listeners, shutdown)?)
        })?;
        let config = wiring.bidder()?;
        let listeners = bidder_server::Listeners {
            bidder: ports.bidder,
        };
        self.spawn("bidder", move |shutdown| {
            Ok(bidder_server::run(config, listeners, shutdown)?)
        })?;
        let config = wiring.exchange()?;
        let listeners = exchange_server::Listeners {
            rtb: ports.exchange_rtb,
            ssp: ports.exchange_ssp,
        };
        self.spawn("exchange", move |shutdown| {
            Ok(exchange_server::run(config, listeners, shutdown)?)
        })?;
        let rivals = [
            (
                "rival-a",
                ports.rival_a,
                Habits::broad("seat-rival-a", "rival-a.example"),
            ),
            (
                "rival-b",
                ports.rival_b,
                Habits::choosy("seat-rival-b", "rival-b.example"),
            ),
        ];
        for (name, listener, habits) in rivals {
            self.spawn(name, move |shutdown| {
                let stats = Arc::new(PartnerStats::default());
                partners::run(name, listener, Behaviour::Market(habits), stats, shutdown)
            })?;
        }
        Ok(())
    }

    fn spawn(
        &mut self,
        name: &'static str,
        work: impl FnOnce(Shutdown) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let shutdown = self.shutdown.clone();
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || work(shutdown))?;
        self.threads.push((name, thread));
        Ok(())
    }

    fn seed_targets(&self, settings: &Settings) -> Targets {
        let bid = |url: &str| format!("{url}/bid");
        Targets {
            control_plane: self.urls.control_plane.clone(),
            dmp: self.urls.dmp.clone(),
            placeholders: vec![
                ("{{rival_a_url}}", bid(&self.urls.rivals[0])),
                ("{{rival_b_url}}", bid(&self.urls.rivals[1])),
            ],
            token: settings.service_token.clone(),
            told: settings.data_dir.join("rivals.json"),
        }
    }

    /// Waits until the newest catalog is everywhere and the bidder holds money, so that the first visit
    /// finds a market. A market whose budgets are spent has none: it opens all the same.
    async fn wait_funded(&self) {
        let caller = Caller::new();
        let start = Instant::now();
        while start.elapsed() < FUNDED_WITHIN {
            let newest = catalog_version(&caller, &self.urls.control_plane).await;
            let bidder = catalog_version(&caller, &self.urls.bidder).await;
            let exchange = catalog_version(&caller, &self.urls.exchange_rtb).await;
            let everywhere = newest.is_some() && bidder == newest && exchange == newest;
            if everywhere && is_funded(&caller, &self.urls.bidder).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn wait_ready(&self, bases: &[String]) -> Result<()> {
        runtime::current_thread("ready")?.block_on(async {
            let caller = Caller::new();
            let start = Instant::now();
            for base in bases {
                let url = format!("{base}/readyz");
                loop {
                    let answer = caller
                        .call(Method::GET, &url, String::new(), Duration::from_millis(500))
                        .await;
                    if answer.is_ok_and(|response| response.status.is_success()) {
                        break;
                    }
                    if let Some(name) = self.ended_early() {
                        bail!("{name} ended while starting");
                    }
                    if start.elapsed() > PATIENCE {
                        bail!(
                            "{base} is not ready after {} s: see its /health and the log",
                            PATIENCE.as_secs()
                        );
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Ok(())
        })
    }
}

/// The version of the catalog that a service has in force, from its metrics.
async fn catalog_version(caller: &Caller, base: &str) -> Option<String> {
    let url = format!("{base}/metrics");
    let answer = caller
        .call(Method::GET, &url, String::new(), Duration::from_millis(500))
        .await
        .ok()?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let line = text
        .lines()
        .find(|line| line.starts_with("gavel_catalog_version"))?;
    line.rsplit(' ').next().map(str::to_owned)
}

/// Whether the bidder holds a lease on any line item.
async fn is_funded(caller: &Caller, base: &str) -> bool {
    let url = format!("{base}/campaigns");
    let answer = caller
        .call(Method::GET, &url, String::new(), Duration::from_millis(500))
        .await;
    let loaded = answer
        .ok()
        .and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok());
    let items = loaded
        .as_ref()
        .and_then(|loaded| loaded["items"].as_array());
    let mut line_items = items
        .into_iter()
        .flatten()
        .filter_map(|item| item["line_items"].as_array())
        .flatten();
    line_items.any(|item| item["leased_free"].as_f64() > Some(0.0))
}

/// What each part is told: where the others are, and the shared secret.
struct Wiring<'a> {
    settings: &'a Settings,
    stores: &'a Stores,
    urls: &'a Urls,
}

impl Wiring<'_> {
    fn control_plane(&self) -> Result<control_plane_server::Config> {
        let mut told = self.common(&self.urls.control_plane);
        told.push(("database_url".into(), self.stores.database.clone()));
        told.push(("events_redis_url".into(), self.stores.events_redis.clone()));
        told.push(("redis_url".into(), self.stores.state_redis.clone()));
        self.load(
            "control-plane",
            control_plane_server::Config::DEFAULTS,
            &told,
        )
    }

    fn bidder(&self) -> Result<bidder_server::Config> {
        let told = self.data_plane("bidder", &self.urls.bidder);
        self.load("bidder", bidder_server::DEFAULTS, &told)
    }

    fn exchange(&self) -> Result<exchange_server::Config> {
        let mut told = self.data_plane("exchange", &self.urls.exchange_rtb);
        told.push((
            "ssp_public_url".into(),
            self.public(&self.urls.exchange_ssp),
        ));
        told.push(("bidder_url".into(), self.urls.bidder.clone()));
        told.push(("dmp_url".into(), self.public(&self.urls.dmp)));
        self.load("exchange", exchange_server::Config::DEFAULTS, &told)
    }

    fn dmp(&self) -> Result<dmp_server::Config> {
        let mut told = self.common(&self.urls.dmp);
        told.push(("control_plane_url".into(), self.urls.control_plane.clone()));
        told.push(("redis_url".into(), self.stores.state_redis.clone()));
        let exchange = [&self.urls.exchange_ssp, &self.urls.exchange_rtb];
        let [ssp, rtb] = exchange.map(|url| self.public(url));
        told.push(("sync_return_to".into(), format!(r#"["{ssp}", "{rtb}"]"#)));
        told.push((
            "data_dir".into(),
            self.settings.data_dir.join("dmp").display().to_string(),
        ));
        self.load("dmp", dmp_server::Config::DEFAULTS, &told)
    }

    fn common(&self, own: &str) -> Vec<(String, String)> {
        let told = [
            ("public_url", self.public(own)),
            ("service_token", self.settings.service_token.clone()),
            ("local_mode", self.settings.local_mode.to_string()),
            ("own_ports", self.ports()),
            // No balancer stands before a market of one machine, so its end need not wait for one.
            ("limits.drain_delay", "0ms".to_owned()),
        ];
        told.into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect()
    }

    /// Every port of the market, whose pages may call its APIs.
    fn ports(&self) -> String {
        let bases = self.urls.services();
        let ports: Vec<&str> = bases
            .iter()
            .filter_map(|base| base.rsplit(':').next())
            .collect();
        format!("[{}]", ports.join(", "))
    }

    fn data_plane(&self, name: &str, own: &str) -> Vec<(String, String)> {
        let mut told = self.common(own);
        told.push(("control_plane_url".into(), self.urls.control_plane.clone()));
        told.push(("events_redis_url".into(), self.stores.events_redis.clone()));
        told.push(("redis_url".into(), self.stores.state_redis.clone()));
        told.push((
            "data_dir".into(),
            self.settings.data_dir.join(name).display().to_string(),
        ));
        told.push((
            "trace_sample_percent".into(),
            self.settings.trace_sample_percent.to_string(),
        ));
        told
    }

    /// `own` with the host that people were told to use.
    fn public(&self, own: &str) -> String {
        match &self.settings.public_host {
            Some(host) => own.replacen("http://127.0.0.1", host.trim_end_matches('/'), 1),
            None => own.into(),
        }
    }

    fn load<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        defaults: &str,
        told: &[(String, String)],
    ) -> Result<T> {
        let file: Option<&Path> = self.settings.config.as_deref();
        load(name, defaults, file, told)
    }
}
