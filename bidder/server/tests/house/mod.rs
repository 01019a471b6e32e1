//! A bidder over a real socket, with real Redis and a control plane that grants what is asked.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]
#![allow(unreachable_pub, reason = "shared by test binaries")]
#![allow(dead_code, reason = "each test binary uses its part of the house")]

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bidder_server::{Config, DEFAULTS, Listeners};
use contracts::catalog::Catalog;
use contracts::lease::{Grant, LeaseAnswer, LeaseAsk};
use serde_json::Value;
use service::http::{Handler, Limits, Request, Response, StatusCode, json, status};
use service::{Ops, Shutdown, Trigger};
use testkit::http::{Answer, get, send};
use units::{LeaseId, UnixMillis};

pub const OPERATOR: (&str, &str) = ("authorization", "Bearer operator-secret");
const PATIENCE: Duration = Duration::from_secs(30);

/// What the control plane was told, and what it publishes.
#[derive(Default)]
pub struct Plane {
    pub catalog: Mutex<Catalog>,
    pub asks: Mutex<Vec<LeaseAsk>>,
    /// Answers asks with 503.
    pub away: Mutex<bool>,
    /// Takes asks, and the answers to them are lost.
    pub unheard: Mutex<bool>,
    /// Answers nothing but 503.
    pub down: Mutex<bool>,
    /// Published in place of the catalog, under its version.
    pub text: Mutex<Option<String>>,
    /// Entries of shared lists by id, with their version; what is not here is 404.
    pub lists: Mutex<std::collections::HashMap<String, (u64, String)>>,
}

struct PlaneHandler(Arc<Plane>);

impl Handler for PlaneHandler {
    async fn handle(&self, request: Request) -> Response {
        assert_eq!(
            request.header("authorization"),
            Some("Bearer service-secret")
        );
        if *self.0.down.lock().unwrap() {
            return status(StatusCode::SERVICE_UNAVAILABLE);
        }
        match request.path.as_str() {
            "/internal/catalog" => self.catalog(&request).await,
            "/internal/leases" => self.leases(&request),
            path => self.list(path),
        }
    }
}

impl PlaneHandler {
    async fn catalog(&self, request: &Request) -> Response {
        let known = request
            .query_param("after")
            .and_then(|it| it.parse::<u64>().ok());
        let (version, body) = {
            let catalog = self.0.catalog.lock().unwrap();
            let body = match &*self.0.text.lock().unwrap() {
                Some(text) => text.clone().into_bytes(),
                None => serde_json::to_vec(&*catalog).unwrap(),
            };
            (catalog.version, body)
        };
        if known == Some(version) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            return status(StatusCode::NOT_MODIFIED);
        }
        json(StatusCode::OK, body)
    }

    fn list(&self, path: &str) -> Response {
        let id = path.strip_prefix("/internal/lists/").unwrap_or_default();
        let Some((version, text)) = self.0.lists.lock().unwrap().get(id).cloned() else {
            return status(StatusCode::NOT_FOUND);
        };
        let mut response = json(StatusCode::OK, text.into_bytes());
        let tag = format!("\"{version}\"").parse().unwrap();
        response.headers_mut().insert("etag", tag);
        response
    }

    fn leases(&self, request: &Request) -> Response {
        if *self.0.away.lock().unwrap() {
            return status(StatusCode::SERVICE_UNAVAILABLE);
        }
        let ask: LeaseAsk = serde_json::from_slice(&request.body).unwrap();
        let epochs: std::collections::HashMap<_, _> = {
            let catalog = self.0.catalog.lock().unwrap();
            catalog
                .line_items
                .iter()
                .map(|it| (it.id.clone(), it.epoch))
                .collect()
        };
        let now = service::clock::now();
        let grant = |want: &contracts::lease::Want| {
            Some(Grant {
                lease: LeaseId::new(now, service::clock::random_bytes()),
                epoch: *epochs.get(want.line_item.as_str())?,
                line_item: want.line_item.clone(),
                face: want.amount,
                ttl_ms: 10_000,
                settle_by: UnixMillis(now.0 + 310_000),
                reservation_life_s: 300,
            })
        };
        let answer = LeaseAnswer {
            boot: ask.boot,
            grants: ask.wants.iter().filter_map(grant).collect(),
            refusals: Vec::new(),
        };
        self.0.asks.lock().unwrap().push(ask);
        if *self.0.unheard.lock().unwrap() {
            return status(StatusCode::BAD_GATEWAY);
        }
        json(StatusCode::OK, serde_json::to_vec(&answer).unwrap())
    }
}

/// A running bidder.
pub struct House {
    pub url: String,
    pub plane: Arc<Plane>,
    pub redis: testkit::Redis,
    pub address: std::net::SocketAddr,
    pub data: PathBuf,
    plane_url: String,
    triggers: Vec<Trigger>,
    threads: Vec<JoinHandle<()>>,
}

impl House {
    /// Starts a bidder with this catalog and waits until it has money for every line item.
    pub async fn open(catalog: Catalog, overrides: &[(&str, &str)]) -> Self {
        let house = Self::start(catalog, overrides).await;
        house.until_funded().await;
        house
    }

