//! the advertised app is not blocked.

use super::Case;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let Some(bundle) = case.bid.bundle.as_deref() else {
        return Ok(());
    };
    if !case.lists.blocks_app(case.request, bundle) {
        return Ok(());
    }
    // Stores number their apps; packages have names.
    let is_store_id = bundle.bytes().all(|c| c.is_ascii_digit());
    Err(if is_store_id {
        Loss::AppBlocked
    } else {
        Loss::BundleBlocked
    })
}
