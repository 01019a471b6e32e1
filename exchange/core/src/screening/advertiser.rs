//! the advertiser is not blocked; a blocked domain blocks its subdomains (C-29).

use super::Case;
use crate::domain;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    if case.request.badv.is_empty() {
        return Ok(());
    }
    // That they are domains was found before.
    let blocked = |text: &openrtb::Str<'_>| {
        let name = domain::comparison_form(text);
        name.is_some_and(|name| case.lists.blocks_advertiser(case.request, name))
    };
    if case.bid.adomain.iter().any(blocked) {
        Err(Loss::AdvertiserBlocked)
    } else {
        Ok(())
    }
}
