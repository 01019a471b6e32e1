//! `/sync`: a browser on its way to an exchange that wants to know what we call it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use dmp_core::sync;
use http::{HeaderMap, HeaderValue, Method, header};
use openrtb::consent::UrlChoice;
use service::{clock, http as answers};

use crate::App;
use crate::refusal::Refusal;

/// Sends a browser on to `to`, with our id of it appended, or in place of `$UID`. The id is a cookie of ours; it is made
/// here. Everybody may call this.
///
/// Where the person does not consent there is no id: the answer is a pixel, and a cookie that was there goes.
#[utoipa::path(
    get, path = "/sync", tag = "users", security(()),
    params(
        ("to" = String, Query, description = "Where to, at one of the exchanges of sync_return_to"),
        ("gdpr" = Option<String>, Query, description = "1 where the GDPR applies"),
        ("gdpr_consent" = Option<String>, Query, description = "TCF string"),
        ("gpp" = Option<String>, Query, description = "GPP string"),
        ("gpp_sid" = Option<String>, Query, description = "Its sections in force"),
        ("us_privacy" = Option<String>, Query, description = "US privacy string"),
        ("coppa" = Option<String>, Query, description = "1 for a child"),
    ),
    responses(
        (status = 200, description = "No consent: a transparent GIF", content_type = "image/gif"),
        (status = 302, description = "To the exchange, with the id"),
        (status = 400, description = "No return URL, or one that is not of a known exchange"),
    )
)]
pub(crate) async fn tell(
    State(app): State<Arc<App>>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let to = answers::query_param(&query, "to").unwrap_or_default();
    let known = app.visitors.known(&headers);
    let id = match known {
        Some(id) if !is_erased(&app, id).await => id.to_owned(),
        _ => app.visitors.welcome(clock::now()),
    };
    let onward = sync::return_url(&to, &app.sync_return_to, &id).ok_or_else(|| {
        let says =
            "the parameter to must be a URL of an exchange that sync_return_to of [dmp] lists";
        Refusal::Address(says.to_owned())
    })?;
    let records = method != Method::HEAD;
    if !sync::may_identify(&choice(&query, &headers), app.vendor) {
        app.metrics.syncs_refused.inc();
        let gone = app.visitors.forget().filter(|_| known.is_some() && records);
        return Ok(with_cookie(answers::gif(), gone));
    }
    app.metrics.syncs_told.inc();
    let kept = app.visitors.keep(&id).filter(|_| records);
    Ok(with_cookie(answers::redirect(&onward), kept))
}

/// Whoever was erased a short while ago is somebody new. While Redis is away nobody knows, and nothing is kept of it
/// either.
async fn is_erased(app: &App, id: &str) -> bool {
    let asked = app.users.state.is_erased(id).await;
    asked.unwrap_or_else(|error| {
        tracing::warn!(%error, "whether a browser was erased is not known");
        false
    })
}

fn choice(query: &str, headers: &HeaderMap) -> UrlChoice {
    let pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let pairs = pairs.map(|(name, value)| {
        (
            answers::percent_decode(name),
            answers::percent_decode(value),
        )
    });
    let mut choice = UrlChoice::read(pairs);
    let is_set = |name| headers.get(name).is_some_and(|value| value == "1");
    choice.opts_out = is_set(header::HeaderName::from_static("sec-gpc"));
    choice.untracked = is_set(header::DNT);
    choice
}

fn with_cookie(response: answers::Response, cookie: Option<HeaderValue>) -> Response {
    let mut response = response.map(Body::new);
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
