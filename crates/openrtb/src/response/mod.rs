//! The objects of a bid response (OpenRTB 2.6 §4.2).

mod bad_bid;
mod bid;
mod bid_response;
mod price;
mod rules;
mod seat_bid;

pub use bad_bid::{BadBid, BadBidReason, Room};
pub use bid::Bid;
pub use bid_response::BidResponse;
pub use price::Price;
pub use seat_bid::SeatBid;
