//! `/internal`: what the other services ask; the service token only.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use contracts::lease::LeaseAsk;
use contracts::sighting::Sightings;
use control_plane_core::{Fault, creative_verdict};
use http::{HeaderValue, StatusCode, header};
use service::feed::patch;
use units::{AuctionId, Currency, UnixMillis};

use crate::app::{App, at_the_edge, json, shown};
use crate::call::Call;
use crate::ingest::{Revenue, RevenueBy};
use crate::publish::Answer;
use crate::refusal::Refusal;
use crate::store::{rates, sightings};

/// Longest long poll.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// Milliseconds of a day.
pub(super) const DAY: i64 = 86_400_000;

/// Waits for a catalog other than `after`: 200 with it, or 304. With `patch=1` the answer may be what changed
/// line by line, as `application/vnd.gavel.patch`.
#[utoipa::path(get, path = "/internal/catalog", tag = "internal",
    params(("after" = Option<u64>, Query), ("wait_ms" = Option<u64>, Query), ("patch" = Option<u64>, Query)),
    responses((status = 200, description = "The catalog, or patches of it", body = Object), (status = 304, description = "Nothing new")))]
pub(crate) async fn catalog(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    app.ready()?;
    let number = |name: &str| match call.param(name) {
        None => Ok(0),
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| Refusal::Request(format!("{name} must be a number"))),
    };
    let (after, wait) = (number("after")?, Duration::from_millis(number("wait_ms")?));
    let by_patch = call.param("patch").as_deref() == Some(patch::ACCEPTED);
    let answer = app
        .feed
        .after(after, wait.min(MAX_WAIT), by_patch, &app.shutdown)
        .await?;
    let (rendered, kind) = match answer {
        None => return Ok(StatusCode::NOT_MODIFIED.into_response()),
        Some(Answer::Whole(rendered)) => (rendered, "application/json"),
        Some(Answer::Patches(rendered)) => (rendered, patch::MEDIA_TYPE),
    };
    let mut response = json(StatusCode::OK, rendered.body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", rendered.version)) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Grants leases, takes ended ones back, counts what bidders counted.
#[utoipa::path(post, path = "/internal/leases", tag = "internal", request_body(content = Object),
    responses((status = 200, description = "Grants and refusals", body = Object), (status = 400)))]
pub(crate) async fn leases(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    app.ready()?;
    let ask: LeaseAsk = serde_json::from_slice(call.bytes())
        .map_err(|error| Fault::form("", format!("is no ask for leases: {error}")))?;
    shown(&app.ledger.grant(&ask).await?)
}

/// Takes creatives that an exchange saw in bids: those that are not known wait for a verdict, as
/// `/creative-verdicts?verdict=pending`.
#[utoipa::path(post, path = "/internal/sightings", tag = "internal", request_body(content = Object),
    responses((status = 200, description = "How many were stored, known and refused", body = Object), (status = 400)))]
pub(crate) async fn sightings(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    let batch: Sightings = serde_json::from_slice(call.bytes())
        .map_err(|error| Fault::form("", format!("is no batch of sightings: {error}")))?;
    let given = u64::try_from(batch.creatives.len()).unwrap_or_default();
    let seen = batch.creatives.into_iter();
    let lines: Vec<_> = at_the_edge(|edge| {
        seen.filter_map(|it| creative_verdict::seen(it, edge))
            .collect()
    });
    let client = app.client().await?;
    let mut answer = sightings::keep(&client, &lines, app.most_pending).await?;
    let unusable = given.saturating_sub(u64::try_from(lines.len()).unwrap_or_default());
    answer.refused = answer.refused.saturating_add(unusable);
    if answer.refused > 0 {
        tracing::warn!(
            refused = answer.refused,
            most = app.most_pending,
            "creatives that were seen in bids are not kept: judge those that wait"
        );
    }
    shown(&answer)
}

/// Sums revenue; default: today, by day.
#[utoipa::path(get, path = "/internal/revenue", tag = "internal",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query), ("group_by" = Option<String>, Query),
        ("currency" = Option<String>, Query)),
    responses((status = 200, description = "Revenue in UTC, from inclusive, to exclusive", body = Revenue), (status = 400)))]
pub(crate) async fn revenue(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    let client = app.client().await?;
    let rates = rates::newest(&client).await?;
    drop(client);
    let today = service::clock::now().0.div_euclid(DAY).saturating_mul(DAY);
    let from = instant(&call, "from")?.unwrap_or(UnixMillis(today));
    let to = instant(&call, "to")?.unwrap_or(UnixMillis(today.saturating_add(DAY)));
    if to < from {
        return Err(Refusal::Request(
            "to must not be earlier than from".to_owned(),
        ));
    }
    let by = call
        .param("group_by")
        .unwrap_or_else(|| RevenueBy::Day.word().to_owned());
    let by = RevenueBy::of(&by)
        .ok_or_else(|| Refusal::Request("group_by must be day, placement or dsp".to_owned()))?;
    let currency = match call.param("currency") {
        None => Currency::USD,
        Some(code) => Currency::parse(&code)
            .filter(|currency| rates.per_usd(*currency).is_some())
            .ok_or_else(|| Refusal::Request("currency has no rate".to_owned()))?,
    };
    shown(&app.ledger.revenue(from, to, by, currency, &rates).await?)
}

/// Shows an auction by its id, or by the SSP's request id with `?by=request_id`.
#[utoipa::path(get, path = "/internal/auctions/{id}", tag = "internal",
    params(("id" = String, Path), ("by" = Option<String>, Query)),
    responses((status = 200, description = "What the exchange recorded", body = Object), (status = 404)))]
pub(crate) async fn auction(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Refusal> {
    app.ready()?;
    let document = if call.param("by").as_deref() == Some("request_id") {
        app.ledger.auction_of_request(&id).await?
    } else if let Some(auction) = AuctionId::parse(&id) {
        app.ledger.auction(auction).await?
    } else {
        None
    };
    let document = document.ok_or_else(|| Refusal::not_found("auction", id))?;
    Ok(json(StatusCode::OK, document))
}

/// A day of UTC, or an instant in RFC 3339.
pub(super) fn instant(call: &Call, name: &str) -> Result<Option<UnixMillis>, Refusal> {
    let Some(text) = call.param(name) else {
        return Ok(None);
    };
    let parsed = if text.len() == 10 {
        format!("{text}T00:00:00Z").parse::<jiff::Timestamp>()
    } else {
        text.parse()
    };
    match parsed {
        Ok(at) => Ok(Some(UnixMillis(at.as_millisecond()))),
        Err(_) => Err(Refusal::Request(format!(
            "{name} must be a day or a time in RFC 3339"
        ))),
    }
}
