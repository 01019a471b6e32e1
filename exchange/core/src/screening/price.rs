//! the price is a positive number.

use openrtb::Price;
use units::CpmMicros;

use super::{Case, Refused};
use crate::cause::Cause;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<CpmMicros, Refused> {
    let price = case.bid.price;
    price.positive().ok_or_else(|| match price {
        Price::Beyond => Refused::because(Loss::MissingPrice, Cause::BeyondBelief),
        Price::Absent | Price::Invalid | Price::Cpm(_) => Loss::MissingPrice.into(),
    })
}
