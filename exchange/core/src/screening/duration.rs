//! C-81, C-85: the length of a video or audio ad.

use super::{Case, Document};
use crate::loss::Loss;
use crate::medium::Medium;

/// The ad's length: declared, else as its VAST says.
pub(super) fn seconds(
    case: &Case<'_>,
    document: &Document<'_>,
    medium: Result<Medium, Loss>,
) -> Option<i32> {
    match medium {
        Ok(Medium::Video | Medium::Audio) => case.bid.dur.or_else(|| document.vast()?.seconds()),
        Ok(Medium::Banner | Medium::Native) | Err(_) => None,
    }
}

pub(super) fn check(case: &Case<'_>, medium: Medium, seconds: Option<i32>) -> Result<(), Loss> {
    let Some(seconds) = seconds else {
        return Ok(());
    };
    let (fits, pod) = match (medium, &case.imp.video, &case.imp.audio) {
        (Medium::Video, Some(video), _) => (video.admits_duration(seconds), video.poddur),
        (Medium::Audio, _, Some(audio)) => (audio.admits_duration(seconds), audio.poddur),
        _ => return Ok(()),
    };
    if fits && pod.is_none_or(|pod| seconds <= pod) {
        Ok(())
    } else {
        Err(Loss::FormatNotAllowed)
    }
}
