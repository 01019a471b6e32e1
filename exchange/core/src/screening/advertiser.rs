//! the advertiser is not blocked; a blocked domain blocks its subdomains (C-29).

use super::Case;
use crate::domain;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let list = &case.request.badv;
    if list.is_empty() {
        return Ok(());
    }
    let blocked = |text: &openrtb::Str<'_>| {
        let name = domain::normalise(text);
        name.is_some_and(|name| list.iter().any(|listed| domain::covers_name(listed, name)))
    };
    if case.bid.adomain.iter().any(blocked) {
        Err(Loss::AdvertiserBlocked)
    } else {
        Ok(())
    }
}
