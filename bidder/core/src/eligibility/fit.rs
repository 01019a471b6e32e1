//! How a creative would be shown on an imp: medium, size, length, VAST version.

use openrtb::Deal;
use openrtb::enums::{ApiFramework, CreativeAttribute};

use super::{Ineligible, Refusals, demands, native, stream};
use crate::creative::Creative;
use crate::index::{Shape, Size};
use crate::market::Item;
use crate::opportunity::{BannerOffer, Floor, Imp, floor};

/// The media object that a bid answers (`mtype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Medium {
    /// `mtype` 1.
    Banner,
    /// `mtype` 2.
    Video,
    /// `mtype` 3.
    Audio,
    /// `mtype` 4.
    Native,
}

impl Medium {
    /// The value of `mtype`.
    #[must_use]
    pub const fn mtype(self) -> i32 {
        match self {
            Self::Banner => 1,
            Self::Video => 2,
            Self::Audio => 3,
            Self::Native => 4,
        }
    }
}

/// How a creative is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// Which media object is answered.
    pub medium: Medium,
    /// Size in pixels; of a banner, absent for the flexible size on offer.
    pub size: Option<Size>,
    /// Length in seconds.
    pub length: Option<u32>,
    /// Creative subtype, and the version to write; empty for an own document.
    pub protocol: Option<(i32, &'static str)>,
}

impl Fit {
    /// The floor that a bid shown so must reach.
    #[must_use]
    pub fn floor(&self, imp: &Imp<'_>, deal: Option<&Deal<'_>>) -> Floor {
        let offer = match self.medium {
            Medium::Video => imp.video.as_ref(),
            Medium::Audio => imp.audio.as_ref(),
            Medium::Banner | Medium::Native => None,
        };
        floor(imp, deal, offer.zip(self.length))
    }
}

/// The first of the media on offer in which the creative can be shown; where all refusals are heard, the one
/// with the fewest.
///
/// # Errors
/// Why not in the last one that it has a form for; `FormatNotOffered` when there is none.
pub fn choose(
    item: &Item,
    creative: &Creative,
    imp: &Imp<'_>,
    on: &mut impl Refusals,
) -> Result<Fit, Ineligible> {
    let mut tries = Tries {
        reason: Ineligible::FormatNotOffered,
        best: None,
    };
    let shows = |shape: fn(&Shape) -> bool| item.shapes.iter().any(shape);
    if let Some(banner) = &imp.banner
        && creative.banner.is_some()
        && shows(|it| matches!(it, Shape::Banner(_) | Shape::AnyBanner))
    {
        let mut aside = on.aside();
        let fit = check_banner(item, creative, banner, imp.interstitial, &mut aside);
        if let Some(fit) = tries.note(fit, aside) {
            return Ok(fit);
        }
    }
    for (offer, medium) in [(&imp.video, Medium::Video), (&imp.audio, Medium::Audio)] {
        let mine = creative.vast.is_some() && creative.is_for(medium);
        if let Some(offer) = offer
            && mine
            && shows(|it| matches!(it, Shape::Video | Shape::Audio))
        {
            let mut aside = on.aside();
            let fit = stream::check(item, creative, offer, medium, &mut aside);
            if let Some(fit) = tries.note(fit, aside) {
                return Ok(fit);
            }
        }
    }
    if let Some(offer) = &imp.native
        && creative.native.is_some()
        && shows(|it| matches!(it, Shape::Native))
    {
        let mut aside = on.aside();
        let fit = native::check(creative, offer, &mut aside);
        if let Some(fit) = tries.note(fit, aside) {
            return Ok(fit);
        }
    }
    let Some((fit, refused)) = tries.best else {
        on.refuse(tries.reason)?;
        return Err(tries.reason);
    };
    on.take(refused);
    Ok(fit)
}

/// The media that were tried.
struct Tries<R> {
    /// Of the last that stopped the look.
    reason: Ineligible,
    /// The one with the fewest refusals.
    best: Option<(Fit, R)>,
}

