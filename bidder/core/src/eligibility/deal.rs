//! Which deal a line item bids on (OpenRTB §3.2.11, §3.2.12, §7.3; B-21).

use openrtb::Deal;

use super::Ineligible;
use crate::creative::Creative;
use crate::facts::Dimension;
use crate::market::Item;
use crate::opportunity::{Imp, covers_domain};
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
        // Without its terms nobody knows what a bid would pay (B-61).
        if deal.at.is_some_and(|at| !matches!(at.0, 1..=3)) {
            reason = Ineligible::DealTerms;
            continue;
        }
        if deal.wseat.is_empty() || deal.wseat.iter().any(|seat| **seat == *item.seat) {
            return Ok(Some(deal));
        }
        reason = Ineligible::DealSeat;
    }
    Err(reason)
}

/// The deal's `wadomain`, if there, covers every domain of the creative (C-112).
///
/// # Errors
/// It does not, or the creative names no domain.
pub fn check_advertiser(creative: &Creative, deal: Option<&Deal<'_>>) -> Result<(), Ineligible> {
    let Some(deal) = deal.filter(|it| !it.wadomain.is_empty()) else {
        return Ok(());
    };
    let allowed = |domain: &String| {
        deal.wadomain
            .iter()
            .any(|listed| covers_domain(listed, domain))
    };
    if !creative.domains.is_empty() && creative.domains.iter().all(allowed) {
        Ok(())
    } else {
        Err(Ineligible::DealAdvertiser)
    }
}
