//! the price is not under the floor; equal to it is enough.

use units::CpmMicros;

use super::Case;
use crate::floors::{Floor, FloorOf};
use crate::loss::Loss;

/// Returns the floor in the bid's currency.
pub(super) fn check(case: &Case<'_>, price: CpmMicros, floor: Floor) -> Result<CpmMicros, Loss> {
    let floor_there = if floor.price == CpmMicros::ZERO {
        CpmMicros::ZERO
    } else {
        case.rates
            .convert_price(floor.price, floor.currency, case.currency)
            .ok_or(Loss::CurrencyNotAllowed)?
    };
    if price >= floor_there {
        return Ok(floor_there);
    }
    Err(match floor.of {
        FloorOf::Imp => Loss::BelowFloor,
        FloorOf::Deal => Loss::BelowDealFloor,
    })
}
