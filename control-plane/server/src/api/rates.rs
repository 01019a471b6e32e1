//! `/rates`: exchange rates, whole tables under one version.

use axum::extract::State;
use axum::response::Response;
use control_plane_core::rates::{self, RatesDocument};

use super::Listing;
use crate::app::{App, shown};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::rates::{insert, list as page_of, lock, newest, written};
use crate::store::{Answer, Begun, Edit};

/// Puts a table in force: units of each currency that one USD buys.
#[utoipa::path(post, path = "/rates", tag = "supply",
    request_body(content = Object, example = json!({"rates": {"EUR": 0.92, "JPY": 149.5}})),
    responses((status = 201, description = "In force", body = RatesDocument), (status = 400), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let mut edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    lock(edit.tx()).await?;
    let before = newest(edit.tx()).await?;
    let table = rates::read(form, before.id)?;
    let at = insert(edit.tx(), &table).await?;
    edit.note_as("create", "rates", &table.id.to_string(), &table)?;
    let body = Box::<str>::from(written(&table, at)?).into_string();
    app.finish(edit, Answer::created(body, "/rates", i64::from(table.id)))
        .await
}

/// Lists rate tables, newest first: the first is in force.
#[utoipa::path(get, path = "/rates", tag = "supply",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    let page = call.page()?;
    let client = app.client().await?;
    shown(&page.listed(page_of(&client, page, written).await?))
}
