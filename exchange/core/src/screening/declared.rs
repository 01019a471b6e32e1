//! R37: as much is declared of a bid as is looked at.

use super::Case;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let bid = case.bid;
    let longest = [
        bid.adomain.len(),
        bid.cat.len(),
        bid.attr.len(),
        bid.apis.len(),
    ];
    if longest
        .into_iter()
        .all(|count| count <= case.policy.declared)
    {
        Ok(())
    } else {
        Err(Loss::DeclaresTooMuch)
    }
}
