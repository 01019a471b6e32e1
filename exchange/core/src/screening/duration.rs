//! C-81, C-85: the length of a video or audio ad.

use super::{Case, Document, Refused};
use crate::cause::Format;
use crate::loss::Loss;
use crate::medium::Medium;

/// How far apart what the bid declares, in whole seconds, and what its markup says may be.
const TOLERATED_MS: i64 = 1_000;

/// The ad's length: declared, else as its VAST says.
pub(super) fn seconds(
    case: &Case<'_>,
    document: &Document<'_>,
    medium: Result<Medium, Refused>,
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
) -> Result<(), Refused> {
    let Some(seconds) = seconds else {
        return Ok(());
    };
    let (fits, pod, unfit) = match (medium, &case.imp.video, &case.imp.audio) {
        (Medium::Video, Some(video), _) => {
            let unfit = unfit(
                seconds,
                &video.rqddurs,
                video.minduration(),
                video.longest(),
            );
            (video.admits_duration(seconds), video.poddur, unfit)
        }
        (Medium::Audio, _, Some(audio)) => {
            let unfit = unfit(
                seconds,
                &audio.rqddurs,
                audio.minduration(),
                audio.longest(),
            );
            (audio.admits_duration(seconds), audio.poddur, unfit)
        }
        _ => return Ok(()),
    };
    if !fits {
        return Err(Refused::format(unfit));
    }
    if let Some(pod) = pod.filter(|pod| seconds > *pod) {
        return Err(Refused::format(Format::LongerThanBreak(seconds, pod)));
    }
    if is_as_declared(document, seconds) {
        Ok(())
    } else {
        Err(Loss::WrongDuration.into())
    }
}

/// What is wrong with a length that is not admitted.
const fn unfit(seconds: i32, required: &[i32], least: i32, longest: i32) -> Format {
    if !required.is_empty() {
        Format::NotRequired(seconds)
    } else if seconds < least {
        Format::Shorter(seconds, least)
    } else {
        Format::Longer(seconds, longest)
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
