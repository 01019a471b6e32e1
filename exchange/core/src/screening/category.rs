//! categories, compared only within one taxonomy (C-30).

use openrtb::enums::CategoryTaxonomy;

use super::Case;
use crate::loss::Loss;

/// Where only some are allowed, what is told in another taxonomy, or not at all, is none of them.
pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let request = case.request;
    let taxonomy = request.cattax();
    let categories = &case.bid.cat;
    let is_comparable = case.bid.cattax() == taxonomy;
    let any_of = |category: &str, is_listed: &dyn Fn(&str) -> bool| {
        is_listed(category) || parent(taxonomy, category).is_some_and(is_listed)
    };
    let blocks = |category: &str| case.lists.blocks_category(request, category);
    let blocked = is_comparable && categories.iter().any(|it| any_of(it, &blocks));
    if blocked || is_blocked_by_seller(case) {
        return Err(Loss::CategoryNotAllowed);
    }
    let allows = |category: &str| case.lists.allows_category(request, category);
    let allowed = request.acat.is_empty()
        || (is_comparable
            && !categories.is_empty()
            && categories.iter().all(|it| any_of(it, &allows)));
    if allowed {
        Ok(())
    } else {
        Err(Loss::CategoryNotAllowed)
    }
}

/// What the seller always blocks, in taxonomy 1. It stands in the request's own list (C-42) but where that speaks
/// another taxonomy, or of what is allowed.
fn is_blocked_by_seller(case: &Case<'_>) -> bool {
    let blocked = case.conditions.blocked_categories;
    let taxonomy = CategoryTaxonomy::CONTENT_1_0;
    let stands_there = case.request.cattax() == taxonomy && case.request.acat.is_empty();
    if blocked.is_empty() || stands_there || case.bid.cattax() != taxonomy {
        return false;
    }
    let names = |it: &str| case.lists.seller_blocks_category(blocked, it);
    let mut categories = case.bid.cat.iter();
    categories.any(|it| names(it) || parent(taxonomy, it).is_some_and(names))
}

/// In taxonomy 1 a tier-1 code covers its children: IAB25 covers IAB25-3, and not IAB251.
fn parent(taxonomy: CategoryTaxonomy, category: &str) -> Option<&str> {
    let parts = category.split_once('-');
    parts
        .map(|(parent, _)| parent)
        .filter(|_| taxonomy == CategoryTaxonomy::CONTENT_1_0)
}
