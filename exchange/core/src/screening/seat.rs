//! the seat may buy here.

use super::Case;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let own = &case.partner.seats;
    let foreign = !own.is_empty()
        && case
            .seat
            .is_some_and(|seat| !own.iter().any(|listed| listed == seat));
    if foreign || !case.lists.admits_seat(case.request, case.seat) {
        Err(Loss::SeatBlocked)
    } else {
        Ok(())
    }
}