    pub async fn start(catalog: Catalog, overrides: &[(&str, &str)]) -> Self {
        let redis = testkit::stores().redis().await;
        let plane = Arc::new(Plane {
            catalog: Mutex::new(catalog),
            ..Plane::default()
        });
        let mut house = Self {
            url: String::new(),
            address: ([127, 0, 0, 1], 0).into(),
            data: std::env::temp_dir().join(format!(
                "gavel-bidder-{}",
                uuid::Uuid::from_bytes(service::clock::random_bytes())
            )),
            plane,
            plane_url: String::new(),
            redis,
            triggers: Vec::new(),
            threads: Vec::new(),
        };
        house.plane_url = house.serve_plane();
        house.serve_bidder(overrides);
        let ready = format!("{}/readyz", house.url);
        testkit::poll_until(PATIENCE, async || get(&ready).await.status == 200).await;
        house
    }

    fn serve_plane(&mut self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (trigger, shutdown) = Shutdown::new();
        let plane = Arc::clone(&self.plane);
        self.triggers.push(trigger);
        self.threads.push(std::thread::spawn(move || {
            service::runtime::per_core(1, "plane", |_| {
                let (listener, shutdown) = (listener.try_clone(), shutdown.clone());
                let handler = PlaneHandler(Arc::clone(&plane));
                let limits = quick();
                async move {
                    let ops = Ops::new("plane", "0");
                    service::http::serve(listener.unwrap(), &limits, handler, shutdown, ops)
                        .await
                        .unwrap();
                }
            })
            .unwrap();
        }));
        format!("http://{address}")
    }

    /// Ends the bidder and starts another on the same data; does not wait until that one is ready.
    pub fn restart(&mut self, overrides: &[(&str, &str)]) {
        self.stop_bidder();
        self.serve_bidder(overrides);
    }

    /// Ends the bidder, which was started last.
    pub fn stop_bidder(&mut self) {
        self.triggers.pop().unwrap().fire();
        self.threads.pop().unwrap().join().unwrap();
    }

    pub fn serve_bidder(&mut self, overrides: &[(&str, &str)]) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        self.address = listener.local_addr().unwrap();
        self.url = format!("http://{}", self.address);
        let usual = [
            ("listen", self.address.to_string()),
            ("control_plane_url", self.plane_url.clone()),
            ("redis_url", self.redis.state_url.clone()),
            ("events_redis_url", self.redis.events_url.clone()),
            ("events_durability", "unchecked".to_owned()),
            ("data_dir", self.data.display().to_string()),
            ("workers", "2".to_owned()),
            ("name", "bidder-test".to_owned()),
            ("service_token", "service-secret".to_owned()),
            ("operator_token", "operator-secret".to_owned()),
            ("lease_interval", "50ms".to_owned()),
            ("user_budget", "2000ms".to_owned()),
            ("limits.drain_limit", "1000ms".to_owned()),
        ];
        let all: Vec<(String, String)> = usual
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .chain(
                overrides
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
            )
            .collect();
        let config: Config =
            service::config::load("bidder", DEFAULTS, None, std::iter::empty(), &all).unwrap();
        let (trigger, shutdown) = Shutdown::new();
        self.triggers.push(trigger);
        self.threads.push(std::thread::spawn(move || {
            let listeners = Listeners {
                bidder: listener.into(),
            };
            bidder_server::run(config, listeners, shutdown).unwrap();
        }));
    }

    pub async fn until_funded(&self) {
        testkit::poll_until(PATIENCE, async || {
            let loaded = self.operator("/campaigns").await.json();
            let items = loaded["items"].as_array().unwrap();
            items
                .iter()
                .flat_map(|it| it["line_items"].as_array().unwrap())
                .all(|it| it["leased_free"].as_f64() > Some(0.0))
        })
        .await;
    }

    pub async fn operator(&self, path: &str) -> Answer {
        send(
            service::http::Method::GET,
            &format!("{}{path}", self.url),
            &[OPERATOR],
            "",
        )
        .await
    }

    /// Posts a body as JSON, with further headers.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<service::http::Bytes>,
    ) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        send(
            service::http::Method::POST,
            &format!("{}{path}", self.url),
            &all,
            body,
        )
        .await
    }

    pub async fn bid(&self, request: &Value) -> Answer {
        self.post("/bid", &[], request.to_string()).await
    }

    /// Everything on the money log.
    pub async fn money_log(&self) -> Vec<contracts::event::MoneyEvent> {
        let log =
            eventlog::EventLog::connect(&self.redis.events_url, eventlog::Timeouts::default())
                .unwrap();
        let entries = log
            .read_after(contracts::event::MONEY_STREAM, eventlog::START, 1_000)
            .await
            .unwrap();
        entries
            .iter()
            .map(|it| serde_json::from_slice(&it.payload).unwrap())
            .collect()
    }
}

fn quick() -> Limits {
    Limits {
        drain_delay: service::config::Millis::new(0),
        drain_limit: service::config::Millis::new(1_000),
        ..Limits::default()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        for trigger in self.triggers.drain(..).rev() {
            trigger.fire();
        }
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "a service panicked"
            );
        }
        let _ = std::fs::remove_dir_all(&self.data);
    }
}
