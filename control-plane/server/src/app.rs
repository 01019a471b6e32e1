//! What every handler has at hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::{IntoResponse, Response};
use contracts::catalog::Review;
use control_plane_core::Edge;
use control_plane_core::budget::ReservationLife;
use deadpool_postgres::{Client, Pool};
use http::{HeaderValue, StatusCode, header};
use service::access::LocalMode;
use service::config::Secret;
use service::{Health, Shutdown, clock};
use units::UnixMillis;

use crate::ledger::Ledger;
use crate::publish::Feed;
use crate::refusal::Refusal;
use crate::store::{Answer, Edit};

/// The state of the router; cloned per request.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// What [`App`] shares.
pub(crate) struct Parts {
    pub(crate) pool: Pool,
    pub(crate) ledger: Ledger,
    pub(crate) feed: Arc<Feed>,
    pub(crate) shutdown: Shutdown,
    pub(crate) health: Health,
    pub(crate) admission: LocalMode,
    pub(crate) service_token: Secret,
    /// Where a creative stands when it is made.
    pub(crate) first_review: Review,
    /// How long a bid's notice may take.
    pub(crate) reservation_life: ReservationLife,
    /// Most entries of one shared list.
    pub(crate) most_list_entries: u64,
    /// Most creatives of one DSP that wait for a verdict.
    pub(crate) most_pending: u32,
    /// Whether the schema is there; until then every call is 503.
    pub(crate) migrated: AtomicBool,
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Whether the schema is there, or 503.
    pub(crate) fn ready(&self) -> Result<(), Refusal> {
        if self.migrated.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(Refusal::Unavailable(
            "the database is not migrated yet".to_owned(),
        ))
    }

    /// A connection to a database that is ready, or 503 within a second.
    pub(crate) async fn client(&self) -> Result<Client, Refusal> {
        self.ready()?;
        Ok(self.pool.get().await?)
    }

    /// Whether plain http and private endpoints are allowed.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.0.admission, LocalMode::On { .. })
    }

    /// Ends an edit; from here on the feeds carry it.
    pub(crate) async fn finish(&self, edit: Edit<'_>, answer: Answer) -> Result<Answer, Refusal> {
        let (answer, version) = edit.finish(answer).await?;
        if let Some(version) = version {
            self.feed.committed(version);
        }
        Ok(answer)
    }
}

/// Calls `decide` with the time and a source of ids.
pub(crate) fn at_the_edge<T>(decide: impl FnOnce(&mut Edge<'_>) -> T) -> T {
    let now = clock::now();
    let mut uuid = || version_7(now);
    decide(&mut Edge {
        now,
        uuid: &mut uuid,
    })
}

/// A UUIDv7 of this instant.
pub(crate) fn version_7(now: UnixMillis) -> uuid::Uuid {
    let millis = u64::try_from(now.0).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &clock::random_bytes()).into_uuid()
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = json(status, self.body);
        let headers = response.headers_mut();
        let fields = [(header::ETAG, self.etag), (header::LOCATION, self.location)];
        for (name, value) in fields {
            if let Some(Ok(value)) = value.map(|value| HeaderValue::from_str(&value)) {
                headers.insert(name, value);
            }
        }
        if self.repeated {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

/// An answer of JSON text.
pub(crate) fn json(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.into(),
    )
        .into_response()
}

/// 200 with a value's JSON.
pub(crate) fn shown(value: &impl serde::Serialize) -> Result<Response, Refusal> {
    let body = crate::store::edit::raw(value)?;
    Ok(json(StatusCode::OK, Box::<str>::from(body).into_string()))
}
