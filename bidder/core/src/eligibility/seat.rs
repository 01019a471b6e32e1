//! Which seats may bid (X-40, C-41).

use super::{Ineligible, Refusals};
use crate::market::Item;
use crate::opportunity::Opportunity;

/// The line item's seat is in `wseat`, if that is there, and not in `bseat`; both apply.
///
/// # Errors
/// Not allowed, or blocked.
pub fn check(
    item: &Item,
    opportunity: &Opportunity<'_>,
    on: &mut impl Refusals,
) -> Result<(), Ineligible> {
    let request = opportunity.request;
    let named = |list: &[openrtb::Str<'_>]| list.iter().any(|seat| **seat == *item.seat);
    if !request.wseat.is_empty() && !named(&request.wseat) {
        on.refuse(Ineligible::SeatNotAllowed)?;
    }
    if named(&request.bseat) {
        on.refuse(Ineligible::SeatBlocked)?;
    }
    Ok(())
}
