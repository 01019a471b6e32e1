//! On what the ad would be seen.

use super::{Ineligible, named};
use crate::facts::{Dimension, Facts};
use crate::targeting::Rules;

/// Type, operating system and language of the device.
///
/// # Errors
/// The first key that does not match.
pub fn check(rules: &Rules, facts: &Facts) -> Result<(), Ineligible> {
    let key = |dimension, reason| named(rules.check(dimension, facts), reason);
    key(Dimension::DeviceType, Ineligible::DeviceType)?;
    key(Dimension::Os, Ineligible::Os)?;
    key(Dimension::Language, Ineligible::Language)
}
