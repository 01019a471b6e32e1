//! C-110 to C-112: the deal is one of the imp's, for this seat and this advertiser.

use openrtb::Deal;

use super::{Case, Refused};
use crate::cause::Cause;
use crate::domain;
use crate::loss::Loss;

pub(super) fn check<'c>(case: &Case<'c>) -> Result<Option<&'c Deal<'c>>, Refused> {
    let Some(wanted) = case.bid.dealid.as_deref() else {
        return if case.imp.is_private_auction() {
            Err(Refused::because(Loss::InvalidDeal, Cause::NoDealNamed))
        } else {
            Ok(None)
        };
    };
    let (request, lists) = (case.request, case.lists);
    let (number, deal) = lists
        .deal(request, case.number, wanted)
        .ok_or(Loss::InvalidDeal)?;
    let of = (case.number, number);
    if !lists.deal_admits_seat(request, of, deal, case.seat) {
        return Err(Loss::SeatBlocked.into());
    }
    // That they are domains was found before.
    let listed = |text: &str| {
        let name = domain::comparison_form(text);
        name.is_some_and(|name| lists.deal_names_advertiser(request, of, deal, name))
    };
    let domains = &case.bid.adomain;
    if !deal.wadomain.is_empty() && (domains.is_empty() || !domains.iter().all(|text| listed(text)))
    {
        return Err(Loss::NotInDeal.into());
    }
    Ok(Some(deal))
}
