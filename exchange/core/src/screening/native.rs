//! C-92, C-93: the native answer fits the native request.

use super::Case;
use crate::loss::Loss;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Loss> {
    let (Medium::Native, Some(native), Some(adm)) =
        (medium, case.imp.native.as_deref(), case.bid.adm())
    else {
        return Ok(());
    };
    // A request that cannot be read asks for nothing that could be checked.
    let Ok(request) = native.request() else {
        return Ok(());
    };
    let Ok((response, _)) = openrtb::native::NativeResponse::read(adm) else {
        return Err(Loss::FormatNotAllowed);
    };
    // Over-length text is the renderer's to cut (C-93).
    openrtb::native::check(&request, &response, false).map_err(|_| Loss::FormatNotAllowed)
}
