//! C-110 to C-112: the deal is one of the imp's, for this seat and this advertiser.

use openrtb::Deal;

use super::Case;
use crate::domain;
use crate::loss::Loss;

pub(super) fn check<'c>(case: &Case<'c>) -> Result<Option<&'c Deal<'c>>, Loss> {
    let Some(wanted) = case.bid.dealid.as_deref() else {
        return if case.imp.is_private_auction() {
            Err(Loss::InvalidDeal)
        } else {
            Ok(None)
        };
    };
    let deal = case.imp.deal(wanted).ok_or(Loss::InvalidDeal)?;
    if !deal.admits_seat(case.seat) {
        return Err(Loss::SeatBlocked);
    }
    let listed = |text: &str| {
        deal.wadomain
            .iter()
            .any(|listed| domain::covers(listed, text))
    };
    let domains = &case.bid.adomain;
    if !deal.wadomain.is_empty() && (domains.is_empty() || !domains.iter().all(|text| listed(text)))
    {
        return Err(Loss::NotInDeal);
    }
    Ok(Some(deal))
}
