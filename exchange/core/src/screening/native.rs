//! C-92, C-93: the native answer fits the native request.

use super::{Case, Refused};
use crate::cause::Format;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Refused> {
    // A request that cannot be read asks for nothing that could be checked.
    let (Medium::Native, Some(request), Some(adm)) = (medium, case.native, case.bid.adm()) else {
        return Ok(());
    };
    let Ok((response, _)) = openrtb::native::NativeResponse::read(adm) else {
        return Err(Refused::format(Format::NativeUnreadable));
    };
    // Over-length text is the renderer's to cut (C-93).
    let fits = openrtb::native::check(request, &response, false);
    fits.map_err(|fault| Refused::format(Format::Native(fault)))
}
