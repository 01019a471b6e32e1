//! The bids of one seat.

use super::{BadBid, Bid};
use crate::json::Str;
use crate::object::object;

object! {
    /// The bids of one seat (OpenRTB 2.6 §4.2.2).
    pub struct SeatBid<'a> of "OpenRTB 2.6 §4.2.2" {
        /// The bids in order, those that cannot be read among them. Required.
        bid: Vec<Result<Bid<'a>, BadBid<'a>>> = "bid",
        /// Id of the buyer seat.
        seat: Option<Str<'a>> = "seat",
        /// Whether the bids win together or not at all.
        group: Option<bool> = "group",
    }
}
