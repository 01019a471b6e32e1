//! An exchange with both sides on free ports, a control plane that holds a catalog, and a scripted DSP.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod control_plane;
mod dsp;
mod server;

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use contracts::catalog::Catalog;
use contracts::event::{DELIVERY_STREAM, DeliveryEvent, TALLY_STREAM, TallyEvent};
use contracts::notice::NoticeKey;
use eventlog::{EventLog, START, Timeouts};
use exchange_server::{Config, Listeners};
use serde_json::{Value, json};
use service::{Shutdown, Trigger};
use testkit::http::{get, post_json};
use testkit::poll_until;

pub(crate) use control_plane::ControlPlane;
pub(crate) use dsp::{Dsp, Script};
pub(crate) use server::Server;

/// Long enough for any state to come about on however busy a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// What services know one another by.
pub(crate) const TOKEN: &str = "a-token-of-the-test";

/// The key that signs this market's notices.
pub(crate) fn key() -> NoticeKey {
    NoticeKey::new(7, [7; 32])
}

/// What an exchange that has ended counted of a DSP: auctions won, and win notices that it took.
pub(crate) async fn tallied(events_url: &str, dsp: &str) -> (u64, u64) {
    let log = EventLog::connect(events_url, Timeouts::default()).unwrap();
    let entries = log.read_after(TALLY_STREAM, START, 100).await.unwrap();
    let read = |payload: &[u8]| serde_json::from_slice::<TallyEvent>(payload).unwrap();
    let told = entries
        .iter()
        .flat_map(|entry| read(&entry.payload).tallies);
    let own = told.filter(|tally| tally.partner.as_str() == dsp);
    own.fold((0, 0), |(won, taken), it| {
        (won + it.won, taken + it.win_notices)
    })
}

/// An exchange that this test has to itself.
pub(crate) struct Market {
    pub(crate) rtb: String,
    pub(crate) ssp: String,
    pub(crate) events_url: String,
    pub(crate) control_plane: ControlPlane,
    pub(crate) dsp: Dsp,
    trigger: Trigger,
    running: Option<JoinHandle<()>>,
}

impl Market {
    /// An exchange over the events Redis of this test run, in local mode.
    pub(crate) async fn start(script: Script) -> Self {
        let redis = testkit::stores().redis().await;
        Self::start_on(script, &redis.events_url, true).await
    }

    /// An exchange over this event log.
    pub(crate) async fn start_on(script: Script, events_url: &str, local_mode: bool) -> Self {
        let dsp = Dsp::start(script);
        let control_plane = ControlPlane::start(catalog(&dsp.url("/bid")));
        let [rtb, ssp] = [(); 2].map(|()| std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let [rtb_url, ssp_url] =
            [&rtb, &ssp].map(|listener| format!("http://{}", listener.local_addr().unwrap()));
        let data_dir = data_dir();
        let told = [
            ("public_url", rtb_url.as_str()),
            ("ssp_public_url", &ssp_url),
            ("control_plane_url", &control_plane.server.url),
            ("events_redis_url", events_url),
            ("events_durability", "unchecked"),
            ("data_dir", &data_dir),
            ("service_token", TOKEN),
            ("local_mode", if local_mode { "true" } else { "false" }),
            ("allow_private_upstreams", "true"),
            ("answer_margin", "5ms"),
            ("workers", "1"),
        ];
        let told = told.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let config: Config = service::config::load(
            "exchange",
            Config::DEFAULTS,
            None,
            std::iter::empty(),
            &told,
        )
        .unwrap();
        let (trigger, shutdown) = Shutdown::new();
        let running = std::thread::spawn(move || {
            let _removed = RemovedAtEnd(data_dir);
            let listeners = Listeners {
                rtb: rtb.into(),
                ssp: ssp.into(),
            };
            exchange_server::run(config, listeners, shutdown).unwrap();
        });
        let market = Self {
            rtb: rtb_url,
            ssp: ssp_url,
            events_url: events_url.to_owned(),
            control_plane,
            dsp,
            trigger,
            running: Some(running),
        };
        for side in [&market.rtb, &market.ssp] {
            let ready = format!("{side}/readyz");
            poll_until(PATIENCE, async || get(&ready).await.status == 200).await;
        }
        market
    }

    /// An ad for a placement, which the DSP is to win.
    pub(crate) async fn ad(&self, placement: &str) -> Value {
        let body = json!({"placement_id": placement});
        let url = format!("{}/ad-request", self.ssp);
        post_json(&url, &body).await.expect_status(200).json()
    }

    /// What the exchange accounts for, oldest first.
    pub(crate) async fn deliveries(&self) -> Vec<DeliveryEvent> {
        let log = EventLog::connect(&self.events_url, Timeouts::default()).unwrap();
        let entries = log.read_after(DELIVERY_STREAM, START, 100).await.unwrap();
        let read = |payload: &[u8]| serde_json::from_slice(payload).unwrap();
        entries.iter().map(|entry| read(&entry.payload)).collect()
    }

    /// A URL of the SSP side.
    pub(crate) fn ssp(&self, path: &str) -> String {
        format!("{}{path}", self.ssp)
    }

    /// A URL of the RTB side.
    pub(crate) fn rtb(&self, path: &str) -> String {
        format!("{}{path}", self.rtb)
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        self.trigger.fire();
        let ended = self.running.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

struct RemovedAtEnd(String);

impl Drop for RemovedAtEnd {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn data_dir() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("gavel-exchange-{}-{number}", std::process::id());
    std::env::temp_dir()
        .join(name)
        .to_string_lossy()
        .into_owned()
}

/// Two publishers, their placements, one DSP.
fn catalog(endpoint: &str) -> Catalog {
    let placement = |id: &str, formats: &[&str]| {
        json!({
            "id": id, "publisher": "paper", "name": format!("The {id}"), "formats": formats,
            "sizes": ["300x250"], "floor": 500_000,
        })
    };
    let mut asleep = placement("asleep", &["banner"]);
    asleep["status"] = json!("paused");
    let mut feed = placement("feed", &["native"]);
    feed["sizes"] = json!([]);
    let mut euro = placement("euro", &["banner"]);
    euro["publisher"] = json!("zeitung");
    let catalog = json!({
        "version": 1,
        "rates": {"id": 3, "per_usd": {"EUR": 800_000_000}},
        "publishers": [
            {"id": "paper", "name": "Paper", "domain": "paper.example", "fee": 100_000, "currency": "USD"},
            {"id": "zeitung", "name": "Zeitung", "domain": "zeitung.example", "fee": 125_000, "currency": "EUR"},
        ],
        "placements": [
            placement("top", &["banner"]), placement("player", &["video"]),
            feed, asleep, euro,
        ],
        "partners": [{"id": "dsp_rival", "name": "rival", "endpoint": endpoint, "active": true}],
        "notice_keys": [key()],
    });
    serde_json::from_value(catalog).unwrap()
}
