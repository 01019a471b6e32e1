//! C-72: APIs that the markup uses are among those that the placement has; not listed is not supported.

use openrtb::enums::ApiFramework;

use super::Case;
use crate::loss::Loss;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Loss> {
    let imp = case.imp;
    let offered: &[ApiFramework] = match medium {
        Medium::Banner => imp.banner.as_deref().map(|banner| &*banner.api),
        Medium::Video => imp.video.as_deref().map(|video| &*video.api),
        Medium::Audio => imp.audio.as_deref().map(|audio| &*audio.api),
        Medium::Native => imp.native.as_deref().map(|native| &*native.api),
    }
    .unwrap_or_default();
    if case.bid.apis().all(|api| offered.contains(&api)) {
        Ok(())
    } else {
        Err(Loss::FormatNotAllowed)
    }
}
