//! The outermost object of a response.

use super::SeatBid;
use crate::enums::NoBidReason;
use crate::json::Str;
use crate::object::object;
use units::Currency;

object! {
    /// The outermost object of a bid response (OpenRTB 2.6 §4.2.1).
    pub struct BidResponse<'a> of "OpenRTB 2.6 §4.2.1" {
        /// Id of the request answered. Required, yet `{}` is a legal no-bid (C-131).
        id: Option<Str<'a>> = "id",
        /// The seats' bids.
        seatbid: Vec<SeatBid<'a>> = "seatbid",
        /// The bidder's id of the response, `${AUCTION_BID_ID}`.
        bidid: Option<Str<'a>> = "bidid",
        /// Currency of the bids; absent is USD.
        cur: Option<Currency> = "cur",
        /// Data for the exchange's cookie; passed unchanged (C-135).
        customdata: Option<Str<'a>> = "customdata",
        /// Why there is no bid.
        nbr: Option<NoBidReason> = "nbr",
    }
}
