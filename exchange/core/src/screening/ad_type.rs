//! the kind of banner markup is not blocked.

use openrtb::enums::BannerAdType;

use super::Case;
use crate::loss::Loss;
use crate::medium::Medium;
use crate::text::{Element, elements};

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

/// What runs tells more than what is shown; the markup is gone through once.
fn kind(adm: &str) -> BannerAdType {
    let mut kind = BannerAdType::XHTML_TEXT;
    for element in elements(adm) {
        match element {
            Element::Script => return BannerAdType::JAVASCRIPT,
            Element::Frame => kind = BannerAdType::IFRAME,
            Element::Image(_) | Element::Picture if kind == BannerAdType::XHTML_TEXT => {
                kind = BannerAdType::XHTML_BANNER;
            }
            Element::Image(_) | Element::Picture => {}
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn x_46_one_pass_says_what_looking_for_each_kind_says(
            adm in "(<[sS]cript|<iframe|<IMG|<img|<picture|<i|<|[a-z <>é])*",
        ) {
            let lower = adm.to_ascii_lowercase();
            let says = |element| lower.contains(element);
            let expect = if says("<script") {
                BannerAdType::JAVASCRIPT
            } else if says("<iframe") {
                BannerAdType::IFRAME
            } else if says("<img") || says("<picture") {
                BannerAdType::XHTML_BANNER
            } else {
                BannerAdType::XHTML_TEXT
            };
            prop_assert_eq!(kind(&adm), expect);
        }
    }
}
