//! the kind of banner markup is not blocked.

use openrtb::enums::BannerAdType;

use super::Case;
use crate::loss::Loss;
use crate::medium::Medium;
use crate::text::contains_ignore_case;

pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Loss> {
    let (Medium::Banner, Some(banner), Some(adm)) =
        (medium, case.imp.banner.as_deref(), case.bid.adm())
    else {
        return Ok(());
    };
    if !banner.btype.is_empty() && banner.btype.contains(&kind(adm)) {
        Err(Loss::AdTypeBlocked)
    } else {
        Ok(())
    }
}

fn kind(adm: &str) -> BannerAdType {
    if contains_ignore_case(adm, "<script") {
        BannerAdType::JAVASCRIPT
    } else if contains_ignore_case(adm, "<iframe") {
        BannerAdType::IFRAME
    } else if contains_ignore_case(adm, "<img") || contains_ignore_case(adm, "<picture") {
        BannerAdType::XHTML_BANNER
    } else {
        BannerAdType::XHTML_TEXT
    }
}
