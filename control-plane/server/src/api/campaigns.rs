//! `/campaigns`: a whole campaign in one call.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use control_plane_core::campaign::{self, CampaignDocument};
use control_plane_core::status::{self, Step};
use deadpool_postgres::GenericClient;

use super::Listing;
use super::creatives::advertiser;
use crate::app::{App, at_the_edge, shown};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::campaigns::{self, Whole};
use crate::store::{Answer, Begun, Edit, Kept, lists, rates};

/// Makes a campaign with its line item and creatives; it bids within two seconds.
#[utoipa::path(post, path = "/campaigns", tag = "demand",
    request_body(content = Object, example = json!({
        "name": "Spring sale", "advertiser_id": "advertiser_001", "budget": 10000,
        "targeting": {"age_range": {"min_age": 18, "max_age": 35}, "interests": ["technology", "shopping"]},
        "creative": {"title": "Spring sale", "description": "20 % off everything"}})),
    responses((status = 201, description = "Made, with all that was filled in", body = CampaignDocument),
        (status = 400), (status = 409), (status = 422)))]
pub(crate) async fn create(State(app): State<App>, call: Call) -> Result<Answer, Refusal> {
    let form = call.form()?;
    let mut client = app.client().await?;
    let mut edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let advertiser = advertiser(edit.tx(), &form).await?;
    let existing = existing(edit.tx(), &form).await?;
    let rates = rates::newest(edit.tx()).await?;
    let mut made =
        at_the_edge(|edge| campaign::read(form, advertiser.as_ref(), &existing, &rates, edge))?;
    lists::check_named(edit.tx(), &made.line_item.targeting).await?;
    for creative in &mut made.creatives {
        creative.review = app.first_review;
        edit.insert(&*creative).await?;
    }
    let kept = edit.insert(&made.campaign).await?;
    edit.insert(&made.line_item).await?;
    let line_items = vec![made.line_item];
    let shown = campaigns::creative_ids(&line_items);
    let whole = Whole {
        campaign: Kept {
            doc: made.campaign,
            stamps: kept.stamps,
            seq: kept.seq,
        },
        creatives: campaigns::creatives(edit.tx(), &shown).await?,
        line_items,
    };
    whole.set_budget(&edit, app.reservation_life).await?;
    let path = format!("/campaigns/{}", whole.campaign.doc.id);
    let answer = Answer::created(whole.text()?, &path, kept.stamps.version);
    app.finish(edit, answer).await
}

/// Lists campaigns, with `advertiser_id` those of one advertiser.
#[utoipa::path(get, path = "/campaigns", tag = "demand",
    params(("advertiser_id" = Option<String>, Query), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page", body = Listing)))]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    let page = call.page()?;
    let client = app.client().await?;
    let advertiser = call.param("advertiser_id");
    shown(&page.listed(campaigns::list(&client, page, advertiser.as_deref()).await?))
}

/// Shows a campaign; its version is the ETag.
#[utoipa::path(get, path = "/campaigns/{id}", tag = "demand", params(("id" = String, Path)),
    responses((status = 200, description = "The campaign", body = CampaignDocument), (status = 404)))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let client = app.client().await?;
    let whole = campaigns::get(&client, &id).await?;
    let version = whole.campaign.stamps.version;
    Ok(Answer::changed(whole.text()?, version).into_response())
}

/// Changes a campaign; with `If-Match`, only the version that was read.
#[utoipa::path(patch, path = "/campaigns/{id}", tag = "demand",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header), ("dry_run" = Option<bool>, Query)),
    request_body(content = Object, example = json!({"budget": 12000, "bid": {"type": "cpm", "cpm": 2.5, "max_cpm": 4}})),
    responses((status = 200, description = "Changed", body = CampaignDocument), (status = 404),
        (status = 409, description = "The budget is below what is spent and reserved"), (status = 412), (status = 422)))]
