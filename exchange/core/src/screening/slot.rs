//! a bid for the first or last slot of a pod, where that was not offered.

use super::Case;
use crate::loss::Loss;
use openrtb::enums::SlotInPod;

/// Offered 2 (first or last) allows 1 and -1; an absent offer is 0: no slot can be promised.
pub(super) fn check(case: &Case<'_>) -> Result<(), Loss> {
    let Some(wanted) = case.bid.slotinpod else {
        return Ok(());
    };
    let offered = [
        case.imp.video.as_ref().and_then(|video| video.slotinpod),
        case.imp.audio.as_ref().and_then(|audio| audio.slotinpod),
    ];
    let is_offered = match wanted {
        SlotInPod::FIRST | SlotInPod::LAST => {
            let fits = |offer: &SlotInPod| *offer == wanted || *offer == SlotInPod::FIRST_OR_LAST;
            offered.iter().flatten().any(fits)
        }
        SlotInPod::FIRST_OR_LAST => {
            let promises = |offer: &SlotInPod| *offer != SlotInPod::ANY;
            offered.iter().flatten().any(promises)
        }
        _ => true,
    };
    if is_offered {
        Ok(())
    } else {
        Err(Loss::SlotNotOffered)
    }
}
