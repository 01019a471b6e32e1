//! C-81, C-85: the length of a video or audio ad.

use super::{Case, Document};
use crate::loss::Loss;
use crate::medium::Medium;

/// How far apart what the bid declares, in whole seconds, and what its markup says may be.
const TOLERATED_MS: i64 = 1_000;

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

pub(super) fn check(
    case: &Case<'_>,
    document: &Document<'_>,
    medium: Medium,
    seconds: Option<i32>,
) -> Result<(), Loss> {
    let Some(seconds) = seconds else {
        return Ok(());
    };
    let (fits, pod) = match (medium, &case.imp.video, &case.imp.audio) {
        (Medium::Video, Some(video), _) => (video.admits_duration(seconds), video.poddur),
        (Medium::Audio, _, Some(audio)) => (audio.admits_duration(seconds), audio.poddur),
        _ => return Ok(()),
    };
    if !fits || pod.is_some_and(|pod| seconds > pod) {
        return Err(Loss::FormatNotAllowed);
    }
    if is_as_declared(document, seconds) {
        Ok(())
    } else {
        Err(Loss::WrongDuration)
    }
}

/// Whether the markup, where it tells its length, is as long as that. Of several ads the first tells, or all of a
/// pod together, as far as they do; all of them are no shorter.
fn is_as_declared(document: &Document<'_>, seconds: i32) -> bool {
    let Some((vast, exact_ms)) = document.vast().and_then(|it| Some((it, it.total_ms()?))) else {
        return true;
    };
    let longer_ms = i64::from(exact_ms) - i64::from(seconds) * 1_000;
    longer_ms <= TOLERATED_MS && (longer_ms >= -TOLERATED_MS || vast.ads > 1)
}
