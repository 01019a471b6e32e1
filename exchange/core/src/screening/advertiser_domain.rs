//! `adomain` is there and made of domains.

use super::Case;
use crate::domain;
use crate::loss::Loss;

/// Where advertisers are blocked, an absent domain would be a way around the list.
pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let required = case.policy.advertiser_domain_required || !case.request.badv.is_empty();
    let missing = case.bid.adomain.is_empty() && required;
    let malformed = case
        .bid
        .adomain
        .iter()
        .any(|text| domain::normalise(text).is_none());
    if missing || malformed {
        Err(Loss::InvalidAdvertiserDomain)
    } else {
        Ok(())
    }
}
