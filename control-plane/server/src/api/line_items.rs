//! `/campaigns/{id}/line-items`: what runs on a campaign's budget beside its own line item.

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::catalog::{Creative, LineItem, Status};
use control_plane_core::Form;
use control_plane_core::line_item::{self, LineItemDocument, Terms};

use super::Listing;
use crate::app::{App, at_the_edge, shown};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::campaigns::{self, Whole};
use crate::store::edit::raw;
use crate::store::{Answer, Begun, Edit, lists, rows};

/// Adds a line item to a campaign.
#[utoipa::path(post, path = "/campaigns/{id}/line-items", tag = "demand", params(("id" = String, Path)),
    request_body(content = Object, example = json!({
        "targeting": {"countries": ["DE"]}, "bid": {"type": "cpm", "cpm": 3}, "creative_ids": ["crt_1"]})),
    responses((status = 201, description = "Made", body = LineItemDocument), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn create(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let mut edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let mut whole = open(&edit, &id).await?;
    let known = named(&edit, &form, &whole).await?;
    let campaign = &whole.campaign.doc;
    let item = at_the_edge(|edge| line_item::read(form, campaign, None, &known, edge))?;
    lists::check_named(edit.tx(), &item.targeting).await?;
    let kept = edit.insert(&item).await?;
    let body = written(&item)?;
    let path = format!("/campaigns/{id}/line-items/{}", item.id);
    whole.line_items.push(item);
    whole.creatives.extend(known);
    whole.set_budget(&edit, app.reservation_life).await?;
    app.finish(edit, Answer::created(body, &path, kept.stamps.version))
        .await
}

/// Lists a campaign's line items, its own first.
#[utoipa::path(get, path = "/campaigns/{id}/line-items", tag = "demand",
    params(("id" = String, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing), (status = 404)))]
pub(crate) async fn list(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Refusal> {
    let page = call.page()?;
    let client = app.client().await?;
    rows::get::<control_plane_core::campaign::Campaign>(&client, &id).await?;
    let parent = [("campaign_id", id.as_str())];
    let show = |kept: &crate::store::Kept<LineItem>| raw(&line_item::document(&kept.doc));
    shown(&page.listed(rows::list::<LineItem>(&client, page, &parent, show).await?))
}

/// Changes a line item; a pause of it begins a new epoch.
#[utoipa::path(patch, path = "/campaigns/{id}/line-items/{line_item}", tag = "demand",
    params(("id" = String, Path), ("line_item" = String, Path)),
    request_body(content = Object, example = json!({"status": "paused"})),
    responses((status = 200, description = "Changed", body = LineItemDocument), (status = 404), (status = 409), (status = 412), (status = 422)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path((id, line_item)): Path<(String, String)>,
    call: Call,
) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let mut edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let mut whole = open(&edit, &id).await?;
    let before = rows::lock::<LineItem>(edit.tx(), &line_item).await?;
    if before.doc.campaign != whole.campaign.doc.id {
        return Err(Refusal::not_found("line item", line_item));
    }
    edit.check_version(&before)?;
    let known = named(&edit, &form, &whole).await?;
    let campaign = &whole.campaign.doc;
    let item =
        at_the_edge(|edge| line_item::read(form, campaign, Some(&before.doc), &known, edge))?;
    lists::check_named(edit.tx(), &item.targeting).await?;
    let kept = edit.update("update", &before.doc, &item).await?;
    follow(&mut edit, &mut whole, &item).await?;
    whole.creatives.extend(known);
    whole.set_budget(&edit, app.reservation_life).await?;
    let answer = Answer::changed(written(&item)?, kept.stamps.version);
    app.finish(edit, answer).await
}

/// Puts a changed line item in its place; the campaign's own one takes the campaign's terms and options along.
async fn follow(edit: &mut Edit<'_>, whole: &mut Whole, item: &LineItem) -> Result<(), Refusal> {
    if whole.own()?.id == item.id {
        let before = whole.campaign.doc.clone();
        whole.campaign.doc.terms = Terms::of(item);
        whole.campaign.doc.choosing = item.choosing.clone();
        if whole.campaign.doc != before {
            edit.update("update", &before, &whole.campaign.doc).await?;
        }
    }
    for place in whole
        .line_items
        .iter_mut()
        .filter(|place| place.id == item.id)
    {
        *place = item.clone();
    }
    Ok(())
}

/// The campaign, locked; an archived one is not changed any more.
async fn open(edit: &Edit<'_>, id: &str) -> Result<Whole, Refusal> {
    let whole = campaigns::lock(edit.tx(), id).await?;
    if whole.campaign.doc.status == Status::Archived {
        return Err(Refusal::conflict(
            "not_allowed",
            "an archived campaign cannot be changed",
        ));
    }
    Ok(whole)
}

/// The creatives that a body names, as far as they are the campaign's advertiser's.
async fn named(edit: &Edit<'_>, form: &Form, whole: &Whole) -> Result<Vec<Creative>, Refusal> {
    let ids: Vec<String> = form.peek("creative_ids").unwrap_or_default();
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.extend(campaigns::creative_ids(&whole.line_items));
    let mut found = campaigns::creatives(edit.tx(), &ids).await?;
    found.retain(|creative| creative.advertiser == whole.campaign.doc.advertiser);
    Ok(found)
}

fn written(item: &LineItem) -> Result<String, Refusal> {
    Ok(Box::<str>::from(raw(&line_item::document(item))?).into_string())
}
