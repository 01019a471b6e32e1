//! The buy side of the catalog: advertisers, campaigns, line items, deals, caps.

use serde::{Deserialize, Serialize};
use units::{
    AdvertiserId, CampaignId, CpmMicros, CreativeId, Currency, DealId, LineItemId, Nanos,
    UnixMillis,
};

use super::choosing::Choosing;
use super::pricing::PriceRule;
use super::targeting::Targeting;

/// Whether something takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not yet started by its owner.
    Draft,
    /// Takes part.
    #[default]
    Active,
    /// Stopped for now.
    Paused,
    /// Stopped for good; kept for its history.
    Archived,
}

/// Who pays for campaigns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advertiser {
    /// Its id.
    pub id: AdvertiserId,
    /// Its name.
    pub name: String,
    /// Its domain: default of landing pages and `adomain`.
    pub domain: String,
    /// Currency of its budgets.
    pub currency: Currency,
    /// IANA time zone of its days.
    pub time_zone: String,
    /// The seat of its bids (OpenRTB §4.2.2).
    pub seat: String,
}

/// A campaign as the data planes see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its id, the `cid` of its bids.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// Who pays.
    pub advertiser: AdvertiserId,
    /// Only active ones bid.
    pub status: Status,
    /// Currency of its budget and prices.
    pub currency: Currency,
    /// IANA time zone of its days and day parts.
    pub time_zone: String,
    /// Lifetime total.
    pub budget: Nanos,
    /// Total of one day of its time zone.
    #[serde(default)]
    pub daily_budget: Option<Nanos>,
}

/// How a budget is spread over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pacing {
    /// As fast as the market takes it.
    #[default]
    Asap,
    /// In proportion to the time that has passed.
    Even,
}

/// What is matched against opportunities, priced, and given leases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineItem {
    /// Its id.
    pub id: LineItemId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Only active ones of active campaigns bid.
    pub status: Status,
    /// Grows when a pause or a cut must stop older leases.
    pub epoch: u64,
    /// First instant it may bid.
    pub starts_at: UnixMillis,
    /// First instant it may no longer bid.
    #[serde(default)]
    pub ends_at: Option<UnixMillis>,
    /// How its budget is spread.
    #[serde(default)]
    pub pacing: Pacing,
    /// Whom and where.
    #[serde(default)]
    pub targeting: Targeting,
    /// How much.
    pub price: PriceRule,
    /// What it may show.
    pub creatives: Vec<CreativeId>,
    /// How often.
    #[serde(default)]
    pub frequency_caps: Vec<FrequencyCap>,
    /// What to do when caps cannot be known.
    #[serde(default)]
    pub on_cap_unknown: OnCapUnknown,
    /// Its part in the choice.
    #[serde(default, skip_serializing_if = "Choosing::is_default")]
    pub choosing: Choosing,
}

/// What a capped line item does while Redis cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCapUnknown {
    /// Does not bid (`cap_unknown`).
    #[default]
    Refuse,
    /// Bids all the same.
    Bid,
}

/// Whose impressions count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapScope {
    /// Those of one creative.
    Creative,
    /// Those of one line item.
    LineItem,
    /// Those of one campaign.
    Campaign,
    /// Those of one advertiser.
    Advertiser,
}

/// The time over which a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapWindow {
    /// The last so many seconds.
    SlidingSeconds(u32),
    /// The advertiser's civil day.
    CalendarDay,
}

/// At most `count` impressions per user within `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrequencyCap {
    /// Whose impressions count.
    pub scope: CapScope,
    /// How many.
    pub count: u32,
    /// Within which time.
    pub window: CapWindow,
}

/// A deal that our own placements offer (OpenRTB §3.2.12).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deal {
    /// Its id on the wire.
    pub id: DealId,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Lowest CPM, or the agreed one when `at` is 3.
    #[serde(default)]
    pub floor: Option<CpmMicros>,
    /// Currency of the floor.
    #[serde(default)]
    pub currency: Currency,
    /// Auction type of the deal: 1, 2 or 3.
    #[serde(default)]
    pub at: Option<i32>,
    /// Whether the bidder must bid.
    #[serde(default)]
    pub guaranteed: bool,
    /// Seats that may use it; empty for all.
    #[serde(default)]
    pub wseat: Vec<String>,
    /// Advertiser domains that may use it; empty for all.
    #[serde(default)]
    pub wadomain: Vec<String>,
    /// Placements that offer it; empty for all.
    #[serde(default)]
    pub placements: Vec<units::PlacementId>,
    /// First instant it is offered; absent: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<UnixMillis>,
    /// First instant it is no longer offered; absent: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<UnixMillis>,
    /// Only active ones are offered.
    #[serde(default)]
    pub status: Status,
}

impl Deal {
    /// Whether it is offered at this instant.
    #[must_use]
    pub fn is_offered(&self, at: UnixMillis) -> bool {
        self.status == Status::Active
            && self.starts_at.is_none_or(|start| start <= at)
            && self.ends_at.is_none_or(|end| at < end)
    }
}
