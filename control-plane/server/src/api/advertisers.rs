//! `/advertisers`: who pays.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::Advertiser;
use control_plane_core::advertiser::{self, AdvertiserDocument};

use super::{Listing, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::Answer;

/// Makes an advertiser. Defaults: USD, UTC, a seat of its own.
#[utoipa::path(post, path = "/advertisers", tag = "demand",
    request_body(content = Object, example = json!({"name": "Shop", "domain": "shop.example"})),
    responses((status = 201, description = "Made", body = AdvertiserDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    simple::make(&app, &call, |form| {
        at_the_edge(|edge| advertiser::read(form, edge))
    })
    .await
}

/// Lists advertisers.
#[utoipa::path(get, path = "/advertisers", tag = "demand",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<Advertiser>(&app, &call, &[]).await
}

/// Shows an advertiser.
#[utoipa::path(get, path = "/advertisers/{id}", tag = "demand", params(("id" = String, Path)),
    responses((status = 200, description = "The advertiser", body = AdvertiserDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<Advertiser>(&app, &id).await
}

/// Changes an advertiser; its campaigns keep the currency and time zone that they were made with.
#[utoipa::path(patch, path = "/advertisers/{id}", tag = "demand", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"name": "Shop Ltd"})),
    responses((status = 200, description = "Changed", body = AdvertiserDocument), (status = 404), (status = 412), (status = 422)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let read = |form| at_the_edge(|edge| advertiser::read(form, edge));
    simple::change(&app, &call, &id, read).await
}
