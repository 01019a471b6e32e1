//! `/ops`: what operators look at when money or bidders seem wrong.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use units::Nanos;
use utoipa::ToSchema;

use super::Listing;
use crate::app::{App, shown};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::{audit, bidders};

/// Leases shown at once.
const LEASES: i64 = 500;

/// A list that comes whole.
#[derive(Serialize)]
struct Whole<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

/// Whether what must hold holds (R12, S4).
#[derive(Serialize, ToSchema)]
pub(crate) struct Invariants {
    /// Whether all of it holds.
    holds: bool,
    /// What the ledger's parts disagree by, in billionths; 0 at every commit.
    imbalance_nanos: i64,
    /// Audit entries whose seal does not fit the one before.
    audit_entries_broken: i64,
    /// By the ledger's clock, RFC 3339.
    as_of: String,
}

/// Lists the bidders that asked for leases, the latest first.
#[utoipa::path(get, path = "/ops/bidders", tag = "operations",
    responses((status = 200, description = "Starts of bidders", body = Listing)))]
pub(crate) async fn bidders(State(app): State<App>) -> Result<Response, Refusal> {
    let client = app.client().await?;
    let items = bidders::latest(&client).await?;
    shown(&Whole {
        items,
        next_cursor: None,
    })
}

/// Lists the newest leases that still hold money; with `all=true` also closed ones.
#[utoipa::path(get, path = "/ops/leases", tag = "operations", params(("all" = Option<bool>, Query)),
    responses((status = 200, description = "Leases", body = Listing)))]
pub(crate) async fn leases(State(app): State<App>, call: Call) -> Result<Response, Refusal> {
    app.ready()?;
    let open_only = call.param("all").as_deref() != Some("true");
    let items = app.ledger.leases(open_only, LEASES).await?;
    shown(&Whole {
        items,
        next_cursor: None,
    })
}

/// Checks what must always hold.
#[utoipa::path(get, path = "/ops/invariants", tag = "operations",
    responses((status = 200, description = "The findings", body = Invariants)))]
pub(crate) async fn invariants(State(app): State<App>) -> Result<Response, Refusal> {
    let client = app.client().await?;
    let audit_entries_broken = audit::broken_seals(&client).await?;
    drop(client);
    let imbalance = app.ledger.imbalance().await?;
    shown(&Invariants {
        holds: audit_entries_broken == 0 && imbalance == Nanos::ZERO,
        imbalance_nanos: imbalance.0,
        audit_entries_broken,
        as_of: app.ledger.now().await?.to_rfc3339(),
    })
}
