//! `/creatives`: what is shown.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::{Advertiser, Creative};
use control_plane_core::creative::{self, CreativeDocument};
use control_plane_core::{Fault, Form};
use deadpool_postgres::GenericClient;

use super::Listing;
use super::simple::{self, By, Shown as _};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::{Answer, Begun, Edit, rows};

/// Makes a creative, which campaigns and line items then name by its id.
#[utoipa::path(post, path = "/creatives", tag = "demand",
    request_body(content = Object, example = json!({
        "advertiser_id": "advertiser_001", "format": "banner", "width": 300, "height": 250,
        "markup": "<a href=\"${CLICK_URL}\">Shop</a>"})),
    responses((status = 201, description = "Made", body = CreativeDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    creative::without_verdict(&form)?;
    let advertiser = advertiser(edit.tx(), &form).await?;
    let mut doc = at_the_edge(|edge| creative::read(form, advertiser.as_ref(), edge))?;
    doc.review = app.first_review;
    simple::create(&app, edit, &doc).await
}

/// Lists creatives, with `advertiser_id` those of one advertiser.
#[utoipa::path(get, path = "/creatives", tag = "demand",
    params(("advertiser_id" = Option<String>, Query), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<Creative>(&app, &call, &[By("advertiser_id", "advertiser_id")]).await
}

/// Shows a creative.
#[utoipa::path(get, path = "/creatives/{id}", tag = "demand", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = CreativeDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<Creative>(&app, &id).await
}

/// Changes a creative; `{"status":"paused"}` stops it everywhere.
#[utoipa::path(patch, path = "/creatives/{id}", tag = "demand", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"status": "paused"})),
    responses((status = 200, description = "Changed", body = CreativeDocument), (status = 404), (status = 412), (status = 422)))]
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
    let before = edit.lock::<Creative>(&id).await?;
    creative::without_verdict(&form)?;
    let form = form.over(&before.doc.document());
    let advertiser = advertiser(edit.tx(), &form).await?;
    let mut after = at_the_edge(|edge| creative::read(form, advertiser.as_ref(), edge))?;
    creative::review_again(&before.doc, &mut after, app.first_review);
    if after.advertiser != before.doc.advertiser {
        return Err(Fault::meaning("/advertiser_id", "cannot be changed").into());
    }
    simple::changed(&app, edit, "update", &before.doc, &after).await
}

/// Approves or rejects a creative: only what is approved bids, within two seconds. With `source` the verdict is
/// that of an exchange which reviews creatives itself; it counts for requests of that source alone.
#[utoipa::path(post, path = "/creatives/{id}/review", tag = "demand", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"review": "approved"})),
    responses((status = 200, description = "Reviewed", body = CreativeDocument), (status = 404), (status = 412), (status = 422)))]
pub(crate) async fn review(
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
    let before = edit.lock::<Creative>(&id).await?;
    let after = creative::reviewed(form, &before.doc)?;
    simple::changed(&app, edit, "review", &before.doc, &after).await
}

/// The advertiser that a body names, if there is one.
pub(crate) async fn advertiser(
    client: &impl GenericClient,
    form: &Form,
) -> Result<Option<Advertiser>, Refusal> {
    let Some(id) = form.peek::<String>("advertiser_id") else {
        return Ok(None);
    };
    Ok(rows::find(client, &id).await?.map(|kept| kept.doc))
}
