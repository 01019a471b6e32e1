//! X-10, C-70, C-71: the banner's size is one of those offered.

use openrtb::Banner;

use super::Case;
use crate::loss::Loss;
use crate::medium::Medium;

pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Loss> {
    let Some(banner) = case
        .imp
        .banner
        .as_deref()
        .filter(|_| medium == Medium::Banner)
    else {
        return Ok(());
    };
    let bid = case.bid;
    let fits = match (bid.w, bid.h) {
        (Some(w), Some(h)) if case.imp.instl() => {
            // Any size not larger than the largest offered.
            !has_sizes(banner) || sizes(banner).any(|(most_w, most_h)| w <= most_w && h <= most_h)
        }
        (Some(w), Some(h)) => !has_sizes(banner) || sizes(banner).any(|size| size == (w, h)),
        _ => sizes(banner).count() <= 1 && !has_flex(banner),
    };
    if fits || flex_fits(case, banner) {
        Ok(())
    } else {
        Err(Loss::SizeNotAllowed)
    }
}

/// Format and `w`/`h` together: the union (C-70).
pub(crate) fn sizes(banner: &Banner<'_>) -> impl Iterator<Item = (i32, i32)> {
    let own = banner.w.zip(banner.h);
    let listed = banner.format.iter().filter_map(|f| f.w.zip(f.h));
    listed
        .chain(own)
        .filter(|(w, h)| *w > 0 && *h > 0)
        .enumerate()
        .filter(move |(index, size)| {
            // `w`/`h` repeat an entry of `format` more often than not.
            *index < banner.format.len()
                || !banner.format.iter().any(|f| f.w.zip(f.h) == Some(*size))
        })
        .map(|(_, size)| size)
}

fn has_flex(banner: &Banner<'_>) -> bool {
    banner
        .format
        .iter()
        .any(|f| f.wratio.is_some() && f.hratio.is_some())
}

fn has_sizes(banner: &Banner<'_>) -> bool {
    has_flex(banner) || sizes(banner).next().is_some()
}

/// A flexible bid carries the ratio that was offered (C-71).
fn flex_fits(case: &Case<'_>, banner: &Banner<'_>) -> bool {
    let Some(ratio) = case.bid.wratio.zip(case.bid.hratio) else {
        return false;
    };
    let wide_enough = |least: Option<i32>| least <= case.bid.w || case.bid.w.is_none();
    banner
        .format
        .iter()
        .any(|f| f.wratio.zip(f.hratio) == Some(ratio) && wide_enough(f.wmin))
}
