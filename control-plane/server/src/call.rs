//! A call as handlers take it: the caller, the query and the body, read once.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequest, MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use control_plane_core::Form;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};

use crate::access::Actor;
use crate::app::version_7;
use crate::openapi;
use crate::refusal::Refusal;
use crate::store::Caller;
use crate::store::page::Page;

/// Longest idempotency key, as Stripe's.
const MAX_KEY: usize = 255;

/// The id of a request: in its audit rows, and in its answer's `x-request-id`.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The caller's where it can be kept, else one of ours.
    fn of(headers: &HeaderMap) -> Self {
        let usable = |given: &&str| (1..=128).contains(&given.len());
        match text(headers, "x-request-id").filter(usable) {
            Some(given) => Self(given.to_owned()),
            None => Self(version_7(service::clock::now()).to_string()),
        }
    }
}

/// Gives the request its id, and the answer the same.
pub(crate) async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let told = HeaderValue::from_str(&id.0);
    request.extensions_mut().insert(id);
    let mut response = next.run(request).await;
    if let Ok(told) = told {
        response.headers_mut().insert("x-request-id", told);
    }
    response
}

/// Refuses a query parameter that the operation does not have: ignored, it would look like an answer to what was asked.
/// Calls between services may be of a later version, and offer what they know.
pub(crate) async fn asks_what_is_known(request: Request, next: Next) -> Response {
    match unknown_parameter(&request) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    }
}

fn unknown_parameter(request: &Request) -> Option<Refusal> {
    let query = request.uri().query()?;
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    if path.starts_with("/internal/") {
        return None;
    }
    let known = openapi::parameters(request.method(), path)?;
    let mut names = service::http::query_names(query);
    let unknown = names.find(|name| !known.iter().any(|it| it == name))?;
    let unknown: String = unknown.chars().take(64).collect();
    let takes = match known {
        [] => "none".to_owned(),
        known => known.join(", "),
    };
    Some(Refusal::Request(format!(
        "{} {path} has no query parameter {unknown:?}: it takes {takes}",
        request.method()
    )))
}

/// One request of the API.
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) query: Option<String>,
    body: Bytes,
    /// The body is lines of text, which few paths take.
    is_text: bool,
}

impl Call {
    /// The body as a form.
    ///
    /// # Errors
    /// [`Refusal::Body`] when it is no JSON object.
    pub(crate) fn form(&self) -> Result<Form, Refusal> {
        if self.is_text {
            return Err(Refusal::MediaType);
        }
        Ok(Form::read(&self.body)?)
    }

    /// The body as it came.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The page of a list that is asked for.
    ///
    /// # Errors
    /// [`Refusal::Request`].
    pub(crate) fn page(&self) -> Result<Page, Refusal> {
        Page::read(self.query.as_deref())
    }

    /// The first value of a query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        let value = service::http::query_param(self.query.as_deref()?, name)?;
        Some(value.into_owned())
    }
}

impl<S: Sync> FromRequest<S> for Call {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| Refusal::Request(format!("the body did not arrive: {error}")))?
            .to_bytes();
        let headers = &parts.headers;
        let is_text = is_text(headers);
        if !body.is_empty() && !is_text && !is_json(headers) {
            return Err(Refusal::MediaType);
        }
        let actor = parts.extensions.get::<Actor>().copied();
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let query = parts.uri.query().map(ToOwned::to_owned);
        let dry_run = service::http::query_param(query.as_deref().unwrap_or_default(), "dry_run");
        let caller = Caller {
            actor: actor.map_or("unknown", Actor::name),
            ip: peer.map_or_else(String::new, |peer| network(peer.0.ip())),
            request_id: parts
                .extensions
                .get::<RequestId>()
                .map_or_else(String::new, |id| id.0.clone()),
            dry_run: matches!(dry_run.as_deref(), Some("true" | "1" | "")),
            if_match: if_match(headers)?,
            key: idempotency_key(headers, &parts.method, &parts.uri, &body)?,
        };
        Ok(Self {
            caller,
            query,
            body,
            is_text,
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let kind = value.to_str().unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = text(headers, "content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["text/plain", "text/csv"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
}

fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Refusal> {
    let Some(given) = text(headers, "if-match").filter(|given| *given != "*") else {
        return Ok(None);
    };
    let tag = given.trim().trim_start_matches("W/").trim_matches('"');
    match tag.parse() {
        Ok(version) => Ok(Some(version)),
        Err(_) => Err(Refusal::Request(
            "If-Match must be an ETag of ours".to_owned(),
        )),
    }
}

fn idempotency_key(
    headers: &HeaderMap,
    method: &Method,
    uri: &http::Uri,
    body: &[u8],
) -> Result<Option<(String, [u8; 32])>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > MAX_KEY {
        let says = format!("Idempotency-Key must have 1 to {MAX_KEY} visible characters");
        return Err(Refusal::Request(says));
    }
    let mut digest = Sha256::new();
    digest.update(method.as_str());
    digest.update([0]);
    digest.update(uri.to_string());
    digest.update([0]);
    digest.update(body);
    Ok(Some((key.to_owned(), digest.finalize().into())))
}

/// The network of an address: /24 or /48, so that the audit log names no person (S12).
fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_host() {
        for (address, want) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
            ("::1", "0:0:0::/48"),
        ] {
            assert_eq!(network(address.parse().unwrap()), want);
        }
    }
}
