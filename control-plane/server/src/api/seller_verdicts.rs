//! `/seller-verdicts`: what ads.txt and sellers.json say of who may sell whose inventory.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::{Authorisation, SellerVerdict};
use control_plane_core::seller_verdict::{self, SellerVerdictDocument};

use super::simple::By;
use super::{Listing, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::{Answer, Begun, Edit};

/// Makes a verdict; accounts whose `ads_txt` is `known` or `strict` are held to it within two seconds. A domain, system and
/// seller that have one already get this one in its place; only an `id` asks for a new one.
#[utoipa::path(post, path = "/seller-verdicts", tag = "supply",
    request_body(content = Object, example = json!({"domain": "paper.example", "system": "exchange.gavel.example", "seller_id": "ssp-1", "verdict": "reseller"})),
    responses((status = 200, description = "The one that was there, with this verdict", body = SellerVerdictDocument),
        (status = 201, description = "Made", body = SellerVerdictDocument), (status = 400),
        (status = 409, description = "The id is taken, or there is one about this"), (status = 412), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let is_named = form.has("id");
    let verdict = at_the_edge(|edge| seller_verdict::read(form, edge))?;
    let mut client = app.client().await?;
    match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => Ok(answer),
        Begun::Fresh(edit) => simple::judge(&app, edit, verdict, is_named).await,
    }
}

/// Lists verdicts, with `domain`, `system`, `seller_id` and `verdict` those that have this value.
#[utoipa::path(get, path = "/seller-verdicts", tag = "supply",
    params(("domain" = Option<String>, Query), ("system" = Option<String>, Query), ("seller_id" = Option<String>, Query),
        ("verdict" = Option<String>, Query), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing), (status = 400)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    let words = "direct, reseller, not_listed or contradicted";
    simple::one_of::<Authorisation>(&call, "verdict", words)?;
    let by = [
        By("domain", "doc ->> 'domain'"),
        By("system", "doc ->> 'system'"),
        By("seller_id", "doc ->> 'seller_id'"),
        By("verdict", "doc ->> 'verdict'"),
    ];
    simple::list::<SellerVerdict>(&app, &call, &by).await
}

/// Shows a verdict.
#[utoipa::path(get, path = "/seller-verdicts/{id}", tag = "supply", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = SellerVerdictDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<SellerVerdict>(&app, &id).await
}

/// Changes a verdict.
#[utoipa::path(patch, path = "/seller-verdicts/{id}", tag = "supply", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"verdict": "not_listed"})),
    responses((status = 200, description = "Changed", body = SellerVerdictDocument), (status = 404), (status = 412), (status = 422)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let read = |form| at_the_edge(|edge| seller_verdict::read(form, edge));
    simple::change(&app, &call, &id, read).await
}
