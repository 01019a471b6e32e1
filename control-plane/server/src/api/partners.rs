//! `/demand-partners`: the DSPs that the exchange asks.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::DemandPartner;
use control_plane_core::partner::{self, PartnerDocument};

use super::{Listing, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::{Answer, Begun, Edit};

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
    simple::list::<DemandPartner>(&app, &call, &[]).await
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

/// Changes a demand partner; `{"status":"off"}` (or `{"active":false}`) stops it within two seconds,
/// `{"status":"testing"}` sends it copies of live requests with `test` 1, on which it never wins.
#[utoipa::path(patch, path = "/demand-partners/{id}", tag = "supply", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"status": "testing"})),
    responses((status = 200, description = "Changed", body = PartnerDocument), (status = 404), (status = 412), (status = 422)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let before = edit.lock::<DemandPartner>(&id).await?;
    let form = partner::over(form, &before.doc);
    let local = app.is_local();
    let after = at_the_edge(|edge| partner::read(form, local, edge))?;
    simple::changed(&app, edit, "update", &before.doc, &after).await
}
