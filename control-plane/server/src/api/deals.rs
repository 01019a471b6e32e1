//! `/deals`: deals of our placements (OpenRTB §3.2.12).

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::Deal;
use control_plane_core::deal::{self, DealDocument};

use super::{Listing, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::Answer;

/// Makes a deal.
#[utoipa::path(post, path = "/deals", tag = "supply",
    request_body(content = Object, example = json!({"id": "deal_1", "floor": 2.5, "at": 1, "wseat": ["seat-gavel"]})),
    responses((status = 201, description = "Made", body = DealDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    simple::make(&app, &call, |form| {
        at_the_edge(|edge| deal::read(form, edge))
    })
    .await
}

/// Lists deals.
#[utoipa::path(get, path = "/deals", tag = "supply",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<Deal>(&app, &call, &[]).await
}

/// Shows a deal.
#[utoipa::path(get, path = "/deals/{id}", tag = "supply", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = DealDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<Deal>(&app, &id).await
}

/// Changes a deal.
#[utoipa::path(patch, path = "/deals/{id}", tag = "supply", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"floor": 3})),
    responses((status = 200, description = "Changed", body = DealDocument), (status = 404), (status = 412), (status = 422)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let read = |form| at_the_edge(|edge| deal::read(form, edge));
    simple::change(&app, &call, &id, read).await
}
