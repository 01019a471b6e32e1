//! `/segments`: the control plane's rules, with their sizes.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use contracts::profile::{Rule, SegmentRule};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use service::{clock, http as answers};
use units::SegmentId;

use super::{Segment, answer, json, path};
use crate::App;
use crate::refusal::Refusal;

const MOST_ITEMS: usize = 1_000;
const USUAL_ITEMS: usize = 100;

/// A segment as it is shown.
#[derive(Debug, Serialize)]
struct SegmentView {
    id: SegmentId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Rule>,
    size: u64,
}

/// A page of segments.
#[derive(Debug, Serialize)]
struct Page {
    items: Vec<SegmentView>,
    next_cursor: Option<String>,
}

/// All segments, by id.
#[utoipa::path(
    get, path = "/segments", tag = "segments",
    params(
        ("limit" = Option<usize>, Query, description = "Items of a page, 1 to 1000"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "A page", body = Object, example = json!({
            "items": [{"id": "high_value", "name": "High value", "rule": {"behavior": "buyer"}, "size": 12}],
            "next_cursor": null
        })),
        (status = 503, description = "No catalog has come yet"),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let limit = match answers::query_param(&query, "limit") {
        None => USUAL_ITEMS,
        Some(limit) => limit
            .parse()
            .ok()
            .filter(|limit| (1..=MOST_ITEMS).contains(limit))
            .ok_or_else(|| Refusal::Address(format!("limit must be from 1 to {MOST_ITEMS}")))?,
    };
    let cursor = answers::query_param(&query, "cursor");
    let rules = app.rules.current().ok_or(Refusal::NoCatalog)?;
    // The rules are kept in the order of their ids.
    let mut page = rules.iter().filter(|segment| {
        cursor
            .as_ref()
            .is_none_or(|cursor| segment.id.as_str() > cursor.as_ref())
    });
    let shown: Vec<SegmentRule> = page.by_ref().take(limit).cloned().collect();
    let next_cursor = match (page.next(), shown.last()) {
        (Some(_more), Some(last)) => Some(last.id.to_string()),
        (_, _) => None,
    };
    let items = with_sizes(&app, shown).await?;
    Ok(answer(StatusCode::OK, Page { items, next_cursor }))
}

/// Makes a segment: passed on to the control plane, whose answer this is.
#[utoipa::path(
    post, path = "/segments", tag = "segments",
    request_body(content = Object, example = json!({
        "id": "young_adults", "name": "Young adults", "rule": {"age": {"min": 18, "max": 35}}
    })),
    responses(
        (status = 201, description = "Made; in force here within two seconds", body = Object),
        (status = 400, description = "Not JSON, or of the wrong form"),
        (status = 409, description = "There is one of this id"),
        (status = 415, description = "Not JSON by its content type"),
        (status = 422, description = "Says what cannot be"),
        (status = 503, description = "The control plane is away"),
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    json(&headers, &body)?;
    let address = match query {
        Some(query) => format!("/segments?{query}"),
        None => "/segments".to_owned(),
    };
    app.control_plane.post(&address, &headers, body).await
}

/// One segment.
#[utoipa::path(
    get, path = "/segments/{id}", tag = "segments",
    params(("id" = String, Path, description = "The segment")),
    responses(
        (status = 200, description = "The segment", body = Object, example = json!({
            "id": "high_value", "name": "High value", "rule": {"behavior": "buyer"}, "size": 12
        })),
        (status = 404, description = "No such segment"),
        (status = 503, description = "No catalog has come yet"),
    )
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Segment(id): Segment,
) -> Result<Response, Refusal> {
    let segment = find(&app, &id)?;
    let shown = with_sizes(&app, vec![segment]).await?;
    let view = shown.into_iter().next().ok_or(Refusal::UnknownSegment)?;
    Ok(answer(StatusCode::OK, view))
}

/// Two segments of a path.
pub(crate) struct Pair(SegmentId, SegmentId);

impl<S: Send + Sync> FromRequestParts<S> for Pair {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path((one, other)) = path::<(String, String), S>(parts, state).await?;
        Ok(Self(one.into(), other.into()))
    }
}

/// How many users two segments share.
#[utoipa::path(
    get, path = "/segments/{id}/overlap/{other}", tag = "segments",
    params(
        ("id" = String, Path, description = "One segment"),
        ("other" = String, Path, description = "The other"),
    ),
    responses(
        (status = 200, description = "Their sizes, and the users of both", body = Object, example = json!({
            "segment": {"id": "high_value", "size": 12},
            "other": {"id": "mobile_users", "size": 120},
            "overlap": 7
        })),
        (status = 404, description = "One of them is not known"),
    )
)]
pub(crate) async fn overlap(
    State(app): State<Arc<App>>,
    Pair(one, other): Pair,
) -> Result<Response, Refusal> {
    find(&app, &one)?;
    find(&app, &other)?;
    let found = app.users.state.overlap(&one, &other, clock::now()).await?;
    let body = serde_json::json!({
        "segment": {"id": one, "size": found.first},
        "other": {"id": other, "size": found.second},
        "overlap": found.both,
    });
    Ok(answer(StatusCode::OK, body))
}

/// A segment that is in force.
pub(crate) fn find(app: &App, id: &SegmentId) -> Result<SegmentRule, Refusal> {
    let rules = app.rules.current().ok_or(Refusal::NoCatalog)?;
    rules
        .iter()
        .find(|segment| segment.id == *id)
        .cloned()
        .ok_or(Refusal::UnknownSegment)
}

async fn with_sizes(app: &App, segments: Vec<SegmentRule>) -> Result<Vec<SegmentView>, Refusal> {
    let ids: Vec<SegmentId> = segments.iter().map(|segment| segment.id.clone()).collect();
    let sizes = app.users.state.segment_sizes(&ids, clock::now()).await?;
    Ok(segments
        .into_iter()
        .zip(sizes)
        .map(|(segment, size)| SegmentView {
            id: segment.id,
            name: segment.name,
            rule: segment.rule,
            size,
        })
        .collect())
}
