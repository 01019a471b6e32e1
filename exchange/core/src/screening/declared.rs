//! R37: as much is declared of a bid as is looked at.

use super::Case;
use crate::domain;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let bid = case.bid;
    let longest = [
        bid.adomain.len(),
        bid.cat.len(),
        bid.attr.len(),
        bid.apis.len(),
    ];
    let is_looked_at = longest
        .into_iter()
        .all(|count| count <= case.policy.declared);
    let names = || bid.adomain.iter().map(|name| &**name);
    if is_looked_at && domain::international(names()) <= case.policy.international {
        Ok(())
    } else {
        Err(Loss::DeclaresTooMuch)
    }
}
