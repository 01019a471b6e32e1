//! Who would see the ad.

use super::{Ineligible, named};
use crate::facts::{Dimension, Facts};
use crate::targeting::Rules;

/// Gender, age, interests and segments of the user; where identity may not be used nothing is known.
///
/// # Errors
/// The first key that does not match.
pub fn check(rules: &Rules, facts: &Facts) -> Result<(), Ineligible> {
    let key = |dimension, reason| named(rules.check(dimension, facts), reason);
    key(Dimension::Gender, Ineligible::Gender)?;
    key(Dimension::Age, Ineligible::Age)?;
    key(Dimension::Interest, Ineligible::Interest)?;
    key(Dimension::Segment, Ineligible::Segment)
}
