//! `/publishers`: who is paid, and the keys of those who send bid requests themselves.

use axum::extract::{Path, State};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use contracts::catalog::{DemandPartner, Publisher, SspKey};
use control_plane_core::Form;
use control_plane_core::publisher::{self, MOST_KEYS, PublisherDocument};
use deadpool_postgres::GenericClient;
use serde::Serialize;
use service::clock;
use units::Currency;
use utoipa::ToSchema;

use super::{Listing, rated, simple};
use crate::app::{App, at_the_edge};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::edit::raw;
use crate::store::{Answer, Begun, Edit, rows};

/// Makes a publisher.
#[utoipa::path(post, path = "/publishers", tag = "supply",
    request_body(content = Object, example = json!({"name": "Daily News", "domain": "news.example", "fee": 0.1})),
    responses((status = 201, description = "Made", body = PublisherDocument), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let partners = partners(edit.tx(), &form).await?;
    let doc = at_the_edge(|edge| publisher::read(form, None, &partners, app.is_local(), edge))?;
    rated::check(edit.tx(), &[], currencies(&doc)).await?;
    simple::create(&app, edit, &doc).await
}

/// Those of the demand partners that a body names that exist.
async fn partners(client: &impl GenericClient, form: &Form) -> Result<Vec<String>, Refusal> {
    let named = publisher::named_partners(form);
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let found = rows::among::<DemandPartner>(client, &named).await?;
    let ids = found
        .into_iter()
        .map(|kept| kept.doc.id.as_str().to_owned());
    Ok(ids.collect())
}

/// The currencies that a publisher is paid and its prices are raised in, with their pointers.
fn currencies(publisher: &Publisher) -> impl Iterator<Item = (String, Currency)> {
    let raised = publisher.increments.keys();
    let raised = raised.map(|currency| (format!("/increments/{currency}"), *currency));
    std::iter::once(("/currency".to_owned(), publisher.currency)).chain(raised)
}

/// Lists publishers.
#[utoipa::path(get, path = "/publishers", tag = "supply",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<Publisher>(&app, &call, &[]).await
}

/// Shows a publisher.
#[utoipa::path(get, path = "/publishers/{id}", tag = "supply", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = PublisherDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<Publisher>(&app, &id).await
}

/// Changes a publisher. Of `account` it changes what it names: `{"account":{"status":"off"}}` turns an SSP's
/// requests away within two seconds, `{"account":null}` takes its account and keys away.
#[utoipa::path(patch, path = "/publishers/{id}", tag = "supply", params(("id" = String, Path)),
    request_body(content = Object, example = json!({"fee": 0.12, "account": {"status": "off"}})),
    responses((status = 200, description = "Changed", body = PublisherDocument), (status = 404), (status = 412), (status = 422)))]
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
    let before = edit.lock::<Publisher>(&id).await?;
    let form = form.over(&publisher::document(&before.doc));
    let partners = partners(edit.tx(), &form).await?;
    let local = app.is_local();
    let after =
        at_the_edge(|edge| publisher::read(form, Some(&before.doc), &partners, local, edge))?;
    let former: Vec<Currency> = currencies(&before.doc).map(|(_, it)| it).collect();
    rated::check(edit.tx(), &former, currencies(&after)).await?;
    simple::changed(&app, edit, "update", &before.doc, &after).await
}

/// A key as it is made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeKey<'k> {
    /// Its id.
    id: &'k str,
    /// What the SSP sends as `x-gavel-key`; shown here and never again, not even to a repeated call.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'k str>,
    /// When it was made.
    made_at: String,
}

impl<'k> MadeKey<'k> {
    fn text(made: &'k SspKey, key: Option<&'k str>) -> Result<String, Refusal> {
        let document = Self {
            id: &made.id,
            key,
            made_at: made.made_at.to_rfc3339(),
        };
        Ok(Box::<str>::from(raw(&document)?).into_string())
    }
}

/// Makes a key for the publisher's bid requests, and its account where it has none. Two may be there at once.
#[utoipa::path(post, path = "/publishers/{id}/keys", tag = "supply", params(("id" = String, Path)),
    responses((status = 201, description = "Made; the key is shown this once", body = MadeKey), (status = 404), (status = 409)))]
pub(crate) async fn make_key(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let mut client = app.client().await?;
    let mut edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let before = edit.lock::<Publisher>(&id).await?;
    let random = BASE64_URL_SAFE_NO_PAD.encode(clock::random_bytes::<32>());
    let key = format!("gavel_ssp_{random}");
    let made = at_the_edge(|edge| publisher::with_key(&before.doc, &key, edge));
    let Some((after, made)) = made else {
        let says = format!("it has {MOST_KEYS} keys: take one back first");
        return Err(Refusal::conflict("too_many_keys", says));
    };
    let kept = edit.update("make_key", &before.doc, &after).await?;
    // What is kept for a repeated call is without the key.
    let path = format!("/publishers/{id}/keys/{}", made.id);
    let kept = Answer::created(MadeKey::text(&made, None)?, &path, kept.stamps.version);
    let answer = app.finish(edit, kept).await?;
    Ok(Answer {
        body: MadeKey::text(&made, Some(&key))?,
        ..answer
    })
}

/// Takes a key back: it lets nobody in after two seconds.
#[utoipa::path(delete, path = "/publishers/{id}/keys/{key}", tag = "supply",
    params(("id" = String, Path), ("key" = String, Path)),
    responses((status = 200, description = "The publisher without it", body = PublisherDocument), (status = 404)))]
pub(crate) async fn remove_key(
    State(app): State<App>,
    Path((id, key)): Path<(String, String)>,
    call: Call,
) -> Result<Answer, Refusal> {
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let before = edit.lock::<Publisher>(&id).await?;
    let after = publisher::without_key(&before.doc, &key);
    let after = after.ok_or_else(|| Refusal::not_found("key", &key))?;
    simple::changed(&app, edit, "remove_key", &before.doc, &after).await
}
