//! `/campaigns/{id}/stats` and `/spend`: what the ledger says.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::app::{App, shown};
use crate::ledger::{Spend, Stats};
use crate::refusal::Refusal;

/// Shows what a campaign got: requests matched, bids, wins, impressions, why it did not bid.
#[utoipa::path(get, path = "/campaigns/{id}/stats", tag = "demand", params(("id" = String, Path)),
    responses((status = 200, description = "Counts and prices", body = Stats), (status = 404)))]
pub(crate) async fn stats(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    app.ready()?;
    let stats = app.ledger.stats(&id).await?;
    shown(&stats.ok_or_else(|| Refusal::not_found("campaign", id))?)
}

/// Shows what a campaign has spent; budget = spend + reserved + remaining, exactly.
#[utoipa::path(get, path = "/campaigns/{id}/spend", tag = "demand", params(("id" = String, Path)),
    responses((status = 200, description = "Money", body = Spend), (status = 404)))]
pub(crate) async fn spend(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    app.ready()?;
    let spend = app.ledger.spend(&id).await?;
    shown(&spend.ok_or_else(|| Refusal::not_found("campaign", id))?)
}
