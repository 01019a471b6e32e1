//! How many impressions one display counts for (`qty`, OpenRTB §3.2.31): the seller says it and the advertiser pays.

use super::{Ineligible, Situation};

/// A display counts for no more impressions than the configuration allows.
///
/// # Errors
/// It counts for more.
pub fn check(situation: &Situation<'_>) -> Result<(), Ineligible> {
    if situation.imp.quantity > situation.most_quantity {
        return Err(Ineligible::QuantityTooLarge);
    }
    Ok(())
}
