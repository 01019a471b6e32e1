//! `crid` is there, where policy wants it.

use super::Case;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    if case.policy.creative_id_required && case.bid.crid.is_none() {
        Err(Loss::MissingCreativeId)
    } else {
        Ok(())
    }
}
