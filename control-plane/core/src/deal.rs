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
    /// First instant it is offered; absent: at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-06-01T00:00:00Z")]
    pub starts_at: Option<String>,
    /// First instant it is no longer offered; absent: no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
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
        starts_at: deal.starts_at.map(|at| at.to_rfc3339()),
        ends_at: deal.ends_at.map(|at| at.to_rfc3339()),
        status: deal.status,
    }
}

/// Most seats, and most domains, of a deal: every request of its placements tells them all.
pub const MOST_BUYERS: usize = 100;

/// The placements that a body names, as far as they can be read.
#[must_use]
pub fn named_placements(form: &Form) -> Vec<String> {
    form.peek("placements").unwrap_or_default()
}

/// Reads a deal; `placements` are those of [`named_placements`] that are known.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(
    mut form: Form,
    placements: &[PlacementId],
    edge: &mut Edge<'_>,
) -> Result<Deal, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("deal"));
    let floor = form.price("floor");
    let at: Option<i32> = form.take("at");
    if at.is_some_and(|at| !(1..=3).contains(&at)) {
        form.refuse("at", "must be 1, 2 or 3");
    }
    if at == Some(3) && floor.is_none() {
        form.refuse("floor", "is required when at is 3: it is the agreed price");
    }
    let named: Vec<PlacementId> = form.take("placements").unwrap_or_default();
    for (index, placement) in named.iter().enumerate() {
        if !placements.contains(placement) {
            form.refuse_entry("placements", index, "is not a known placement");
        }
    }
    let wseat: Vec<String> = form.take("wseat").unwrap_or_default();
    let wadomain = web::domains(&mut form, "wadomain").unwrap_or_default();
    for (key, buyers) in [("wseat", &wseat), ("wadomain", &wadomain)] {
        if buyers.len() > MOST_BUYERS {
            form.refuse(key, format!("must have at most {MOST_BUYERS} entries"));
        }
    }
    let starts_at = form.instant("starts_at");
    let ends_at = form.instant("ends_at");
    if let Some((start, end)) = starts_at.zip(ends_at)
        && end <= start
    {
        form.refuse("ends_at", "must be after starts_at");
    }
    let deal = Deal {
        name: form.text("name").unwrap_or_else(|| id.clone()),
        id: id.into(),
        floor,
        currency: form.take::<Currency>("currency").unwrap_or_default(),
        at,
        guaranteed: form.take("guaranteed").unwrap_or(false),
        wseat,
        wadomain,
        placements: named,
        starts_at,
        ends_at,
        status: form.take("status").unwrap_or_default(),
    };
    form.finish(Some(deal))
}
