//! the advertiser is not blocked; a blocked domain blocks its subdomains (C-29).

use super::Case;
use crate::domain;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let blocked = |text: &openrtb::Str<'_>| {
        case.request
            .badv
            .iter()
            .any(|listed| domain::covers(listed, text))
    };
    if case.bid.adomain.iter().any(blocked) {
        Err(Loss::AdvertiserBlocked)
    } else {
        Ok(())
    }
}
