//! `/placements`: what is sold. The exchange passes its `/inventory` on to here.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::{Placement, Publisher};
use control_plane_core::Form;
use control_plane_core::placement::{self, PlacementDocument};
use deadpool_postgres::GenericClient;

use super::Listing;
use super::simple::{self, By, Shown as _};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::{Answer, Begun, Edit, rows};

/// Makes a placement.
#[utoipa::path(post, path = "/placements", tag = "supply",
    request_body(content = Object, example = json!({
        "publisher_id": "publisher_001", "formats": ["banner"], "sizes": ["300x250"], "floor": 0.5})),
    responses((status = 201, description = "Made", body = PlacementDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let publisher = publisher(edit.tx(), &form).await?;
    let doc = at_the_edge(|edge| placement::read(form, publisher.as_ref(), edge))?;
    simple::create(&app, edit, &doc).await
}

/// Lists placements, with `publisher_id` those of one publisher.
#[utoipa::path(get, path = "/placements", tag = "supply",
    params(("publisher_id" = Option<String>, Query), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<Placement>(&app, &call, &[By("publisher_id", "publisher_id")]).await
}

/// Shows a placement.
#[utoipa::path(get, path = "/placements/{id}", tag = "supply", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = PlacementDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<Placement>(&app, &id).await
}

/// Changes a placement; `{"status":"archived"}` takes it off the market.
#[utoipa::path(patch, path = "/placements/{id}", tag = "supply", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"floor": 0.8})),
    responses((status = 200, description = "Changed", body = PlacementDocument), (status = 404), (status = 412), (status = 422)))]
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
    let before = edit.lock::<Placement>(&id).await?;
    let form = form.over(&before.doc.document());
    let publisher = publisher(edit.tx(), &form).await?;
    let after = at_the_edge(|edge| placement::read(form, publisher.as_ref(), edge))?;
    simple::changed(&app, edit, "update", &before.doc, &after).await
}

async fn publisher(client: &impl GenericClient, form: &Form) -> Result<Option<Publisher>, Refusal> {
    let Some(id) = form.peek::<String>("publisher_id") else {
        return Ok(None);
    };
    Ok(rows::find(client, &id).await?.map(|kept| kept.doc))
}
