//! `/deals`: deals of our placements (OpenRTB §3.2.12).

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::{Deal, Placement};
use control_plane_core::Form;
use control_plane_core::deal::{self, DealDocument};
use deadpool_postgres::GenericClient;
use units::PlacementId;

use super::{Listing, rated, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::{Answer, Begun, Edit, rows};

/// Makes a deal, which its placements offer within two seconds.
#[utoipa::path(post, path = "/deals", tag = "supply",
    request_body(content = Object, example = json!({
        "id": "deal_1", "floor": 2.5, "at": 1, "wseat": ["seat-gavel"], "placements": ["placement_001"]})),
    responses((status = 201, description = "Made", body = DealDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let placements = placements(edit.tx(), &form).await?;
    let doc = at_the_edge(|edge| deal::read(form, &placements, edge))?;
    rated::check(edit.tx(), &[], [("/currency".to_owned(), doc.currency)]).await?;
    simple::create(&app, edit, &doc).await
}

/// Those of the placements that a body names that exist.
async fn placements(client: &impl GenericClient, form: &Form) -> Result<Vec<PlacementId>, Refusal> {
    let named = deal::named_placements(form);
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let found = rows::among::<Placement>(client, &named).await?;
    Ok(found.into_iter().map(|kept| kept.doc.id).collect())
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
    let form = call.form()?;
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let before = edit.lock::<Deal>(&id).await?;
    let form = form.over(&deal::document(&before.doc));
    let placements = placements(edit.tx(), &form).await?;
    let after = at_the_edge(|edge| deal::read(form, &placements, edge))?;
    let told = [("/currency".to_owned(), after.currency)];
    rated::check(edit.tx(), &[before.doc.currency], told).await?;
    simple::changed(&app, edit, "update", &before.doc, &after).await
}
