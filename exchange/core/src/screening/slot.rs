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
    let offers = |slot: SlotInPod| {
        offered
            .iter()
            .flatten()
            .any(|offer| *offer == slot || *offer == SlotInPod::FIRST_OR_LAST)
    };
    let promised = |slot| wanted != slot || offers(slot);
    if promised(SlotInPod::FIRST) && promised(SlotInPod::LAST) {
        Ok(())
    } else {
        Err(Loss::SlotNotOffered)
    }
}
