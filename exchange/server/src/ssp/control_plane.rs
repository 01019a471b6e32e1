//! Calls that the control plane answers: the inventory and the revenue are its own.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use service::Problem;
use service::client::{Client, ClientConfig, InResponse, OutRequest, Target};
use service::http::Response;

use super::rights::Rights;
use crate::config::Config;
use crate::exchange::within;

/// For one call; a person or a program that manages inventory waits for it.
const LIMIT: Duration = Duration::from_secs(3);
/// What a list of placements may come to, in bytes.
const LARGEST: usize = 8 * 1024 * 1024;
/// When to try again while the control plane is away, in seconds.
const RETRY_AFTER: u32 = 2;

/// One call.
pub(super) struct Call<'c> {
    pub(super) method: Method,
    /// With its query.
    pub(super) path: &'c str,
    pub(super) rights: Rights,
    /// The caller's header fields, of which the conditional ones go along.
    pub(super) headers: &'c HeaderMap,
    pub(super) body: Bytes,
}

/// What goes along with a call, and what comes back with its answer.
const ASKED: [HeaderName; 3] = [
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
];
const ANSWERED: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::ETAG,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
];

/// A client for the control plane, which may be anywhere in our own network.
pub(super) fn client() -> Client {
    Client::new(ClientConfig {
        connect_timeout: Duration::from_secs(1),
        max_response: LARGEST,
        max_inflated: LARGEST,
        ..ClientConfig::local()
    })
}

/// Calls the control plane.
///
/// # Errors
/// 503 with `Retry-After` when it does not answer, or does not know our token.
pub(super) async fn call(
    client: &Client,
    config: &Config,
    call: Call<'_>,
) -> Result<InResponse, Box<Problem>> {
    let base = config.control_plane_url.trim_end_matches('/');
    let target = Target::parse(&format!("{base}{}", call.path)).map_err(away)?;
    let is_ours = call.rights == Rights::Ours;
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, authorization(config, call.rights)?);
    if !call.body.is_empty() {
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
    }
    for name in &ASKED {
        if let Some(value) = call.headers.get(name) {
            headers.insert(name, value.clone());
        }
    }
    let request = OutRequest {
        method: call.method,
        target: &target,
        headers,
        body: call.body,
    };
    let answer = client.send(request, within(LIMIT)).await.map_err(away)?;
    let refused = matches!(
        answer.status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    );
    if is_ours && refused {
        return Err(away("the control plane does not know our service token"));
    }
    Ok(answer)
}

/// The control plane's answer as ours.
pub(super) fn passed_on(answer: InResponse) -> Response {
    let mut response = service::http::status(answer.status);
    for name in ANSWERED {
        if let Some(value) = answer.headers.value(&name) {
            response.headers_mut().insert(name, value);
        }
    }
    response.map(|_empty| answer.body.into())
}

fn authorization(config: &Config, rights: Rights) -> Result<HeaderValue, Box<Problem>> {
    match rights {
        Rights::Callers(value) => Ok(value),
        Rights::Ours => {
            let told = format!("Bearer {}", config.service_token.expose());
            let mut value = HeaderValue::try_from(told).map_err(away)?;
            value.set_sensitive(true);
            Ok(value)
        }
    }
}

fn away(why: impl std::fmt::Display) -> Box<Problem> {
    tracing::warn!(%why, "the control plane cannot be asked");
    let problem = Problem::unavailable(RETRY_AFTER);
    problem.detail("the control plane does not answer").into()
}
