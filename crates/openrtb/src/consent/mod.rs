//! What a person allows: TCF v2, GPP and US privacy strings as plain answers (C-160 to C-163).
//!
//! A string that cannot be read is no consent. Nothing here decides what follows from an answer:
//! that is the policy of an exchange or bidder.
//!
//! The sections of the United States are read by the crate `iab_gpp`. The header of GPP and TCF
//! strings are read here, where they stand, because version 0.1.2 of that crate spreads ranges of
//! vendors out (1 kB of text keeps it busy for seconds), looks for publishers' restrictions in a form
//! they do not have, adds up a header's distances unchecked, and takes its third single section for
//! another one. It stays the oracle of our tests. A section whose field for the MSPA is 0 it refuses,
//! and so do we: such a section is broken.

mod bits;
mod gpp;
mod tcf;
mod url;
mod us;
mod vendors;

use crate::enums::GppSection;
use crate::json::Str;
use crate::request::BidRequest;

pub use gpp::Gpp;
pub use tcf::{Restriction, Tcf};
pub use url::UrlChoice;
pub use us::{OptOuts, UsPrivacy};

/// Bytes of the longest string that is read; one with every vendor in each of its parts has about
/// 3 kB, a longer one is no consent.
pub const LONGEST: usize = 8_192;

/// Whether the request is a child's (C-161).
#[must_use]
pub fn is_child(request: &BidRequest<'_>) -> bool {
    let regs = request.regs.as_deref();
    regs.and_then(|regs| regs.coppa) == Some(true)
}

/// Whether the device limits tracking: `lmt` or `dnt` (C-142).
#[must_use]
pub fn limits_tracking(request: &BidRequest<'_>) -> bool {
    request
        .device
        .as_deref()
        .is_some_and(|device| device.dnt == Some(true) || device.lmt == Some(true))
}

/// The text that says what the person consents to, where the GDPR applies; `None` where nobody claims it.
///
/// It applies when `gdpr` is 1, or when the sections in force name the European one and `gdpr` is
/// absent. The string is that of `user.consent` or else the section's.
#[must_use]
pub fn gdpr_consent<'a>(request: &BidRequest<'a>) -> Option<ConsentText<'a>> {
    let in_force = || request.gpp_sid().contains(&GppSection::EU_TCF_2);
    if !request.gdpr().unwrap_or_else(in_force) {
        return None;
    }
    Some(match request.consent() {
        Some(text) => ConsentText::Tcf(text),
        None => ConsentText::Gpp(request.gpp().unwrap_or_default()),
    })
}

/// Where a consent string stands.
#[derive(Debug, Clone)]
pub enum ConsentText<'a> {
    /// By itself.
    Tcf(Str<'a>),
    /// As a section of a GPP string, if it is there at all.
    Gpp(Str<'a>),
}

impl ConsentText<'_> {
    /// The consent; `None`, which is no consent, where there is no readable string (C-162).
    #[must_use]
    pub fn read(&self) -> Option<Tcf<'_>> {
        match self {
            Self::Tcf(text) => Tcf::read(text),
            Self::Gpp(text) => Gpp::read(text)?.tcf(),
        }
    }
}

/// What `policy` says to the person's consent where the GDPR applies; `None` where nobody claims it.
/// Without a readable string the answer is `false` (C-162).
#[must_use]
pub fn gdpr_allows(
    request: &BidRequest<'_>,
    policy: impl FnOnce(&Tcf<'_>) -> bool,
) -> Option<bool> {
    let text = gdpr_consent(request)?;
    Some(text.read().is_some_and(|tcf| policy(&tcf)))
}

/// Whether the person opted out in the United States, by `us_privacy`, by GPP or by Global Privacy Control
/// (C-163).
///
/// Of the sections, those in force count, or all where the request does not say which are. A broken
/// string that is in force is an opt-out; sections that are not known opt out of nothing.
#[must_use]
pub fn opted_out(request: &BidRequest<'_>) -> bool {
    let by_string = request
        .us_privacy()
        .is_some_and(|text| UsPrivacy::read(&text).is_none_or(|read| read.opted_out == Some(true)));
    by_string || sends_gpc(request) || gpp_opts_out(request)
}

/// Whether the browser sends Global Privacy Control, as the exchange that it called passes it on:
/// `regs.ext.gpc`.
#[must_use]
pub fn sends_gpc(request: &BidRequest<'_>) -> bool {
    let ext = request.regs.as_deref().and_then(|regs| regs.ext);
    ext.and_then(|ext| ext.get("gpc")?.to_flag()) == Some(true)
}

fn gpp_opts_out(request: &BidRequest<'_>) -> bool {
    let sections = request.gpp_sid();
    let text = request.gpp();
    let Some(gpp) = text.as_deref().and_then(Gpp::read) else {
        return text.is_some() && sections.iter().any(|id| us::is_us(*id));
    };
    gpp.us()
        .filter(|(id, _)| sections.is_empty() || sections.contains(id))
        .any(|(_, read)| read.is_none_or(|read| read.any()))
}

#[cfg(test)]
mod tests;
