//! `/lists`: shared lists of domains, bundles and postal codes; their entries by lines of text.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use control_plane_core::list::{self, SharedList};
use http::{HeaderValue, StatusCode, header};
use tokio_postgres::IsolationLevel;

use super::{Listing, simple};
use crate::app::{App, at_the_edge, shown};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::{Answer, Begun, Edit, lists, rows};

/// Makes a list.
#[utoipa::path(post, path = "/lists", tag = "audience",
    request_body(content = Object, example = json!({"name": "News", "kind": "domain", "entries": ["news.example"]})),
    responses((status = 201, description = "Made", body = SharedList), (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let made = at_the_edge(|edge| list::read(form, app.most_list_entries, edge))?;
    let mut client = app.client().await?;
    let mut edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let inserted = edit.insert(&made.list).await;
    let kept = inserted.map_err(|refusal| {
        let id = made.list.id.as_str();
        let remedy = format!("POST /lists/{id}/entries fills what has it");
        simple::taken(refusal, id, &remedy)
    })?;
    let entries: Vec<&str> = made.entries.iter().map(String::as_str).collect();
    lists::add(edit.tx(), made.list.id.as_str(), &entries).await?;
    let body = simple::text(&made.list, kept.stamps)?;
    let path = format!("/lists/{}", made.list.id);
    let answer = Answer::created(body, &path, kept.stamps.version);
    app.finish(edit, answer).await
}

/// Lists the lists.
#[utoipa::path(get, path = "/lists", tag = "audience",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn index(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    simple::list::<SharedList>(&app, &call, &[]).await
}

/// Shows a list without its entries.
#[utoipa::path(get, path = "/lists/{id}", tag = "audience", params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = SharedList), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simple::show::<SharedList>(&app, &id).await
}

/// Removes a list that no line item names.
#[utoipa::path(delete, path = "/lists/{id}", tag = "audience", params(("id" = String, Path)),
    responses((status = 200, description = "Removed; what it was", body = SharedList), (status = 404),
        (status = 409, description = "A line item names it")))]
pub(crate) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let mut client = app.client().await?;
    let mut edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let before = edit.lock::<SharedList>(&id).await?;
    if let Some(item) = lists::user_of(edit.tx(), &id).await? {
        let says = format!("the line item {item:?} names it: take it out of its targeting first");
        return Err(Refusal::conflict("in_use", says));
    }
    lists::remove(edit.tx(), &id).await?;
    edit.note("delete", &before.doc, Some(&before.doc))?;
    let body = simple::text(&before.doc, before.stamps)?;
    let answer = Answer::changed(body, before.stamps.version);
    app.finish(edit, answer).await
}

/// Shows a list's entries in the order in which they were added.
#[utoipa::path(get, path = "/lists/{id}/entries", tag = "audience",
    params(("id" = String, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of texts", body = Listing), (status = 404)))]
pub(crate) async fn entries(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Refusal> {
    let page = call.page()?;
    let client = app.client().await?;
    rows::get::<SharedList>(&client, &id).await?;
    shown(&page.listed(lists::entries(&client, &id, page).await?))
}

/// Adds entries, one a line of `text/plain`; with `?replace=true` they are all that the list then has.
#[utoipa::path(post, path = "/lists/{id}/entries", tag = "audience",
    params(("id" = String, Path), ("replace" = Option<bool>, Query)),
    request_body(content = String, content_type = "text/plain", example = json!("news.example\nsport.example")),
    responses((status = 200, description = "The list with its new count", body = SharedList), (status = 404), (status = 422)))]
pub(crate) async fn fill(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let replaces = matches!(call.param("replace").as_deref(), Some("true" | "1" | ""));
    let mut client = app.client().await?;
    let edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let before = edit.lock::<SharedList>(&id).await?;
    let given = list::lines(before.doc.kind, call.bytes())?;
    let mut after = before.doc.clone();
    if replaces {
        lists::clear(edit.tx(), &id).await?;
        after.count = 0;
    }
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    after.count += lists::add(edit.tx(), &id, &given).await?;
    let most = app.most_list_entries;
    if after.count > most {
        let says = format!(
            "the list would have {} entries, at most {most}",
            after.count
        );
        return Err(control_plane_core::Fault::meaning("", says).into());
    }
    simple::changed(&app, edit, "fill", &before.doc, &after).await
}

/// All entries of a list, one a line, gzip; the ETag is the version that the catalog names.
#[utoipa::path(get, path = "/internal/lists/{id}", tag = "internal", params(("id" = String, Path)),
    responses((status = 200, description = "One entry a line", body = String, content_type = "text/plain"), (status = 404)))]
pub(crate) async fn internal(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let mut client = app.client().await?;
    let tx = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let found = lists::text(&tx, &id).await?;
    tx.commit().await?;
    let (version, text) = found.ok_or_else(|| Refusal::not_found("list", id))?;
    let packed = tokio::task::spawn_blocking(move || gzip(text.as_bytes())).await;
    let packed =
        packed.map_err(|error| Refusal::Internal(format!("packing a list: {error}")))??;
    let mut response = (StatusCode::OK, packed).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    if let Ok(tag) = HeaderValue::from_str(&crate::store::edit::etag(version)) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

fn gzip(text: &[u8]) -> Result<Vec<u8>, Refusal> {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer
        .write_all(text)
        .and_then(|()| packer.finish())
        .map_err(|error| Refusal::Internal(format!("packing a list: {error}")))
}
