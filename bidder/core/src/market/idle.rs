//! Line items of the catalog that cannot bid on anything, and why.

use std::fmt;

use contracts::catalog::Status;
use units::{CampaignId, LineItemId};

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
