//! Leases: how a bidder comes by money that it may commit (money.md, "Who holds what").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use units::{BidderId, BootId, CampaignId, LeaseId, LineItemId, Nanos, UnixMillis};

/// A bidder's batch, once a second, off the bid path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaseAsk {
    /// Who asks.
    pub bidder: BidderId,
    /// This start of it; an answer for another start is dropped.
    pub boot: BootId,
    /// Number of this batch within the boot; a repeated one is answered but its tallies count once.
    pub batch: u64,
    /// What is wanted.
    #[serde(default)]
    pub wants: Vec<Want>,
    /// Leases on which no reservation is possible any more.
    #[serde(default)]
    pub ended: Vec<Ended>,
    /// What happened per campaign since the last batch.
    #[serde(default)]
    pub tallies: Vec<Tally>,
}

/// A line item that wanted to bid and has less than one interval left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Want {
    /// Which.
    pub line_item: LineItemId,
    /// About two refill intervals of its reservation rate; the ledger may grant less.
    pub amount: Nanos,
}

/// The end of a lease, told by the bidder that held it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Which.
    pub lease: LeaseId,
    /// Sum of every reservation ever made on it; the rest of its face returns at once.
    pub committed: Nanos,
}

/// Counts of one campaign on one bidder since its last batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Which.
    pub campaign: CampaignId,
    /// Imps whose targeting it matched.
    #[serde(default)]
    pub matched: u64,
    /// Bids it made.
    #[serde(default)]
    pub bids: u64,
    /// Why it did not bid, by label.
    #[serde(default)]
    pub no_bids: BTreeMap<String, u64>,
}

/// The ledger's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaseAnswer {
    /// The boot that asked.
    pub boot: BootId,
    /// Journaled leases, usable at once.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// Line items that got nothing, and why.
    #[serde(default)]
    pub refusals: Vec<Refusal>,
}

/// A slice of a line item's budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id; a known one is dropped.
    pub lease: LeaseId,
    /// Whose budget.
    pub line_item: LineItemId,
    /// The epoch it was granted in; an older one than the bidder was told is dropped.
    pub epoch: u64,
    /// What it holds, in the campaign's currency.
    pub face: Nanos,
    /// Life in milliseconds, counted from the instant the ask was sent.
    pub ttl_ms: u32,
    /// Until when its notices are accepted, by the ledger's clock; goes into tokens as it is.
    pub settle_by: UnixMillis,
    /// Longest `exp` in seconds that a bid on it may declare.
    pub reservation_life_s: u32,
}

/// Nothing was granted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// To which line item.
    pub line_item: LineItemId,
    /// Why.
    pub reason: RefusalReason,
}

/// Why a line item got no lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// The ledger does not know it.
    Unknown,
    /// It or its campaign is not active, or outside its flight.
    NotActive,
    /// The campaign's budget is spent or held.
    CampaignBudget,
    /// The day's budget is spent or held.
    DailyBudget,
    /// Pacing holds it back for now.
    Pacing,
}
