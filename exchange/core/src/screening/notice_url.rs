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
        if most > notices::LONGEST_URL && called(case, template) > notices::LONGEST_URL {
            return Err(Loss::NoticeUrlTooLong);
        }
    }
    Ok(())
}

/// The length of a URL with its macros filled in, numbers as long as they can be.
fn called(case: &Case<'_>, template: &str) -> usize {
    /// As long as ours.
    const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";
    let price = Some(CpmMicros::MAX);
    let share = Multiplier::new(i64::MAX);
    let values = Values {
        auction_id: Some(REQUEST_ID),
        bid_id: case.bidid,
        imp_id: Some(case.bid.impid()),
        seat_id: case.seat,
        ad_id: case.bid.adid.as_deref(),
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
    // What is filled in later, the time of the display or the reason of a loss, stands there until then.
    let urls = [
        notices::billing_url(Some(template), &values),
        notices::deferred_loss_url(Some(template), &values),
    ];
    urls.iter().flatten().map(String::len).max().unwrap_or(0)
}
