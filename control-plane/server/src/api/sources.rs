//! `/sources`: the switch and the quota of who sends bid requests.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::SourceTerms;
use control_plane_core::source::{self, SourceDocument};

use super::{Listing, simple};
use crate::app::App;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::Answer;

/// Makes a source.
#[utoipa::path(post, path = "/sources", tag = "supply",
    request_body(content = Object, example = json!({"id": "ssp-a", "active": true, "qps": 2000})),
    responses((status = 201, description = "Made", body = SourceDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    simple::make(&app, &call, source::read).await
}

/// Lists sources.
#[utoipa::path(get, path = "/sources", tag = "supply",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<SourceTerms>(&app, &call, &[]).await
}

/// Shows a source.
#[utoipa::path(get, path = "/sources/{id}", tag = "supply", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = SourceDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<SourceTerms>(&app, &id).await
}

/// Changes a source: live on every bidder within two seconds, and kept.
#[utoipa::path(patch, path = "/sources/{id}", tag = "supply", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"active": false})),
    responses((status = 200, description = "Changed", body = SourceDocument), (status = 404), (status = 412), (status = 422)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    simple::change(&app, &call, &id, source::read).await
}
