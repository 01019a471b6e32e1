//! there is markup, or a `nurl` that may return it (C-49, X-93).

use super::Case;
use crate::loss::Loss;

pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let given = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
    if given(case.bid.adm()) || given(case.bid.nurl.as_deref()) {
        Ok(())
    } else {
        Err(Loss::MissingMarkup)
    }
}
