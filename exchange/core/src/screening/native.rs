//! C-92, C-93: the native answer fits the native request.

use super::Case;
use crate::loss::Loss;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Loss> {
    let (Medium::Native, Some(adm)) = (medium, case.bid.adm()) else {
        return Ok(());
    };
    let Ok((response, _)) = openrtb::native::NativeResponse::read(adm) else {
        return Err(Loss::FormatNotAllowed);
    };
    // What is asked for in more members than are read is nothing that an answer could be checked by.
    let request = case.native.ok_or(Loss::FormatNotAllowed)?;
    // Over-length text is the renderer's to cut (C-93).
    openrtb::native::check(request, &response, false).map_err(|_| Loss::FormatNotAllowed)
}
