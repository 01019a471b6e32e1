//! Auction records on their way from the exchange to the control plane.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use units::{AuctionId, UnixMillis};

/// One auction, with its document as the exchange shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuctionRecord<D = Box<RawValue>> {
    /// The auction.
    pub id: AuctionId,
    /// The SSP's request id.
    pub request_id: String,
    /// When it arrived.
    pub at: UnixMillis,
    /// `won`, `no_bid`, `shed` or `invalid`.
    pub outcome: String,
    /// What `GET /auction/{id}` answers.
    pub document: D,
}
