//! `/demand-partners`: the DSPs that the exchange asks.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::DemandPartner;
use control_plane_core::partner::{self, PartnerDocument};

use super::{Listing, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::Answer;

/// Adds a DSP, live within two seconds.
#[utoipa::path(post, path = "/demand-partners", tag = "supply",
    request_body(content = Object, example = json!({
        "name": "dsp-one", "endpoint": "http://127.0.0.1:9100/bid", "openrtb_version": "2.6", "active": true})),
    responses((status = 201, description = "Made", body = PartnerDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let local = app.is_local();
    simple::make(&app, &call, |form| {
        at_the_edge(|edge| partner::read(form, local, edge))
    })
    .await
}

/// Lists demand partners.
#[utoipa::path(get, path = "/demand-partners", tag = "supply",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<DemandPartner>(&app, &call, None).await
}

/// Shows a demand partner.
#[utoipa::path(get, path = "/demand-partners/{id}", tag = "supply", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = PartnerDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<DemandPartner>(&app, &id).await
}

/// Changes a demand partner; `{"active":false}` stops it.
#[utoipa::path(patch, path = "/demand-partners/{id}", tag = "supply", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"active": false})),
    responses((status = 200, description = "Changed", body = PartnerDocument), (status = 404), (status = 412), (status = 422)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let local = app.is_local();
    let read = |form| at_the_edge(|edge| partner::read(form, local, edge));
    simple::change(&app, &call, &id, read).await
}
