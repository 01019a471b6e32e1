//! R37: URLs of notices that our tokens can carry, as they are and with their macros filled in.

use openrtb::enums::LossReason;
use openrtb::macros::Values;
use units::{CpmMicros, Currency, Multiplier};

use super::Case;
use crate::loss::Loss;
use crate::notices;

/// Bytes of a percent-encoded byte.
const ENCODED: usize = 3;
/// More than any number takes, as it is or in Base64.
const NUMBER: usize = 36;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let bid = case.bid;
    let ids = [
        bid.adid.as_deref(),
        case.seat,
        case.bidid,
        Some(bid.impid()),
    ];
    let longest = ids.into_iter().flatten().map(str::len).max().unwrap_or(0);
    let of_a_macro = (ENCODED * longest).max(NUMBER);
    for template in [&bid.nurl, &bid.burl, &bid.lurl].into_iter().flatten() {
        if template.len() > case.policy.notice_url {
            return Err(Loss::NoticeUrlTooLong);
        }
        let most = template.len() + template.matches("${").count() * of_a_macro;
        if most > notices::LONGEST_URL && is_too_long(case, template) {
            return Err(Loss::NoticeUrlTooLong);
        }
    }
    Ok(())
}

/// Whether a URL is too long with its macros filled in, numbers as long as they can be.
fn is_too_long(case: &Case<'_>, template: &str) -> bool {
    /// As long as ours.
    const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";
    let price = Some(CpmMicros::MAX);
    let share = Multiplier::new(i64::MAX);
    let values = Values {
        auction_id: Some(REQUEST_ID),
        bid_id: case.bidid.map(enough),
        imp_id: Some(enough(case.bid.impid())),
        seat_id: case.seat.map(enough),
        ad_id: case.bid.adid.as_deref().map(enough),
        price,
        currency: Some(Currency::USD),
        market_bid_ratio: share,
        loss: Some(LossReason(i32::MAX)),
        min_to_win: price,
        multiplier: share,
        discount_percent: share,
        discount: price,
        ..Values::default()
    };
    notices::is_too_long(template, &values)
}

/// As much of an id as makes any URL too long that tells it.
fn enough(id: &str) -> &str {
    let mut end = notices::LONGEST_URL + 4;
    while !id.is_char_boundary(end) && end < id.len() {
        end += 1;
    }
    id.get(..end).unwrap_or(id)
}
