//! the bid lives as long as the impression may take, and until its display at least (C-150).

use super::Case;
use crate::loss::Loss;
use crate::payout;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let Some(lives) = case.bid.exp else {
        return Ok(());
    };
    let expected = case.imp.exp.unwrap_or_default();
    let until_display = payout::until_display(case.imp, case.at);
    let is_alive = payout::promised(case.bid) >= Some(until_display);
    // A bid that is over as soon as it is made pays for nothing.
    if lives <= 0 || lives < expected || !is_alive {
        return Err(Loss::Expired);
    }
    Ok(())
}
