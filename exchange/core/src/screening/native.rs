//! C-92, C-93: the native answer fits the native request.

use super::{Case, Refused};
use crate::cause::Format;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Refused> {
    let (Medium::Native, Some(adm)) = (medium, case.bid.adm()) else {
        return Ok(());
    };
    let Ok((response, _)) = openrtb::native::NativeResponse::read(adm) else {
        return Err(Refused::format(Format::NativeUnreadable));
    };
    // What is asked for in more members than are read is nothing that an answer could be checked by.
    let request = case.native.ok_or(Refused::format(Format::NativeUnasked))?;
    // Over-length text is the renderer's to cut (C-93).
    let fits = openrtb::native::check(request, &response, false);
    fits.map_err(|fault| Refused::format(Format::Native(fault)))
}
