//! C-72, X-50: the player can play one of the ad's media files.

use openrtb::Str;

use super::{Case, Document};
use crate::loss::Loss;
use crate::medium::Medium;

/// Files whose type is not told, and wrappers, which have none, are given the benefit of the doubt. Native assets
/// have their own types.
pub(super) fn check(case: &Case<'_>, document: &Document<'_>, medium: Medium) -> Result<(), Loss> {
    let offered: &[Str<'_>] = match medium {
        Medium::Video => case.imp.video.as_deref().map(|video| &*video.mimes),
        Medium::Audio => case.imp.audio.as_deref().map(|audio| &*audio.mimes),
        Medium::Banner | Medium::Native => None,
    }
    .unwrap_or_default();
    let Some(vast) = document.vast().filter(|_| !offered.is_empty()) else {
        return Ok(());
    };
    let played = |mime: &str| {
        let is_listed = |essence: &str| {
            let mut listed = offered.iter();
            listed.any(|listed| listed.eq_ignore_ascii_case(essence))
        };
        // Parameters behind the type are not compared.
        is_listed(mime) || is_listed(mime.split(';').next().unwrap_or(mime).trim())
    };
    match vast.files() {
        Some(files @ [_, ..]) if !files.iter().any(|file| file.mime.is_none_or(played)) => {
            Err(Loss::FormatNotAllowed)
        }
        _ => Ok(()),
    }
}
