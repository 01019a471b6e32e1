//! Which deal a line item bids on (OpenRTB §3.2.11, §3.2.12, §7.3; B-21).

use openrtb::Deal;

use super::Ineligible;
use crate::creative::Creative;
use crate::facts::{self, Dimension};
use crate::market::Item;
use crate::opportunity::Imp;
use crate::targeting::is_among;

/// The first deal on offer that the line item names and whose `wseat` has its seat.
///
/// A deal id is a token of targeting (B-21): who names none bids in the open auction only.
///
/// # Errors
/// None of its deals is there or for its seat; or the auction is private and it names none.
pub fn choose<'a>(item: &Item, imp: &Imp<'a>) -> Result<Option<&'a Deal<'a>>, Ineligible> {
    let rule = item.rules.list(Dimension::Deal);
    if rule.include.is_empty() {
        return if imp.private_auction {
            Err(Ineligible::PrivateAuction)
        } else {
            Ok(None)
        };
    }
    let mut reason = Ineligible::Deal;
    for deal in imp.deals {
        let id = deal.id.as_deref().unwrap_or_default();
        let named = |list| is_among(list, id);
        if !named(rule.include) || named(rule.exclude) {
            continue;
        }
        if deal.wseat.is_empty() || deal.wseat.iter().any(|seat| **seat == *item.seat) {
            return Ok(Some(deal));
        }
        reason = Ineligible::DealSeat;
    }
    Err(reason)
}

/// The deal's `wadomain`, if there, has a domain of the creative (C-112).
///
/// # Errors
/// It has none.
pub fn check_advertiser(creative: &Creative, deal: Option<&Deal<'_>>) -> Result<(), Ineligible> {
    let Some(deal) = deal.filter(|it| !it.wadomain.is_empty()) else {
        return Ok(());
    };
    let allowed = |domain: &String| {
        let same = |it: &str| facts::domain(it).eq_ignore_ascii_case(domain);
        deal.wadomain.iter().any(|it| same(it))
    };
    if creative.domains.iter().any(allowed) {
        Ok(())
    } else {
        Err(Ineligible::DealAdvertiser)
    }
}
