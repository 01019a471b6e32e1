//! `/publishers`: who is paid.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::Publisher;
use control_plane_core::publisher::{self, PublisherDocument};

use super::{Listing, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::Answer;

/// Makes a publisher.
#[utoipa::path(post, path = "/publishers", tag = "supply",
    request_body(content = Object, example = json!({"name": "Daily News", "domain": "news.example", "fee": 0.1})),
    responses((status = 201, description = "Made", body = PublisherDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    simple::make(&app, &call, |form| {
        at_the_edge(|edge| publisher::read(form, edge))
    })
    .await
}

/// Lists publishers.
#[utoipa::path(get, path = "/publishers", tag = "supply",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<Publisher>(&app, &call, None).await
}

/// Shows a publisher.
#[utoipa::path(get, path = "/publishers/{id}", tag = "supply", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = PublisherDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<Publisher>(&app, &id).await
}

/// Changes a publisher.
#[utoipa::path(patch, path = "/publishers/{id}", tag = "supply", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"fee": 0.12})),
    responses((status = 200, description = "Changed", body = PublisherDocument), (status = 404), (status = 412), (status = 422)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let read = |form| at_the_edge(|edge| publisher::read(form, edge));
    simple::change(&app, &call, &id, read).await
}
