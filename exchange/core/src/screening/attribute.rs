//! X-45, C-84: creative attributes.

use openrtb::enums::CreativeAttribute;

use super::{Case, Document};
use crate::loss::Loss;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, document: &Document<'_>, medium: Medium) -> Result<(), Loss> {
    let imp = case.imp;
    let blocked: &[CreativeAttribute] = match medium {
        Medium::Banner => imp.banner.as_deref().map(|banner| &*banner.battr),
        Medium::Video => imp.video.as_deref().map(|video| &*video.battr),
        Medium::Audio => imp.audio.as_deref().map(|audio| &*audio.battr),
        Medium::Native => imp.native.as_deref().map(|native| &*native.battr),
    }
    .unwrap_or_default();
    let declared = &case.bid.attr;
    if declared.iter().any(|attr| blocked.contains(attr)) || skips_wrongly(case, document, medium) {
        Err(Loss::AttributeBlocked)
    } else {
        Ok(())
    }
}

/// C-84: two skip buttons, or one that the bid keeps quiet about where it matters.
fn skips_wrongly(case: &Case<'_>, document: &Document<'_>, medium: Medium) -> bool {
    let Some(video) = case
        .imp
        .video
        .as_deref()
        .filter(|_| medium == Medium::Video)
    else {
        return false;
    };
    let declared = case.bid.attr.contains(&CreativeAttribute::SKIP_BUTTON);
    let offers_to_skip = || {
        let vast = document.vast();
        vast.is_some_and(|vast| vast.is_skippable)
    };
    match video.skip {
        // The publisher's own button would stand beside the ad's, on ads that are long enough for one.
        Some(true) => declared && exceeds(case, document, video.skipmin()),
        Some(false) => !declared && offers_to_skip(),
        None => {
            video.battr.contains(&CreativeAttribute::SKIP_BUTTON) && !declared && offers_to_skip()
        }
    }
}

/// Whether the ad is longer than so many seconds, compared as real numbers; of unknown length it is.
fn exceeds(case: &Case<'_>, document: &Document<'_>, seconds: i32) -> bool {
    let exact_ms = document.vast().and_then(|vast| vast.duration_ms);
    let limit_ms = i64::from(seconds).saturating_mul(1_000);
    match (exact_ms, case.bid.dur) {
        (Some(exact_ms), _) => i64::from(exact_ms) > limit_ms,
        (None, Some(declared)) => declared > seconds,
        (None, None) => true,
    }
}
