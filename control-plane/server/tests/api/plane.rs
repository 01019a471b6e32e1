//! A control plane on port 0, with a database and a log of its own.

use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use control_plane_server::{Config, Listeners, RunError, run};
use http::Method;
use serde_json::{Value, json};
use service::{Shutdown, Trigger};
use testkit::http::{Answer, get, send};
use testkit::poll_until;

pub(crate) const TOKEN: &str = "service-token-of-a-test";
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Plane {
    pub(crate) base: String,
    pub(crate) database_url: String,
    pub(crate) events_url: String,
    trigger: Trigger,
    thread: Option<JoinHandle<Result<(), RunError>>>,
}

impl Plane {
    /// Starts one in local mode and waits until it is ready.
    pub(crate) async fn start() -> Self {
        let database = testkit::stores().database().await;
        Self::start_on(database.url, true).await
    }

    /// Starts one on a database.
    pub(crate) async fn start_on(database_url: String, local_mode: bool) -> Self {
        Self::start_with(database_url, local_mode, &[]).await
    }

    /// Starts one on a database, configured otherwise.
    pub(crate) async fn start_with(
        database_url: String,
        local_mode: bool,
        more: &[(&str, &str)],
    ) -> Self {
        let redis = testkit::stores().redis().await;
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let overrides = [
            ("database_url", database_url.clone()),
            ("events_redis_url", redis.events_url.clone()),
            ("events_durability", "unchecked".to_owned()),
            ("redis_url", redis.state_url),
            ("service_token", TOKEN.to_owned()),
            ("local_mode", local_mode.to_string()),
            ("own_ports", format!("[{}]", address.port())),
            ("limits.drain_delay", "0ms".to_owned()),
            ("observed.refresh", "1s".to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value));
        let more = more
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let overrides: Vec<_> = overrides.into_iter().chain(more).collect();
        let nothing = std::iter::empty();
        let config: Config =
            service::config::load("control-plane", Config::DEFAULTS, None, nothing, &overrides)
                .expect("a configuration");
        let (trigger, shutdown) = Shutdown::new();
        let listeners = Listeners {
            api: listener.into(),
        };
        let thread = std::thread::spawn(move || run(config, listeners, shutdown));
        let plane = Self {
            base: format!("http://{address}"),
            database_url,
            events_url: redis.events_url,
            trigger,
            thread: Some(thread),
        };
        let health = plane.url("/health");
        poll_until(LONG, async || get(&health).await.status == 200).await;
        plane
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        get(&self.url(path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, &[], body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, &[], body).await
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        send(method, &self.url(path), &all, body.to_string()).await
    }

    pub(crate) async fn internal(&self, method: Method, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        send(method, &self.url(path), &headers, body.to_owned()).await
    }

    /// The advertiser of interfaces.md's example.
    pub(crate) async fn advertiser(&self) {
        let body = json!({"id": "advertiser_001", "name": "Shop", "domain": "advertiser-001.example", "seat": "seat-gavel"});
        let _ = self.post("/advertisers", body).await.expect_status(201);
    }

    /// A campaign in the short form; its id.
    pub(crate) async fn campaign(&self, budget: f64) -> String {
        let body = json!({"name": "c", "advertiser_id": "advertiser_001", "budget": budget,
            "creative": {"title": "t", "description": "d"}});
        let made = self
            .post("/campaigns", body)
            .await
            .expect_status(201)
            .json();
        made["id"].as_str().expect("an id").to_owned()
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.trigger.fire();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended
                    .expect("the control plane panicked")
                    .expect("the control plane failed");
            }
        }
    }
}
