//! A campaign as the API shows it.

use contracts::catalog::{Creative, LineItem, OnCapUnknown, Pacing, Shading, Status, Targeting};
use serde::Serialize;
use units::{Nanos, UnixMillis};
use utoipa::ToSchema;

use super::Campaign;
use crate::creative::{self, CreativeDocument};
use crate::line_item::{
    self, BidDocument, CapDocument, ChoosingDocument, ClampDocument, LineItemDocument,
    ModifierDocument,
};

/// What belongs to a campaign.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// Its line items, its own first.
    pub line_items: &'a [LineItem],
    /// Creatives that they show.
    pub creatives: &'a [Creative],
}

/// When a row was made and last changed, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    /// Made.
    pub created_at: UnixMillis,
    /// Last changed.
    pub updated_at: UnixMillis,
    /// 1, and one more with each change; the ETag.
    pub version: i64,
}

/// A campaign as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignDocument<'a> {
    /// Its id, the `cid` of its bids.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Who pays.
    pub advertiser_id: &'a str,
    /// `draft`, `active`, `paused` or `archived`.
    #[schema(value_type = String, example = "active")]
    pub status: Status,
    /// ISO 4217.
    pub currency: &'a str,
    /// IANA time zone of its days.
    pub time_zone: &'a str,
    /// Lifetime total, in `currency`.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64, example = 10_000)]
    pub budget: Nanos,
    /// Total of one day.
    #[serde(
        with = "units::json::nanos_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<f64>)]
    pub daily_budget: Option<Nanos>,
    /// First instant it may bid, RFC 3339.
    pub starts_at: String,
    /// First instant it may no longer bid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// `asap` or `even`.
    #[schema(value_type = String)]
    pub pacing: Pacing,
    /// How much.
    pub bid: BidDocument,
    /// What that is multiplied by.
    #[schema(value_type = Vec<Object>)]
    pub modifiers: Vec<ModifierDocument>,
    /// Bounds of the modifiers' product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clamp: Option<ClampDocument>,
    /// Whether first-price bids are lowered towards what is enough to win.
    #[schema(value_type = Object)]
    pub shading: Shading,
    /// Whom and where.
    #[schema(value_type = Object)]
    pub targeting: &'a Targeting,
    /// How often.
    pub frequency_caps: Vec<CapDocument>,
    /// `refuse` or `bid`.
    #[schema(value_type = String)]
    pub on_cap_unknown: OnCapUnknown,
    /// Its line items' part in the choice, where they do not say otherwise.
    #[serde(flatten)]
    pub choosing: ChoosingDocument,
    /// What it shows.
    pub creatives: Vec<CreativeDocument<'a>>,
    /// What runs on its budget.
    pub line_items: Vec<LineItemDocument>,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it was last changed, RFC 3339.
    pub updated_at: String,
    /// Its version, the ETag.
    pub version: i64,
}

/// The API's view of a campaign.
#[must_use]
pub fn document<'a>(
    campaign: &'a Campaign,
    parts: Parts<'a>,
    stamps: Stamps,
) -> CampaignDocument<'a> {
    let terms = &campaign.terms;
    CampaignDocument {
        id: campaign.id.as_str(),
        name: &campaign.name,
        advertiser_id: campaign.advertiser.as_str(),
        status: campaign.status,
        currency: campaign.currency.as_str(),
        time_zone: &campaign.time_zone,
        budget: campaign.budget,
        daily_budget: campaign.daily_budget,
        starts_at: terms.starts_at.to_rfc3339(),
        ends_at: terms.ends_at.map(UnixMillis::to_rfc3339),
        pacing: terms.pacing,
        bid: BidDocument::of(terms.bid),
        modifiers: line_item::modifier_documents(&terms.adjustments.modifiers),
        clamp: terms.adjustments.clamp.map(ClampDocument::of),
        shading: terms.adjustments.shading,
        targeting: &terms.targeting,
        frequency_caps: line_item::cap_documents(&terms.frequency_caps),
        on_cap_unknown: terms.on_cap_unknown,
        choosing: line_item::choosing::document(&campaign.choosing),
        creatives: parts.creatives.iter().map(creative::document).collect(),
        line_items: parts.line_items.iter().map(line_item::document).collect(),
        created_at: stamps.created_at.to_rfc3339(),
        updated_at: stamps.updated_at.to_rfc3339(),
        version: stamps.version,
    }
}
