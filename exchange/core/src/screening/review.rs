//! What our own review of creatives says of this one (losses 10, 201, 202).

use contracts::catalog::{CreativePolicy, Verdict};

use super::Case;
use crate::loss::Loss;
use crate::registry::Creative;

/// A creative that nothing tells from others cannot have been reviewed.
pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let approved_only = match case.conditions.creatives {
        CreativePolicy::Any => return Ok(()),
        CreativePolicy::NotBlocked => false,
        CreativePolicy::ApprovedOnly => true,
    };
    let creative = Creative::of(case.bid);
    let verdict = case.registry.verdict(case.partner.id.as_str(), &creative);
    match verdict {
        Some(Verdict::Blocked) => Err(Loss::CreativeBlocked),
        Some(Verdict::Approved) => Ok(()),
        Some(Verdict::Pending) | None if !approved_only => Ok(()),
        Some(Verdict::Pending) | None if creative.is_told_apart() => Err(Loss::CreativePending),
        Some(Verdict::Pending) | None => Err(Loss::MissingApprovalData),
    }
}
