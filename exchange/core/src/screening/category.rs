//! categories, compared only within one taxonomy (C-30).

use openrtb::Str;
use openrtb::enums::CategoryTaxonomy;

use super::Case;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let request = case.request;
    let taxonomy = request.cattax();
    if case.bid.cattax() != taxonomy {
        return Ok(());
    }
    let within = |list: &[Str<'_>], category: &str| {
        list.iter().any(|listed| covers(taxonomy, listed, category))
    };
    let categories = &case.bid.cat;
    let blocked = categories.iter().any(|cat| within(&request.bcat, cat));
    let allowed = request.acat.is_empty()
        || (!categories.is_empty() && categories.iter().all(|cat| within(&request.acat, cat)));
    if blocked || !allowed {
        Err(Loss::CategoryNotAllowed)
    } else {
        Ok(())
    }
}

/// In taxonomy 1 a tier-1 code covers its children: IAB25 covers IAB25-3, and not IAB251.
fn covers(taxonomy: CategoryTaxonomy, listed: &str, category: &str) -> bool {
    if listed.eq_ignore_ascii_case(category) {
        return true;
    }
    taxonomy == CategoryTaxonomy::CONTENT_1_0
        && category
            .split_once('-')
            .is_some_and(|(parent, _)| parent.eq_ignore_ascii_case(listed))
}
