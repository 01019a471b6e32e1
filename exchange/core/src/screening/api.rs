//! C-72: APIs that the markup uses are among those that the placement has; not listed is not supported.

use openrtb::enums::ApiFramework;

use super::{Case, Document};
use crate::loss::Loss;
use crate::medium::Medium;
use crate::text::contains_ignore_case;

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
    let has_vpaid = offers(offered, &VPAID) || !needs_vpaid(document, medium);
    let has_mraid = offers(offered, &MRAID) || !calls_mraid(document, medium);
    if declared && has_vpaid && has_mraid {
        Ok(())
    } else {
        Err(Loss::FormatNotAllowed)
    }
}

const VPAID: [ApiFramework; 2] = [ApiFramework::VPAID_1, ApiFramework::VPAID_2];

const MRAID: [ApiFramework; 3] = [
    ApiFramework::MRAID_1,
    ApiFramework::MRAID_2,
    ApiFramework::MRAID_3,
];

/// Whether a banner loads the container's script, which it has to by MRAID, whatever the bid declares.
fn calls_mraid(document: &Document<'_>, medium: Medium) -> bool {
    let adm = document.adm().filter(|_| medium == Medium::Banner);
    adm.is_some_and(|adm| contains_ignore_case(adm, "mraid.js"))
}

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
