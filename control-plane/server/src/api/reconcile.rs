//! `/reconcile`: what we count of each DSP and day beside what the DSP counts itself.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use contracts::catalog::DemandPartner;
use control_plane_core::reconcile::{self, Figure};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use units::{Currency, RateTable, UnixMillis};
use utoipa::ToSchema;

use super::internal::{DAY, instant};
use crate::app::{App, shown};
use crate::call::Call;
use crate::ledger::{Asked, Reconciliation};
use crate::refusal::Refusal;
use crate::store::edit::raw;
use crate::store::{Answer, Begun, Edit, figures, rates, rows};

/// Days that are compared at once, and by default.
const MOST_DAYS: i64 = 92;
const DAYS: i64 = 7;

/// What an upload of figures came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Uploaded {
    /// Whose.
    partner_id: String,
    /// Days that now have figures of this upload.
    days: usize,
    /// The first of them.
    from: String,
    /// The last.
    to: String,
}

/// Compares by day and DSP; default: the last seven days.
#[utoipa::path(get, path = "/reconcile", tag = "operations",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query), ("dsp" = Option<String>, Query),
        ("currency" = Option<String>, Query)),
    responses((status = 200, description = "Days of UTC, from inclusive, to exclusive", body = Reconciliation), (status = 400)))]
pub(crate) async fn show(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    shown(&compared(&app, &call).await?)
}

/// The same as CSV.
#[utoipa::path(get, path = "/reconcile.csv", tag = "operations",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query), ("dsp" = Option<String>, Query),
        ("currency" = Option<String>, Query)),
    responses((status = 200, description = "A line for each day and DSP", body = String, content_type = "text/csv"), (status = 400)))]
pub(crate) async fn csv(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    let text = compared(&app, &call).await?.csv();
    let mut response = (StatusCode::OK, text).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"reconcile.csv\"",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Takes a DSP's own figures, a line of CSV for each day: `day,impressions,spend,currency`. A day that has
/// figures already gets the new ones.
#[utoipa::path(post, path = "/demand-partners/{id}/figures", tag = "operations", params(("id" = String, Path)),
    request_body(content = String, content_type = "text/csv",
        example = json!("day,impressions,spend,currency\n2026-11-27,1000,1.25,USD\n")),
    responses((status = 200, description = "Kept", body = Uploaded), (status = 400), (status = 404), (status = 422)))]
pub(crate) async fn upload(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Answer, Refusal> {
    let told = reconcile::figures(call.bytes())?;
    let mut client = app.client().await?;
    let mut edit = match Edit::begin(&mut client, &call.caller).await? {
        Begun::Repeated(answer) => return Ok(answer),
        Begun::Fresh(edit) => edit,
    };
    rows::get::<DemandPartner>(edit.tx(), &id).await?;
    let told: Vec<(UnixMillis, Figure)> = told.into_iter().collect();
    figures::put(edit.tx(), &id, &told).await?;
    let day = |at: Option<&(UnixMillis, Figure)>| {
        at.map_or_else(String::new, |(at, _)| crate::ledger::day(at.0))
    };
    let uploaded = Uploaded {
        days: told.len(),
        from: day(told.first()),
        to: day(told.last()),
        partner_id: id.clone(),
    };
    edit.note_as("upload", "figures", &id, &uploaded)?;
    let body = Box::<str>::from(raw(&uploaded)?).into_string();
    let answer = Answer {
        status: 200,
        etag: None,
        location: None,
        body,
        repeated: false,
    };
    app.finish(edit, answer).await
}

async fn compared(app: &App, call: &Call) -> Result<Reconciliation, Refusal> {
    let client = app.client().await?;
    let rates = rates::newest(&client).await?;
    drop(client);
    let asked = asked(call, &rates)?;
    Ok(app.ledger.reconcile(&asked, &rates).await?)
}

fn asked(call: &Call, rates: &RateTable) -> Result<Asked, Refusal> {
    let tomorrow = service::clock::now().0.div_euclid(DAY).saturating_add(1);
    let to = instant(call, "to")?.unwrap_or(UnixMillis(tomorrow.saturating_mul(DAY)));
    let from = instant(call, "from")?.unwrap_or(UnixMillis(to.0.saturating_sub(DAYS * DAY)));
    if from.0 % DAY != 0 || to.0 % DAY != 0 {
        let says = "from and to must be days, or the first instants of days of UTC";
        return Err(Refusal::Request(says.to_owned()));
    }
    let span = to.since(from).0;
    if !(0..=MOST_DAYS * DAY).contains(&span) {
        let says = format!("from must not be later than to, nor {MOST_DAYS} days earlier");
        return Err(Refusal::Request(says));
    }
    let currency = match call.param("currency") {
        None => Currency::USD,
        Some(code) => Currency::parse(&code)
            .filter(|currency| rates.per_usd(*currency).is_some())
            .ok_or_else(|| Refusal::Request("currency has no rate".to_owned()))?,
    };
    Ok(Asked {
        from,
        to,
        partner: call.param("dsp"),
        currency,
    })
}
