//! Where the device is.

use super::{Ineligible, named};
use crate::facts::{Dimension, Facts};
use crate::targeting::Rules;

/// Country, region and city of `device.geo`; an unknown place is not included.
///
/// # Errors
/// The first key that does not match.
pub fn check(rules: &Rules, facts: &Facts) -> Result<(), Ineligible> {
    let key = |dimension, reason| named(rules.check(dimension, facts), reason);
    key(Dimension::Country, Ineligible::Country)?;
    key(Dimension::Region, Ineligible::Region)?;
    key(Dimension::City, Ineligible::City)
}
