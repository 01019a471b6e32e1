//! What must hold for any bytes that arrive as a bid response.

use openrtb::{BidResponse, Limits};

/// Reads, asks every bid what it is, and reads what the markup holds.
pub fn check(data: &[u8]) {
    let Ok((response, _)) = BidResponse::read(data, &Limits::RESPONSE) else {
        return;
    };
    for seat in &response.seatbid {
        for bid in seat.bid.iter().flatten() {
            assert!(bid.id.is_some() && bid.impid.is_some(), "C-130");
            if let Some(price) = bid.price.positive() {
                assert!(price > units::CpmMicros::ZERO, "X-53");
            }
            let _ = bid.native();
            let _ = openrtb::vast::Vast::read(bid.adm().unwrap_or_default());
            let _ = openrtb::insecure_url(bid.adm().unwrap_or_default(), false);
        }
    }
}
