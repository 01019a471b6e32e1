//! C-80: the VAST version is one that the player speaks, when both are known.

use openrtb::enums::Protocol;

use super::{Case, Document, Refused};
use crate::cause::Format;
use crate::medium::Medium;

pub(super) fn check(
    case: &Case<'_>,
    document: &Document<'_>,
    medium: Medium,
) -> Result<(), Refused> {
    let offered: &[Protocol] = match medium {
        Medium::Video => case.imp.video.as_deref().map(|video| &*video.protocols),
        Medium::Audio => case.imp.audio.as_deref().map(|audio| &*audio.protocols),
        Medium::Banner | Medium::Native => None,
    }
    .unwrap_or_default();
    if offered.is_empty() {
        return Ok(());
    }
    let spoken = case.bid.protocol.or_else(|| document.vast()?.protocol());
    match spoken {
        Some(protocol) if !offered.contains(&protocol) => {
            Err(Refused::format(Format::Protocol(protocol)))
        }
        _ => Ok(()),
    }
}
