//! Only what was approved is shown: by us, and by a source that reviews creatives itself.

use contracts::catalog::Review;

use super::Ineligible;
use crate::creative::Creative;
use crate::opportunity::Opportunity;

/// The creative is approved here, and there where that counts.
///
/// # Errors
/// Not reviewed, rejected, or not approved by the source.
pub fn check(creative: &Creative, opportunity: &Opportunity<'_>) -> Result<(), Ineligible> {
    let declared = creative.declared();
    match declared.review {
        Review::Approved => {}
        Review::Pending => return Err(Ineligible::CreativePending),
        Review::Rejected => return Err(Ineligible::CreativeRejected),
    }
    let Some(source) = opportunity.reviewed_by else {
        return Ok(());
    };
    if declared.approvals.get(source) == Some(&Review::Approved) {
        Ok(())
    } else {
        Err(Ineligible::NotApprovedThere)
    }
}
