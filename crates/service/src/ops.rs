//! The routes that every service has, answered before its handler is asked.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, Method, StatusCode, request::Parts};

use crate::{
    access,
    health::Health,
    http::{self as answers, Class, Gate, Gauges, Response, ShedReason},
    metrics::{Counter, Gauge, Histogram, Metrics, buckets},
    problem::Problem,
};

const SHED_HELP: &str = "Requests turned away, by reason.";

/// What a service shows of itself; cloned to its workers, shared by them.
#[derive(Clone)]
pub struct Ops {
    /// Whether it lives and is ready.
    pub health: Health,
    /// What it counts.
    pub metrics: Metrics,
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Shared {
    service: &'static str,
    version: &'static str,
    openapi: Option<fn() -> String>,
    metrics_public: bool,
    operator: Option<Operator>,
    gate: Arc<Gate>,
    counts: Counts,
}

type Operator = Arc<dyn Fn(&HeaderMap) -> bool + Send + Sync>;

/// What the front counts itself, registered once.
#[derive(Clone)]
struct Counts {
    requests: [[Counter; 5]; 4],
    durations: [Histogram; 4],
    shed: [Counter; ShedReason::ALL.len()],
    panics: Counter,
    refused: Counter,
}

impl Ops {
    /// The operations routes of `service` (its name in `/health`).
    #[must_use]
    pub fn new(service: &'static str, version: &'static str) -> Self {
        let metrics = Metrics::new();
        metrics
            .gauge(
                "gavel_build_info",
                "Always 1; the labels say what runs.",
                &[("service", service), ("version", version)],
            )
            .set(1.0);
        let gauge = |name, help| metrics.gauge(name, help, &[]);
        let gate = Gate::new(Gauges {
            connections: gauge("gavel_http_connections", "Open connections."),
            in_flight: gauge("gavel_http_in_flight", "Requests in work."),
            arriving: gauge(
                "gavel_http_arriving_bytes",
                "Kept of bodies whose rest is waited for.",
            ),
        });
        let shared = Shared {
            service,
            version,
            openapi: None,
            metrics_public: false,
            operator: None,
            gate: Arc::new(gate),
            counts: Counts::register(&metrics),
        };
        Self {
            health: Health::new(),
            metrics,
            shared: Arc::new(shared),
        }
    }

    /// The same with an OpenAPI document, which turns on `/openapi.json` and `/docs`.
    #[must_use]
    pub fn with_openapi(self, document: fn() -> String) -> Self {
        self.change(|shared| shared.openapi = Some(document))
    }

    /// The same with `/metrics` open on listeners that are not loopback.
    #[must_use]
    pub fn with_public_metrics(self, public: bool) -> Self {
        self.change(|shared| shared.metrics_public = public)
    }

    /// The same with a check of operator tokens, for `/metrics` on listeners that are not loopback.
    #[must_use]
    pub fn with_operator(
        self,
        is_operator: impl Fn(&HeaderMap) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.change(|shared| shared.operator = Some(Arc::new(is_operator)))
    }

    /// The service's name.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.shared.service
    }

    /// A gauge for the age of one more worker's run queue.
    pub(crate) fn queue_age(&self) -> Gauge {
        let worker = self.shared.gate.next_worker().to_string();
        self.metrics.gauge(
            "gavel_http_queue_age_seconds",
            "How long a request that is ready waits for its worker.",
            &[("worker", &worker)],
        )
    }

