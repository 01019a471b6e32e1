//! Deals of the sell side (OpenRTB §3.2.12).

use contracts::catalog::{Deal, Status};
use serde::Serialize;
use units::{CpmMicros, Currency, PlacementId};
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::web;

/// A deal as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DealDocument<'a> {
    /// Its id on the wire.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Lowest CPM, or the agreed one when `at` is 3.
    #[serde(with = "units::json::cpm_opt", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub floor: Option<CpmMicros>,
    /// Currency of the floor.
    pub currency: &'a str,
    /// Auction type: 1, 2 or 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<i32>,
    /// Whether the bidder must bid.
    pub guaranteed: bool,
    /// Seats that may use it; empty for all.
    pub wseat: &'a [String],
    /// Advertiser domains that may use it; empty for all.
    pub wadomain: &'a [String],
    /// Placements that offer it; empty for all.
    #[schema(value_type = Vec<String>)]
    pub placements: &'a [PlacementId],
    /// Only active ones are offered.
    #[schema(value_type = String)]
    pub status: Status,
}

/// The API's view of a deal.
#[must_use]
pub fn document(deal: &Deal) -> DealDocument<'_> {
    DealDocument {
        id: deal.id.as_str(),
        name: &deal.name,
        floor: deal.floor,
        currency: deal.currency.as_str(),
        at: deal.at,
        guaranteed: deal.guaranteed,
        wseat: &deal.wseat,
        wadomain: &deal.wadomain,
        placements: &deal.placements,
        status: deal.status,
    }
}

/// Reads a deal.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(mut form: Form, edge: &mut Edge<'_>) -> Result<Deal, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("deal"));
    let floor = form.price("floor");
    let at: Option<i32> = form.take("at");
    if at.is_some_and(|at| !(1..=3).contains(&at)) {
        form.refuse("at", "must be 1, 2 or 3");
    }
    if at == Some(3) && floor.is_none() {
        form.refuse("floor", "is required when at is 3: it is the agreed price");
    }
    let deal = Deal {
        name: form.text("name").unwrap_or_else(|| id.clone()),
        id: id.into(),
        floor,
        currency: form.take::<Currency>("currency").unwrap_or_default(),
        at,
        guaranteed: form.take("guaranteed").unwrap_or(false),
        wseat: form.take("wseat").unwrap_or_default(),
        wadomain: web::domains(&mut form, "wadomain").unwrap_or_default(),
        placements: form.take("placements").unwrap_or_default(),
        status: form.take("status").unwrap_or_default(),
    };
    form.finish(Some(deal))
}
