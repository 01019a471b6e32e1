//! C-80: markup for a player is a well-formed VAST document with an ad in it.

use super::Document;
use crate::loss::Loss;
use crate::medium::Medium;

pub(super) fn check(document: &Document<'_>, medium: Medium) -> Result<(), Loss> {
    if !matches!(medium, Medium::Video | Medium::Audio) || document.adm().is_none() {
        return Ok(());
    }
    match document.vast() {
        Some(vast) if vast.is_well_formed && vast.ads > 0 => Ok(()),
        _ => Err(Loss::UnusableVast),
    }
}
