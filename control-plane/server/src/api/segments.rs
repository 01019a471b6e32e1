//! `/segments`: how users are put into segments.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::profile::SegmentRule;
use control_plane_core::segment::{self, SegmentDocument};

use super::{Listing, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::Answer;

/// Makes a segment.
#[utoipa::path(post, path = "/segments", tag = "audience",
    request_body(content = Object, example = json!({"id": "buyers", "name": "Buyers", "rule": {"behavior": "buyer"}})),
    responses((status = 201, description = "Made", body = SegmentDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    simple::make(&app, &call, |form| {
        at_the_edge(|edge| segment::read(form, edge))
    })
    .await
}

/// Lists segments.
#[utoipa::path(get, path = "/segments", tag = "audience",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<SegmentRule>(&app, &call, &[]).await
}

/// Shows a segment.
#[utoipa::path(get, path = "/segments/{id}", tag = "audience", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = SegmentDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<SegmentRule>(&app, &id).await
}

/// Changes a segment.
#[utoipa::path(patch, path = "/segments/{id}", tag = "audience", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"name": "Recent buyers"})),
    responses((status = 200, description = "Changed", body = SegmentDocument), (status = 404), (status = 412), (status = 422)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let read = |form| at_the_edge(|edge| segment::read(form, edge));
    simple::change(&app, &call, &id, read).await
}
