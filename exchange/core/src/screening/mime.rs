//! C-72, X-50: the player can play one of the ad's media files.

use super::{Case, Document, Refused, lists};
use crate::cause::Format;
use crate::medium::Medium;

/// Files whose type is not told, and wrappers, which have none, are given the benefit of the doubt. Native assets
/// have their own types.
pub(super) fn check(
    case: &Case<'_>,
    document: &Document<'_>,
    medium: Medium,
) -> Result<(), Refused> {
    let offered = lists::mimes(case.imp, medium);
    if offered.is_empty() {
        return Ok(());
    }
    let Some(vast) = document.vast() else {
        return Ok(());
    };
    let played = |mime: &str| {
        let of = (case.number, medium);
        let is_listed = |it: &str| case.lists.takes_mime(case.request, of, offered, it);
        // Parameters behind the type are not compared.
        let essence = mime.split(';').next().unwrap_or(mime).trim();
        is_listed(mime) || (essence.len() < mime.len() && is_listed(essence))
    };
    match vast.files() {
        Some(files @ [_, ..]) if !files.iter().any(|file| file.mime.is_none_or(played)) => {
            Err(Refused::format(Format::MediaType))
        }
        _ => Ok(()),
    }
}
