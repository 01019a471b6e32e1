//! Deals.

use super::DurFloors;
use super::unusable::is_currency;
use crate::enums::AuctionType;
use crate::json::Reader;
use crate::json::Str;
use crate::lenient::Name;
use crate::object::object;
use units::{CpmMicros, Currency};

object! {
    /// The private marketplace of an impression (OpenRTB 2.6 §3.2.11).
    pub struct Pmp<'a> of "OpenRTB 2.6 §3.2.11" {
        /// Whether only bids for the deals count (C-110).
        private_auction: Option<bool> = "private_auction",
        /// The deals.
        deals: Vec<Deal<'a>> = "deals",
    }
    tracked: true,
}

object! {
    /// One deal (OpenRTB 2.6 §3.2.12).
    pub struct Deal<'a> of "OpenRTB 2.6 §3.2.12" {
        /// Id of the deal. Required.
        id: Option<Str<'a>> = "id",
        /// Minimum bid as CPM; an explicit 0 is guidance, an absent floor is not.
        bidfloor: Option<CpmMicros> = "bidfloor",
        /// Its currency; absent is USD, not the impression's (C-63).
        bidfloorcur: Option<Currency> = "bidfloorcur",
        /// How this deal is decided; absent is the request's `at`.
        at: Option<AuctionType> = "at",
        /// Seats that may use the deal; empty is all (C-112).
        wseat: Vec<Str<'a>> = "wseat",
        /// Advertiser domains that may use the deal; empty is all.
        wadomain: Vec<Str<'a>> = "wadomain",
        /// Whether the deal is guaranteed, so that the bidder must bid.
        guar: Option<bool> = "guar",
        /// Minimum CPM per second (C-46).
        mincpmpersec: Option<CpmMicros> = "mincpmpersec",
        /// Floors by duration.
        durfloors: Vec<DurFloors<'a>> = "durfloors",
    }
    required: [id],
    tracked: true,
    check: usable,
}

/// A deal whose floor cannot be told (C-32), or is in no currency (C-28), cannot be sold.
fn usable(deal: &mut Deal<'_>, r: &mut Reader<'_>) -> bool {
    const CURRENCY: &Name = &Name {
        object: "Deal",
        field: "bidfloorcur",
    };
    let is_priced = is_currency(deal.bidfloorcur, r, CURRENCY, deal.span);
    !std::mem::take(&mut r.unreadable_price) && is_priced
}
