//! X-49, C-132: which media object is answered, and whether it was offered.

use openrtb::enums::MarkupType;
use openrtb::{Bid, Imp};

use super::{Case, Document, Refused};
use crate::cause::Format;
use crate::medium::Medium;

/// The declared type; without one the only one offered; else what the markup looks like.
pub(super) fn detect(case: &Case<'_>, document: &Document<'_>) -> Result<Medium, Refused> {
    let mut offered = Medium::ALL
        .into_iter()
        .filter(|medium| medium.is_offered(case.imp));
    let declared = match case.bid.mtype() {
        Some(mtype) => Some(of_mtype(mtype).ok_or(Refused::format(Format::MarkupType(mtype)))?),
        None => None,
    };
    let medium = match declared {
        Some(medium) => medium,
        None => match (offered.next(), offered.next()) {
            (Some(only), None) => only,
            _ => sniff(case, document),
        },
    };
    if medium.is_offered(case.imp) {
        Ok(medium)
    } else {
        Err(Refused::format(Format::Medium(medium)))
    }
}

/// Whether a bid may answer a medium that its imp offers: another one is not declared, nor told by the markup.
pub(super) fn may_be(imp: &Imp<'_>, bid: &Bid<'_>, medium: Medium) -> bool {
    let is_object = || {
        bid.adm()
            .is_some_and(|adm| adm.trim_start().starts_with('{'))
    };
    match bid.mtype().map(of_mtype) {
        Some(declared) => declared == Some(medium),
        None => {
            let mut offered = Medium::ALL.into_iter().filter(|it| it.is_offered(imp));
            offered.all(|it| it == medium) || (medium == Medium::Native) == is_object()
        }
    }
}

const fn of_mtype(mtype: MarkupType) -> Option<Medium> {
    match mtype {
        MarkupType::BANNER => Some(Medium::Banner),
        MarkupType::VIDEO => Some(Medium::Video),
        MarkupType::AUDIO => Some(Medium::Audio),
        MarkupType::NATIVE => Some(Medium::Native),
        _ => None,
    }
}

fn sniff(case: &Case<'_>, document: &Document<'_>) -> Medium {
    let adm = document.adm().unwrap_or_default().trim_start();
    if adm.starts_with('{') {
        Medium::Native
    } else if document.vast().is_some() {
        if case.imp.video.is_some() {
            Medium::Video
        } else {
            Medium::Audio
        }
    } else {
        Medium::Banner
    }
}