impl<R: Refusals> Tries<R> {
    /// The fit, where nothing refused it.
    fn note(&mut self, tried: Result<Fit, Ineligible>, aside: R) -> Option<Fit> {
        match tried {
            Ok(fit) if aside.count() == 0 => return Some(fit),
            Ok(fit) => {
                let fewer = |best: &(Fit, R)| aside.count() < best.1.count();
                if self.best.as_ref().is_none_or(fewer) {
                    self.best = Some((fit, aside));
                }
            }
            Err(why) => self.reason = why,
        }
        None
    }
}

fn check_banner(
    item: &Item,
    creative: &Creative,
    offer: &BannerOffer<'_>,
    interstitial: bool,
    on: &mut impl Refusals,
) -> Result<Fit, Ineligible> {
    let banner = offer.banner;
    let size = on.hear(banner_size(item, creative, offer, interstitial))?;
    on.hear(check_attributes(creative, &banner.battr))?;
    on.hear(check_apis(creative, &banner.api))?;
    let kind = creative.banner.as_ref().map(|it| it.kind);
    if banner.btype.iter().any(|it| Some(it.0) == kind) {
        on.refuse(Ineligible::AdTypeBlocked)?;
    }
    let html = |it: &openrtb::Str<'_>| it.eq_ignore_ascii_case("text/html");
    let own = |it: &openrtb::Str<'_>| {
        let mime = creative.declared().mime.as_deref();
        mime.is_some_and(|mime| it.eq_ignore_ascii_case(mime))
    };
    if !banner.mimes.is_empty() && !banner.mimes.iter().any(|it| html(it) || own(it)) {
        on.refuse(Ineligible::MimeNotAllowed)?;
    }
    let expands = |way: &i32| banner.expdir.iter().any(|it| it.0 == *way);
    if !banner.expdir.is_empty() && !creative.declared().expands.iter().all(expands) {
        on.refuse(Ineligible::ExpansionNotAllowed)?;
    }
    on.hear(demands::check_position(creative, banner.pos.map(|it| it.0)))?;
    Ok(Fit {
        medium: Medium::Banner,
        size: size.flatten(),
        length: None,
        protocol: None,
    })
}

/// The first size on offer that the creative has and the line item wants (C-70, X-10); `None` for the
/// flexible one, which only a creative without a size of its own can follow (C-71).
fn banner_size(
    item: &Item,
    creative: &Creative,
    offer: &BannerOffer<'_>,
    interstitial: bool,
) -> Result<Option<Size>, Ineligible> {
    let found = match creative.size() {
        None => offer.sizes().find(|it| item.takes_size(*it)),
        Some(own) => {
            let offered = if interstitial {
                offer.sizes().any(|it| own.fits_into(it))
            } else {
                offer.sizes().any(|it| own == it)
            };
            (offered && item.takes_size(own)).then_some(own)
        }
    };
    let follows = creative.size().is_none() && item.takes_any_size() && offer.flexible().is_some();
    if found.is_some() || follows {
        Ok(found)
    } else {
        Err(Ineligible::SizeNotOffered)
    }
}

/// No attribute of the creative is blocked.
pub(crate) fn check_attributes(
    creative: &Creative,
    blocked: &[CreativeAttribute],
) -> Result<(), Ineligible> {
    let attributes = &creative.attributes;
    if blocked.iter().any(|it| attributes.contains(&it.0)) {
        return Err(Ineligible::AttributeBlocked);
    }
    Ok(())
}

/// Each framework that the creative needs is there; what is not listed is not supported (C-72).
pub(crate) fn check_apis(creative: &Creative, offered: &[ApiFramework]) -> Result<(), Ineligible> {
    let there = |needed: &i32| offered.iter().any(|it| it.0 == *needed);
    if creative.declared().apis.iter().all(there) {
        Ok(())
    } else {
        Err(Ineligible::ApiNotSupported)
    }
}
