//! `/creative-verdicts`: what the exchange's review says of creatives of DSPs.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use contracts::catalog::{DemandPartner, Verdict};
use control_plane_core::Form;
use control_plane_core::creative_verdict::{self, CreativeVerdictDocument, RegistryLine};
use deadpool_postgres::GenericClient;
use http::{HeaderValue, StatusCode, header};

use super::simple::By;
use super::{Listing, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::{Answer, Begun, Edit, rows, sightings};

/// Judges a creative of a DSP, in force within two seconds: what is blocked loses with 202, and where a publisher takes
/// approved ones alone, what is not approved with 201. It is named by `crid`, by `adid` where its bids say no `crid`, and
/// without either by its `markup`, or by the `preview` (`iurl` and `adomain`) of one whose markup comes with the win notice.
/// What has a line already, also one that a bid brought, gets this verdict and keeps its line; only an `id` asks for a new one.
#[utoipa::path(post, path = "/creative-verdicts", tag = "supply",
    request_body(content = Object, example = json!({"partner_id": "dsp-one", "crid": "creative-7", "verdict": "blocked"})),
    responses((status = 200, description = "The line that was there, with this verdict", body = CreativeVerdictDocument),
        (status = 201, description = "Made", body = CreativeVerdictDocument), (status = 400),
        (status = 409, description = "The id is taken, or there is a line about this"), (status = 412), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let partner = partner(edit.tx(), &form).await?;
    let is_named = form.has("id");
    let line = at_the_edge(|edge| creative_verdict::read(form, partner.as_ref(), edge))?;
    simple::judge(&app, edit, line, is_named).await
}

/// Lists verdicts, with `partner_id`, `crid` or `adid`, and `verdict` those of a demand partner, of a creative, and of a state:
/// `verdict=pending` are the creatives that bids brought and nobody has judged.
#[utoipa::path(get, path = "/creative-verdicts", tag = "supply",
    params(("partner_id" = Option<String>, Query), ("crid" = Option<String>, Query), ("adid" = Option<String>, Query),
        ("verdict" = Option<String>, Query),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing), (status = 400)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::one_of::<Verdict>(&call, "verdict", "pending, approved or blocked")?;
    let by = [
        By("partner_id", "doc ->> 'partner'"),
        By("crid", "doc ->> 'crid'"),
        By("adid", "doc ->> 'adid'"),
        By("verdict", "doc ->> 'verdict'"),
    ];
    simple::list::<RegistryLine>(&app, &call, &by).await
}

/// Shows a verdict.
#[utoipa::path(get, path = "/creative-verdicts/{id}", tag = "supply", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = CreativeVerdictDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<RegistryLine>(&app, &id).await
}

/// Changes a verdict.
#[utoipa::path(patch, path = "/creative-verdicts/{id}", tag = "supply", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"verdict": "approved"})),
    responses((status = 200, description = "Changed", body = CreativeVerdictDocument), (status = 404), (status = 412), (status = 422)))]
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
    let before = edit.lock::<RegistryLine>(&id).await?;
    let form = form.over(&creative_verdict::document(&before.doc));
    let partner = partner(edit.tx(), &form).await?;
    let after = at_the_edge(|edge| creative_verdict::read(form, partner.as_ref(), edge))?;
    simple::changed(&app, edit, "update", &before.doc, &after).await
}

/// Shows the beginning of the markup that a bid brought, without the queries of its URLs: as text, to be read and
/// not to be run. Of a bid without markup its picture and the domains of its advertiser.
#[utoipa::path(get, path = "/creative-verdicts/{id}/markup", tag = "supply", params(("id" = String, Path)),
    responses((status = 200, description = "At most 16 KiB", body = String, content_type = "text/plain"),
        (status = 404, description = "Unknown, or made by a call")))]
pub(crate) async fn markup(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let client = app.client().await?;
    let sample = sightings::sample(&client, &id).await?;
    let sample = sample.ok_or_else(|| Refusal::not_found("markup of the creative verdict", id))?;
    let mut response = (StatusCode::OK, sample).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

async fn partner(
    client: &impl GenericClient,
    form: &Form,
) -> Result<Option<DemandPartner>, Refusal> {
    let Some(id) = form.peek::<String>("partner_id") else {
        return Ok(None);
    };
    Ok(rows::find(client, &id).await?.map(|kept| kept.doc))
}
