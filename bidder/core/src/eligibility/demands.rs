//! Where alone a creative wants to be shown: what it demands of the place, beside what the place demands of it.

use super::Ineligible;
use crate::creative::Creative;
use crate::opportunity::{BannerOffer, Imp, StreamOffer};

/// AdCOM "Companion Types": a static image.
const STATIC: i32 = 1;

/// Interstitial or not, rewarded or not.
///
/// # Errors
/// The imp is what the creative does not want.
pub fn check_imp(creative: &Creative, imp: &Imp<'_>) -> Result<(), Ineligible> {
    let demands = &creative.declared().demands;
    if demands
        .interstitial
        .is_some_and(|it| it != imp.interstitial)
    {
        return Err(Ineligible::InterstitialNotWanted);
    }
    if demands.rewarded.is_some_and(|it| it != imp.rewarded) {
        return Err(Ineligible::RewardNotWanted);
    }
    Ok(())
}

/// `pos`; a place that does not tell it satisfies no demand.
///
/// # Errors
/// Another position, or none told.
pub(super) fn check_position(creative: &Creative, position: Option<i32>) -> Result<(), Ineligible> {
    met(&creative.declared().demands.positions, position)
        .then_some(())
        .ok_or(Ineligible::PositionNotWanted)
}

/// Playback, break, slot and companions of video and audio.
///
/// # Errors
/// The first that is not as the creative wants it.
pub(super) fn check_stream(creative: &Creative, offer: &StreamOffer<'_>) -> Result<(), Ineligible> {
    let demands = &creative.declared().demands;
    if !met(&demands.playback_methods, offer.playback) {
        return Err(Ineligible::PlaybackNotWanted);
    }
    if !met(&demands.start_delays, offer.start_delay) {
        return Err(Ineligible::StartDelayNotWanted);
    }
    // B-10: 2 leaves the choice of first or last to the buyer.
    let has_slot = |wanted| offer.slot.is_some_and(|it| it == wanted || it == 2);
    if demands.slot_in_pod.is_some_and(|it| !has_slot(it)) {
        return Err(Ineligible::SlotNotOffered);
    }
    if demands.companion && !shows_companion(creative, offer) {
        return Err(Ineligible::CompanionNotOffered);
    }
    check_position(creative, offer.position)
}

fn met(wanted: &[i32], offered: Option<i32>) -> bool {
    wanted.is_empty() || offered.is_some_and(|it| wanted.contains(&it))
}

fn shows_companion(creative: &Creative, offer: &StreamOffer<'_>) -> bool {
    let types = offer.companion_types;
    if !types.is_empty() && !types.iter().any(|it| it.0 == STATIC) {
        return false;
    }
    let mut own = creative.declared().companions.iter();
    own.any(|companion| {
        offer.companions.iter().any(|banner| {
            let takes = banner.mimes.is_empty()
                || banner
                    .mimes
                    .iter()
                    .any(|it| it.eq_ignore_ascii_case(&companion.mime));
            takes
                && BannerOffer { banner }
                    .sizes()
                    .any(|size| (size.w, size.h) == (companion.width, companion.height))
        })
    })
}
