//! the price is a positive number.

use super::Case;
use crate::loss::Loss;
use units::CpmMicros;

pub(super) fn check(case: &Case<'_>) -> Result<CpmMicros, Loss> {
    case.bid.price.positive().ok_or(Loss::MissingPrice)
}
