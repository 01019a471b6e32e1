//! C-72: APIs that the markup uses are among those that the placement has; not listed is not supported.

use openrtb::enums::ApiFramework;

use super::{Case, Document};
use crate::loss::Loss;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, document: &Document<'_>, medium: Medium) -> Result<(), Loss> {
    let imp = case.imp;
    let offered: &[ApiFramework] = match medium {
        Medium::Banner => imp.banner.as_deref().map(|banner| &*banner.api),
        Medium::Video => imp.video.as_deref().map(|video| &*video.api),
        Medium::Audio => imp.audio.as_deref().map(|audio| &*audio.api),
        Medium::Native => imp.native.as_deref().map(|native| &*native.api),
    }
    .unwrap_or_default();
    let declared = case.bid.apis().all(|api| offered.contains(&api));
    if declared && (offers(offered, &VPAID) || !needs_vpaid(document, medium)) {
        Ok(())
    } else {
        Err(Loss::FormatNotAllowed)
    }
}

const VPAID: [ApiFramework; 2] = [ApiFramework::VPAID_1, ApiFramework::VPAID_2];

fn offers(offered: &[ApiFramework], any: &[ApiFramework]) -> bool {
    any.iter().any(|api| offered.contains(api))
}

/// Whether there is nothing in the ad that plays without VPAID, whatever the bid declares.
fn needs_vpaid(document: &Document<'_>, medium: Medium) -> bool {
    if !matches!(medium, Medium::Video | Medium::Audio) {
        return false;
    }
    let Some(vast) = document.vast() else {
        return false;
    };
    let is_vpaid = |framework: &str| framework.eq_ignore_ascii_case("VPAID");
    vast.files().is_some_and(|files| {
        let mut files = files.iter();
        files.len() > 0 && files.all(|file| file.framework.is_some_and(is_vpaid))
    })
}
