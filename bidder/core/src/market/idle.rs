//! Line items of the catalog that cannot bid on anything, and why.

use std::collections::HashMap;
use std::fmt;

use contracts::catalog::{Catalog, Status};
use units::{CampaignId, LineItemId};

use super::LeftOut;

/// A line item that cannot bid on anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idle {
    /// Which.
    pub line_item: LineItemId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Why.
    pub why: Why,
}

/// Why a line item cannot bid on anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its own status.
    LineItem(Status),
    /// Its campaign's status.
    Campaign(Status),
    /// A fault in it.
    LeftOut(&'static str),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineItem(status) => write!(f, "line item is {}", word(*status)),
            Self::Campaign(status) => write!(f, "campaign is {}", word(*status)),
            Self::LeftOut(why) => write!(f, "left out: {why}"),
        }
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Draft => "a draft",
        Status::Active => "active",
        Status::Paused => "paused",
        Status::Archived => "archived",
    }
}

/// All line items of a catalog that are not in the market.
pub(super) fn of(catalog: &Catalog, left_out: &[LeftOut]) -> Vec<Idle> {
    let campaigns = catalog.campaigns.iter();
    let campaigns: HashMap<&str, Status> =
        campaigns.map(|it| (it.id.as_str(), it.status)).collect();
    let faults = left_out.iter();
    let faults: HashMap<&str, &'static str> =
        faults.map(|it| (it.line_item.as_str(), it.why)).collect();
    let idle = catalog.line_items.iter().filter_map(|line_item| {
        let campaign = campaigns.get(line_item.campaign.as_str()).copied();
        let why = match (
            line_item.status,
            campaign,
            faults.get(line_item.id.as_str()),
        ) {
            (Status::Active, _, Some(fault)) => Why::LeftOut(fault),
            (Status::Active, Some(Status::Active) | None, None) => return None,
            (Status::Active, Some(status), None) => Why::Campaign(status),
            (status, _, _) => Why::LineItem(status),
        };
        Some(Idle {
            line_item: line_item.id.clone(),
            campaign: line_item.campaign.clone(),
            why,
        })
    });
    idle.collect()
}
