//! The control plane as the exchange sees it: a catalog, placements, revenue.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::catalog::Catalog;
use serde_json::json;
use service::access::has_service_token;
use service::http::{self as answers, Request, Response, StatusCode};

use super::{Server, TOKEN};

/// A control plane that keeps what it is asked.
pub(crate) struct ControlPlane {
    pub(crate) server: Server,
    catalog: Arc<Mutex<Catalog>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Documents of auctions, by their path.
    records: Arc<Mutex<BTreeMap<String, String>>>,
    /// Calls of resources that are still answered 503.
    refused: Arc<AtomicU32>,
}

/// A call of a resource, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

impl ControlPlane {
    pub(crate) fn start(catalog: Catalog) -> Self {
        let catalog = Arc::new(Mutex::new(catalog));
        let published = Arc::clone(&catalog);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let refused = Arc::new(AtomicU32::new(0));
        let refuses = Arc::clone(&refused);
        let records = Arc::new(Mutex::new(BTreeMap::new()));
        let recorded = Arc::clone(&records);
        let pause = |request: &Request| {
            let waits = request.query_param("after").is_some();
            Duration::from_millis(if waits { 200 } else { 0 })
        };
        let server = Server::start(pause, move |request| {
            let catalog = published.lock().unwrap().clone();
            if request.path == contracts::access::CATALOG_PATH {
                return feed(&catalog, request);
            }
            let query = request.query.as_ref().map(|query| format!("?{query}"));
            kept.lock().unwrap().push(Asked {
                method: request.method.to_string(),
                path: format!("{}{}", request.path, query.unwrap_or_default()),
                authorization: request
                    .header("authorization")
                    .unwrap_or_default()
                    .to_owned(),
                body: String::from_utf8_lossy(&request.body).into_owned(),
            });
            let less = |left: u32| left.checked_sub(1);
            let order = Ordering::SeqCst;
            if refuses.fetch_update(order, order, less).is_ok() {
                return service::Problem::unavailable(1).into_response();
            }
            let record = recorded.lock().unwrap().get(&request.path).cloned();
            match record {
                Some(document) => answers::json(StatusCode::OK, String::into_bytes(document)),
                None => resource(&catalog, request),
            }
        });
        Self {
            server,
            catalog,
            asked,
            records,
            refused,
        }
    }

    /// Has the record of an auction from here on.
    pub(crate) fn record(&self, auction: &str, document: &str) {
        let path = format!("/internal/auctions/{auction}");
        self.records.lock().unwrap().insert(path, document.into());
    }

    /// The next so many calls of resources are answered 503.
    pub(crate) fn refuse_next(&self, count: u32) {
        self.refused.store(count, Ordering::SeqCst);
    }

    /// The bodies of all calls of a path, oldest first.
    pub(crate) fn told(&self, path: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let calls = asked.iter().filter(|asked| asked.path == path);
        calls.map(|asked| asked.body.clone()).collect()
    }

    /// Publishes the next version of the catalog.
    pub(crate) fn publish(&self, change: impl FnOnce(&mut Catalog)) {
        let mut catalog = self.catalog.lock().unwrap();
        change(&mut catalog);
        catalog.version += 1;
    }

    /// The newest call of a resource that an operator or a publisher wanted.
    pub(crate) fn last_asked(&self) -> Asked {
        let asked = self.asked.lock().unwrap();
        let mut calls = asked.iter();
        calls
            .rfind(|asked| asked.path != contracts::access::SIGHTINGS_PATH)
            .cloned()
            .unwrap()
    }
}

fn feed(catalog: &Catalog, request: &Request) -> Response {
    if !has_service_token(&request.headers, TOKEN) {
        return service::Problem::unauthorized().into_response();
    }
    let version = catalog.version.to_string();
    if request.query_param("after").as_deref() == Some(&version) {
        return answers::status(StatusCode::NOT_MODIFIED);
    }
    answers::json(StatusCode::OK, serde_json::to_vec(catalog).unwrap())
}

fn resource(catalog: &Catalog, request: &Request) -> Response {
    if !has_service_token(&request.headers, TOKEN) {
        return service::Problem::forbidden().into_response();
    }
    let ok = |body: serde_json::Value| answers::json(StatusCode::OK, body.to_string().into_bytes());
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/placements") => {
            let items: Vec<_> = catalog
                .placements
                .iter()
                .map(|p| json!({"id": p.id, "formats": p.formats, "status": p.status}))
                .collect();
            ok(json!({"items": items, "next_cursor": null}))
        }
        ("POST", "/placements") => {
            let mut made = ok(json!({"id": "side"}));
            *made.status_mut() = StatusCode::CREATED;
            let headers = made.headers_mut();
            headers.insert("location", "/placements/side".parse().unwrap());
            headers.insert("etag", "\"1\"".parse().unwrap());
            made
        }
        ("GET" | "PATCH", "/placements/top") => ok(json!({"id": "top"})),
        ("POST", contracts::access::SIGHTINGS_PATH) => {
            let batch: contracts::sighting::Sightings =
                serde_json::from_slice(&request.body).unwrap();
            ok(json!({"stored": batch.creatives.len(), "known": 0, "refused": 0}))
        }
        ("GET", "/internal/revenue") => ok(json!({"currency": "USD", "rows": []})),
        _ => service::Problem::not_found().into_response(),
    }
}
