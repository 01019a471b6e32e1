//! no insecure URL in the markup where `secure` is 1.

use super::Case;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    if case.imp.secure != Some(true) {
        return Ok(());
    }
    let adm = case.bid.adm().unwrap_or_default();
    match openrtb::insecure_url(adm, case.policy.loopback_is_secure) {
        Some(_) => Err(Loss::NotSecure),
        None => Ok(()),
    }
}
