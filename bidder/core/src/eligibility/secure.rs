//! No `http:` in markup where the page is secure.

use super::{Ineligible, Situation};
use crate::creative::Creative;

/// With `secure` 1 neither the creative nor our own trackers may be plain `http:`, loopback apart.
///
/// # Errors
/// There would be such a URL in the markup.
pub fn check(creative: &Creative, situation: &Situation<'_>) -> Result<(), Ineligible> {
    if situation.imp.secure && (creative.insecure || !situation.trackers_are_secure) {
        return Err(Ineligible::NotSecure);
    }
    Ok(())
}
