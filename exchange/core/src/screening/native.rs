//! C-92, C-93: the native answer fits the native request.

use super::Case;
use crate::loss::Loss;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Loss> {
    // A request that cannot be read asks for nothing that could be checked.
    let (Medium::Native, Some(request), Some(adm)) = (medium, case.native, case.bid.adm()) else {
        return Ok(());
    };
    let Ok((response, _)) = openrtb::native::NativeResponse::read(adm) else {
        return Err(Loss::FormatNotAllowed);
    };
    // Over-length text is the renderer's to cut (C-93).
    openrtb::native::check(request, &response, false).map_err(|_| Loss::FormatNotAllowed)
}
