//! Where the ad would be seen.

use super::{Ineligible, named};
use crate::facts::{Dimension, Facts};
use crate::targeting::Rules;

/// Domain, bundle and categories of the site or app.
///
/// # Errors
/// The first key that does not match.
pub fn check(rules: &Rules, facts: &Facts) -> Result<(), Ineligible> {
    let key = |dimension, reason| named(rules.check(dimension, facts), reason);
    key(Dimension::Domain, Ineligible::Domain)?;
    key(Dimension::Bundle, Ineligible::Bundle)?;
    key(Dimension::Category, Ineligible::Category)
}
