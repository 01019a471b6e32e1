//! Auction records on their way from the exchange to the control plane.

use std::borrow::Cow;

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

/// A notice of an auction, told or taken after its record had left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuctionNotice {
    /// The auction.
    pub auction: AuctionId,
    /// `win`, `bill`, `loss`, `markup`, `impression`, `click` or `view`.
    pub kind: Cow<'static, str>,
    /// Whose bid.
    pub dsp: String,
    /// The imp.
    pub imp: String,
    /// What became of it.
    pub outcome: Cow<'static, str>,
    /// When.
    pub at: UnixMillis,
}

/// Notices of any auctions, in the order in which they came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuctionNotices {
    /// All of them.
    pub notices: Vec<AuctionNotice>,
}
