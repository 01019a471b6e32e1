//! What our own review of creatives says of this one (losses 10, 201, 202).

use contracts::catalog::{CreativePolicy, Verdict};

use super::{Case, Document};
use crate::loss::Loss;

/// A creative without `crid` or markup cannot have been reviewed.
pub(super) fn check(case: &Case<'_>, document: &Document<'_>) -> Result<(), Loss> {
    let approved_only = match case.conditions.creatives {
        CreativePolicy::Any => return Ok(()),
        CreativePolicy::NotBlocked => false,
        CreativePolicy::ApprovedOnly => true,
    };
    let Some(crid) = case.bid.crid.as_deref().filter(|crid| !crid.is_empty()) else {
        return if approved_only {
            Err(Loss::MissingApprovalData)
        } else {
            Ok(())
        };
    };
    let verdict = case
        .registry
        .verdict(case.partner.id.as_str(), crid, document.adm());
    match verdict {
        Some(Verdict::Blocked) => Err(Loss::CreativeBlocked),
        Some(Verdict::Approved) => Ok(()),
        Some(Verdict::Pending) | None if approved_only => Err(Loss::CreativePending),
        Some(Verdict::Pending) | None => Ok(()),
    }
}
