//! `/creative-verdicts`: what the exchange's review says of creatives of DSPs.

use axum::extract::{Path, State};
use axum::response::Response;
use control_plane_core::creative_verdict::{self, CreativeVerdictDocument, RegistryLine};

use super::{Listing, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::Answer;

/// Judges a creative of a DSP, in force within two seconds: what is blocked loses with 202, and where a publisher takes
/// approved ones alone, what is not approved with 201.
#[utoipa::path(post, path = "/creative-verdicts", tag = "supply",
    request_body(content = Object, example = json!({"partner_id": "dsp-one", "crid": "creative-7", "verdict": "blocked"})),
    responses((status = 201, description = "Made", body = CreativeVerdictDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    simple::make(&app, &call, |form| {
        at_the_edge(|edge| creative_verdict::read(form, edge))
    })
    .await
}

/// Lists verdicts.
#[utoipa::path(get, path = "/creative-verdicts", tag = "supply",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<RegistryLine>(&app, &call, None).await
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
    let read = |form| at_the_edge(|edge| creative_verdict::read(form, edge));
    simple::change(&app, &call, &id, read).await
}
