//! C-72: what a banner's markup shows is of a type that its place shows, where the markup tells.

use openrtb::{Banner, Str};

use super::Case;
use crate::loss::Loss;
use crate::medium::Medium;
use crate::text::{attribute, contains_ignore_case, tags};

/// Types of which any shows scripts and frames.
const PAGES: [&str; 5] = [
    "text/html",
    "application/xhtml+xml",
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
];

/// No `mimes`, no restriction. Of markup that is images alone one must be of a listed type; those whose name does
/// not tell their type have the benefit of the doubt, and text needs none.
pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Loss> {
    let (Medium::Banner, Some(banner), Some(adm)) =
        (medium, case.imp.banner.as_deref(), case.bid.adm())
    else {
        return Ok(());
    };
    if banner.mimes.is_empty() || is_shown(banner, adm) {
        Ok(())
    } else {
        Err(Loss::FormatNotAllowed)
    }
}

fn is_shown(banner: &Banner<'_>, adm: &str) -> bool {
    if contains_ignore_case(adm, "<script") || contains_ignore_case(adm, "<iframe") {
        return is_listed(&banner.mimes, &PAGES);
    }
    let mut images = tags(adm, "img").filter(|tag| !counts(tag)).peekable();
    // There may be thousands of images; of each type the list is asked once.
    let mut refused = [false; KNOWN.len()];
    images.peek().is_none()
        || images.any(|tag| {
            let Some((kind, types)) = attribute(tag, "src").and_then(types_of) else {
                return true;
            };
            let refused = refused.get_mut(kind);
            refused.is_none_or(|refused| {
                *refused = *refused || !is_listed(&banner.mimes, types);
                !*refused
            })
        })
}

fn is_listed(listed: &[Str<'_>], any: &[&str]) -> bool {
    let essence = |text: &Str<'_>| {
        let text = text.split(';').next().unwrap_or_default().trim();
        any.iter().any(|of| of.eq_ignore_ascii_case(text))
    };
    listed.iter().any(essence)
}

/// Whether an image is there to be counted and not to be seen.
fn counts(tag: &str) -> bool {
    let tiny = |name| attribute(tag, name).is_some_and(|text| matches!(text.trim(), "0" | "1"));
    tiny("width") || tiny("height") || contains_ignore_case(tag, "display:none")
}

/// Endings of images' names, and the types that they tell.
const KNOWN: [(&str, &[&str]); 7] = [
    ("jpg", &["image/jpeg", "image/jpg", "image/pjpeg"]),
    ("jpeg", &["image/jpeg", "image/jpg", "image/pjpeg"]),
    ("png", &["image/png"]),
    ("gif", &["image/gif"]),
    ("webp", &["image/webp"]),
    ("avif", &["image/avif"]),
    ("svg", &["image/svg+xml"]),
];

/// The types that an image's name tells, and their place in [`KNOWN`].
fn types_of(url: &str) -> Option<(usize, &'static [&'static str])> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    let mut known = KNOWN.into_iter().enumerate();
    known
        .find(|(_, (name, _))| name.eq_ignore_ascii_case(extension))
        .map(|(kind, (_, types))| (kind, types))
}
