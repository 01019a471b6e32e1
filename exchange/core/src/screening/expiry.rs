//! the bid lives as long as the impression may take.

use super::Case;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    match (case.bid.exp, case.imp.exp) {
        (Some(lives), Some(expected)) if lives < expected => Err(Loss::Expired),
        _ => Ok(()),
    }
}
