//! Passing calls on to the control plane, which holds the segments.

use std::time::{Duration, Instant};

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use service::client::{Client, ClientConfig, OutRequest, Target, TargetError};

use crate::refusal::Refusal;

const LIMIT: Duration = Duration::from_secs(5);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The control plane as the DMP calls it.
pub(crate) struct ControlPlane {
    client: Client,
    base: String,
    bearer: HeaderValue,
}

impl ControlPlane {
    pub(crate) fn new(url: &str, token: &str) -> Result<Self, TargetError> {
        Target::parse(url)?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .unwrap_or(HeaderValue::from_static("Bearer"));
        bearer.set_sensitive(true);
        Ok(Self {
            client: Client::new(ClientConfig {
                connect_timeout: Duration::from_secs(1),
                ..ClientConfig::local()
            }),
            base: url.trim_end_matches('/').to_owned(),
            bearer,
        })
    }

    /// Passes a POST on and its answer back. The caller's rights were checked here; it goes on as ours.
    pub(crate) async fn post(
        &self,
        path_and_query: &str,
        caller: &HeaderMap,
        body: Bytes,
    ) -> Result<Response, Refusal> {
        let target = Target::parse(&format!("{}{path_and_query}", self.base))
            .map_err(|error| Refusal::Address(error.to_string()))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, self.bearer.clone());
        for name in [header::CONTENT_TYPE, IDEMPOTENCY_KEY] {
            if let Some(value) = caller.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let request = OutRequest {
            method: Method::POST,
            target: &target,
            headers,
            body,
        };
        let answer = self
            .client
            .send(request, Instant::now() + LIMIT)
            .await
            .map_err(|error| {
                tracing::warn!(%error, "the control plane did not answer");
                Refusal::ControlPlaneAway
            })?;
        let mut response = Response::new(axum::body::Body::from(answer.body));
        *response.status_mut() = answer.status;
        for name in [
            header::CONTENT_TYPE,
            header::LOCATION,
            header::ETAG,
            header::RETRY_AFTER,
        ] {
            if let Some(value) = answer.headers.value(&name) {
                response.headers_mut().insert(name, value);
            }
        }
        Ok(response)
    }
}