pub(crate) async fn change(
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
    let before = campaigns::lock(edit.tx(), &id).await?;
    edit.check_version(&before.campaign)?;
    let advertiser = campaigns::advertiser(edit.tx(), &before.campaign.doc).await?;
    let existing = existing(edit.tx(), &form).await?;
    let own = before.own()?;
    let mut edited = at_the_edge(|edge| {
        campaign::edit(
            form,
            &before.campaign.doc,
            own,
            &advertiser,
            &existing,
            edge,
        )
    })?;
    lists::check_named(edit.tx(), &edited.line_item.targeting).await?;
    for creative in &mut edited.creatives {
        creative.review = app.first_review;
        edit.insert(&*creative).await?;
    }
    let stops = edited.line_item.epoch != own.epoch;
    let answer = become_of(
        &app,
        &mut edit,
        &before,
        edited.campaign,
        "update",
        |item| {
            if item.id == own.id {
                *item = edited.line_item.clone();
            } else if stops {
                item.epoch = item.epoch.saturating_add(1);
            }
        },
    )
    .await?;
    app.finish(edit, answer).await
}

/// Lets a campaign bid.
#[utoipa::path(post, path = "/campaigns/{id}/activate", tag = "demand", params(("id" = String, Path)),
    responses((status = 200, description = "Active", body = CampaignDocument), (status = 404), (status = 409)))]
pub(crate) async fn activate(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    step(&app, &call, &id, Step::Activate).await
}

/// Stops a campaign for now; bidders stop within two seconds, and what they have bid still bills.
#[utoipa::path(post, path = "/campaigns/{id}/pause", tag = "demand", params(("id" = String, Path)),
    responses((status = 200, description = "Paused", body = CampaignDocument), (status = 404), (status = 409)))]
pub(crate) async fn pause(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    step(&app, &call, &id, Step::Pause).await
}

/// Stops a campaign for good; it is kept for its history.
#[utoipa::path(post, path = "/campaigns/{id}/archive", tag = "demand", params(("id" = String, Path)),
    responses((status = 200, description = "Archived", body = CampaignDocument), (status = 404)))]
pub(crate) async fn archive(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    step(&app, &call, &id, Step::Archive).await
}

async fn step(app: &App, call: &Call, id: &str, step: Step) -> Result<Answer, Refusal> {
    let mut client = app.client().await?;
    let mut edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    let before = campaigns::lock(edit.tx(), id).await?;
    edit.check_version(&before.campaign)?;
    let from = before.campaign.doc.status;
    let to = status::after(from, step)
        .map_err(|refusal| Refusal::conflict("not_allowed", refusal.to_string()))?;
    if to == from {
        let version = before.campaign.stamps.version;
        return Ok(Answer::changed(before.text()?, version));
    }
    let mut after = before.campaign.doc.clone();
    after.status = to;
    let answer = become_of(app, &mut edit, &before, after, step.done(), |item| {
        if status::stops_leases(from, to) {
            item.epoch = item.epoch.saturating_add(1);
        }
    })
    .await?;
    app.finish(edit, answer).await
}

/// Keeps what a campaign and its line items became, and tells the ledger.
pub(super) async fn become_of(
    app: &App,
    edit: &mut Edit<'_>,
    before: &Whole,
    after: campaign::Campaign,
    action: &'static str,
    change: impl Fn(&mut contracts::catalog::LineItem),
) -> Result<Answer, Refusal> {
    let kept = edit.update(action, &before.campaign.doc, &after).await?;
    let mut line_items = before.line_items.clone();
    for (item, old) in line_items.iter_mut().zip(&before.line_items) {
        change(item);
        if item != old {
            edit.update("update", old, item).await?;
        }
    }
    let shown = campaigns::creative_ids(&line_items);
    let creatives = campaigns::creatives(edit.tx(), &shown).await?;
    let whole = Whole {
        campaign: Kept {
            doc: after,
            stamps: kept.stamps,
            seq: kept.seq,
        },
        line_items,
        creatives,
    };
    let committed = whole.set_budget(edit, app.reservation_life).await?;
    let budget = whole.campaign.doc.budget;
    if budget < before.campaign.doc.budget && budget < committed.total() {
        return Err(Refusal::BudgetCommitted {
            spend: committed.spend,
            reserved: committed.reserved,
        });
    }
    Ok(Answer::changed(whole.text()?, kept.stamps.version))
}

async fn existing(
    client: &impl GenericClient,
    form: &control_plane_core::Form,
) -> Result<Vec<contracts::catalog::Creative>, Refusal> {
    let named = campaign::named_creatives(form);
    let ids: Vec<&str> = named.iter().map(|id| id.as_str()).collect();
    campaigns::creatives(client, &ids).await
}
