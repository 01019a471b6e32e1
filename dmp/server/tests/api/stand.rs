//! A DMP on a port of its own, with a real Redis and a small control plane beside it.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use contracts::catalog::Catalog;
use contracts::profile::{Rule, SegmentRule};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use service::{Shutdown, Trigger};
use testkit::http::{Answer, send};
use testkit::poll_until;
use tokio::sync::watch;

pub(crate) const TOKEN: &str = "service-token-of-this-test";
const LIMIT: Duration = Duration::from_secs(30);

/// The seed's segments, as ordinary rules.
pub(crate) fn seed_rules() -> Vec<SegmentRule> {
    vec![
        segment("high_value", Rule::Behavior("buyer".into())),
        segment("mobile_users", Rule::DeviceType("mobile".into())),
        segment("young_adults", Rule::Age { min: 18, max: 35 }),
    ]
}

pub(crate) fn segment(id: &str, rule: Rule) -> SegmentRule {
    SegmentRule {
        id: id.into(),
        name: id.replace('_', " "),
        rule: Some(rule),
    }
}

/// What the control plane of a test holds.
pub(crate) struct ControlPlane {
    catalog: watch::Sender<Catalog>,
    /// Bodies of `POST /segments`, with whether they carried the service token.
    pub(crate) posted: Mutex<Vec<(String, bool)>>,
}

impl ControlPlane {
    /// Publishes other rules under the next version.
    pub(crate) fn publish(&self, segments: Vec<SegmentRule>) {
        self.catalog.send_modify(|catalog| {
            catalog.version += 1;
            catalog.segments = segments;
        });
    }
}

/// The DMP of a test; ends with it.
pub(crate) struct Dmp {
    pub(crate) base: String,
    pub(crate) control_plane: Arc<ControlPlane>,
    pub(crate) redis_url: String,
    _trigger: Trigger,
}

impl Dmp {
    /// In local mode, with the seed's segments in force.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[("local_mode", "true")]).await
    }

    /// With other values than the defaults.
    pub(crate) async fn start_with(overrides: &[(&str, &str)]) -> Self {
        let dmp = Self::begin(overrides).await;
        poll_until(LIMIT, async || dmp.get("/readyz").await.status == 200).await;
        dmp
    }

    /// The same, and does not wait until it is ready.
    pub(crate) async fn begin(overrides: &[(&str, &str)]) -> Self {
        let redis_url = testkit::stores().redis().await.state_url;
        let (control_plane, control_plane_url) = control_plane().await;
        let mut told = vec![
            ("redis_url", redis_url.as_str()),
            ("control_plane_url", control_plane_url.as_str()),
            ("service_token", TOKEN),
        ];
        told.extend_from_slice(overrides);
        let told: Vec<(String, String)> = told
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let config: dmp_server::Config = service::config::load(
            "dmp",
            dmp_server::Config::DEFAULTS,
            None,
            std::iter::empty(),
            &told,
        )
        .unwrap();

        let api = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", api.local_addr().unwrap());
        let (trigger, shutdown) = Shutdown::new();
        std::thread::spawn(move || {
            let listeners = dmp_server::Listeners { api: api.into() };
            dmp_server::run(config, listeners, shutdown).unwrap();
        });
        Self {
            base,
            control_plane,
            redis_url,
            _trigger: trigger,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        testkit::http::get(&self.url(path)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        testkit::http::put_json(&self.url(path), &body).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        testkit::http::post_json(&self.url(path), &body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        testkit::http::delete(&self.url(path)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        send(method, &self.url(path), headers, body).await
    }

    /// Ids of a user's segments.
    pub(crate) async fn segments_of(&self, user: &str) -> Vec<String> {
        let answer = self.get(&format!("/user/{user}/profile")).await;
        let json = answer.gives(200).json();
        let segments = json["segments"].as_array().unwrap().clone();
        segments
            .iter()
            .map(|segment| segment["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Insists on a status, where the rest of the answer may not matter.
pub(crate) trait Gives {
    fn gives(self, status: u16) -> Answer;
}

impl Gives for Answer {
    fn gives(self, status: u16) -> Answer {
        self.expect_status(status)
    }
}

/// Waits, generously, for a state.
pub(crate) async fn wait_for(look: impl AsyncFnMut() -> bool) {
    poll_until(LIMIT, look).await;
}

async fn control_plane() -> (Arc<ControlPlane>, String) {
    let catalog = Catalog {
        version: 1,
        segments: seed_rules(),
        ..Catalog::default()
    };
    let control_plane = Arc::new(ControlPlane {
        catalog: watch::Sender::new(catalog),
        posted: Mutex::new(Vec::new()),
    });
    let router = Router::new()
        .route(contracts::access::CATALOG_PATH, get(feed))
        .route("/segments", post(create))
        .with_state(Arc::clone(&control_plane));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (trigger, shutdown) = Shutdown::new();
    let ops = service::Ops::new("control-plane", "0");
    let listener = listener.into_std().unwrap();
    tokio::spawn(async move {
        let _alive = trigger;
        let limits = service::http::Limits::default();
        service::http::serve_axum(listener, router, &limits, shutdown, ops)
            .await
            .unwrap();
    });
    (control_plane, url)
}

async fn feed(
    State(control_plane): State<Arc<ControlPlane>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if !service::access::has_service_token(&headers, TOKEN) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let after: u64 = query
        .as_deref()
        .and_then(|query| service::http::query_param(query, "after"))
        .and_then(|after| after.parse().ok())
        .unwrap_or_default();
    let mut catalog = control_plane.catalog.subscribe();
    let newer = catalog.wait_for(|catalog| catalog.version > after);
    match tokio::time::timeout(Duration::from_secs(5), newer).await {
        Ok(Ok(catalog)) => axum::Json(catalog.clone()).into_response(),
        Ok(Err(_)) | Err(_) => StatusCode::NOT_MODIFIED.into_response(),
    }
}

async fn create(
    State(control_plane): State<Arc<ControlPlane>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let trusted = service::access::has_service_token(&headers, TOKEN);
    control_plane
        .posted
        .lock()
        .unwrap()
        .push((body.clone(), trusted));
    (
        StatusCode::CREATED,
        [("content-type", "application/json")],
        body,
    )
        .into_response()
}
