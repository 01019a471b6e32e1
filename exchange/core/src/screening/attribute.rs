//! X-45, C-84: creative attributes.

use openrtb::enums::CreativeAttribute;

use super::Case;
use crate::loss::Loss;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Loss> {
    let imp = case.imp;
    let blocked: &[CreativeAttribute] = match medium {
        Medium::Banner => imp.banner.as_deref().map(|banner| &*banner.battr),
        Medium::Video => imp.video.as_deref().map(|video| &*video.battr),
        Medium::Audio => imp.audio.as_deref().map(|audio| &*audio.battr),
        Medium::Native => imp.native.as_deref().map(|native| &*native.battr),
    }
    .unwrap_or_default();
    // Where the publisher adds the skip button, an ad that brings its own would show two.
    let two_buttons = medium == Medium::Video
        && imp.video.as_deref().and_then(|video| video.skip) == Some(true)
        && case.bid.attr.contains(&CreativeAttribute::SKIP_BUTTON);
    if two_buttons || case.bid.attr.iter().any(|attr| blocked.contains(attr)) {
        Err(Loss::AttributeBlocked)
    } else {
        Ok(())
    }
}