    /// What is open and in work.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.shared.gate
    }

    fn change(self, change: impl FnOnce(&mut Shared)) -> Self {
        let mut shared = (*self.shared).clone();
        change(&mut shared);
        Self {
            shared: Arc::new(shared),
            ..self
        }
    }

    /// The answer when the path is one of ours.
    pub(crate) fn answer(&self, head: &Parts, listens_on_loopback: bool) -> Option<Response> {
        let path = head.uri.path();
        let page = path
            .strip_prefix("/docs")
            .filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let known = page.is_some()
            || matches!(
                path,
                "/health" | "/livez" | "/readyz" | "/metrics" | "/version" | "/openapi.json"
            );
        if !known {
            return None;
        }
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return Some(answers::method_not_allowed("GET, HEAD"));
        }
        Some(match path {
            "/health" => self.report(),
            "/livez" => answers::text(StatusCode::OK, "alive\n"),
            "/readyz" => self.readiness(),
            "/metrics" => self.numbers(&head.headers, listens_on_loopback),
            "/version" => self.version(),
            "/openapi.json" => self.document(),
            _ => self.page(page.unwrap_or_default()),
        })
    }

    fn report(&self) -> Response {
        let report = self.health.report(self.shared.service, self.shared.version);
        answers::json(
            ready_status(self.health.is_ready()),
            serde_json::to_vec(&report).unwrap_or_default(),
        )
    }

    fn readiness(&self) -> Response {
        let ready = self.health.is_ready();
        let text = if ready {
            "ready\n"
        } else if self.health.is_draining() {
            "draining\n"
        } else {
            "not ready\n"
        };
        answers::text(ready_status(ready), text)
    }

    fn numbers(&self, headers: &HeaderMap, listens_on_loopback: bool) -> Response {
        let shared = &self.shared;
        let is_operator = || shared.operator.as_ref().is_some_and(|check| check(headers));
        if listens_on_loopback || shared.metrics_public || is_operator() {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            return answers::with_type(StatusCode::OK, kind, self.metrics.render());
        }
        if access::bearer(headers).is_some() {
            Problem::forbidden().into_response()
        } else {
            Problem::unauthorized().into_response()
        }
    }

    fn version(&self) -> Response {
        let body = serde_json::json!({
            "service": self.shared.service,
            "version": self.shared.version,
        });
        answers::json(StatusCode::OK, body.to_string().into_bytes())
    }

    fn document(&self) -> Response {
        match self.shared.openapi {
            Some(document) => answers::json(StatusCode::OK, document().into_bytes()),
            None => Problem::not_found().into_response(),
        }
    }

    /// The reference pages, from files inside this binary: they work without a network.
    fn page(&self, rest: &str) -> Response {
        if self.shared.openapi.is_none() {
            return Problem::not_found().into_response();
        }
        let Some(name) = rest.strip_prefix('/') else {
            return answers::redirect("/docs/");
        };
        // Relative, so that the pages also work behind a path prefix.
        let config = Arc::new(utoipa_swagger_ui::Config::from("../openapi.json"));
        match utoipa_swagger_ui::serve(name, config) {
            Ok(Some(file)) => {
                let mut response = answers::status(StatusCode::OK);
                if let Ok(kind) = file.content_type.parse() {
                    response
                        .headers_mut()
                        .insert(http::header::CONTENT_TYPE, kind);
                }
                response.map(|_empty| file.bytes.into_owned().into())
            }
            Ok(None) | Err(_) => Problem::not_found().into_response(),
        }
    }

    pub(crate) fn count(&self, class: Class, status: StatusCode, took: Duration) {
        let counts = &self.shared.counts;
        let row = class_index(class);
        let column = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = counts.requests.get(row).and_then(|row| row.get(column)) {
            counter.inc();
        }
        if let Some(histogram) = counts.durations.get(row) {
            histogram.observe(took);
        }
    }

    /// Counts a request that was turned away; the front counts its own.
    pub fn shed(&self, reason: ShedReason) {
        let at = ShedReason::ALL.iter().position(|it| *it == reason);
        if let Some(counter) = at.and_then(|at| self.shared.counts.shed.get(at)) {
            counter.inc();
        }
    }

    pub(crate) fn panicked(&self) {
        self.shared.counts.panics.inc();
    }

    pub(crate) fn refused_connection(&self) {
        self.shared.counts.refused.inc();
    }
}

impl Counts {
    fn register(metrics: &Metrics) -> Self {
        let classes = ["bid", "notice", "ops", "api"];
        let statuses = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        Self {
            requests: classes.map(|class| {
                statuses.map(|status| {
                    metrics.counter(
                        "gavel_http_requests_total",
                        "Requests answered, by kind of call and class of status.",
                        &[("class", class), ("status", status)],
                    )
                })
            }),
            durations: classes.map(|class| {
                metrics.histogram(
                    "gavel_http_request_duration_seconds",
                    "From the headers' arrival to the answer, by kind of call.",
                    &[("class", class)],
                    buckets::BID,
                )
            }),
            shed: ShedReason::ALL.map(|reason| {
                metrics.counter("gavel_shed_total", SHED_HELP, &[("reason", reason.label())])
            }),
            panics: metrics.counter(
                "gavel_http_panics_total",
                "Requests that ended in a panic of ours.",
                &[],
            ),
            refused: metrics.counter(
                "gavel_http_connections_refused_total",
                "Connections closed at once because there were too many.",
                &[],
            ),
        }
    }
}

impl fmt::Debug for Ops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ops")
            .field("service", &self.shared.service)
            .field("version", &self.shared.version)
            .finish_non_exhaustive()
    }
}

const fn class_index(class: Class) -> usize {
    match class {
        Class::Bid => 0,
        Class::Notice => 1,
        Class::Ops => 2,
        Class::Api => 3,
    }
}

const fn ready_status(ready: bool) -> StatusCode {
    if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}
