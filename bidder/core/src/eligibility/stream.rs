//! How a creative would be played on a video or audio imp (C-80 to C-86).

use super::Ineligible;
use super::Refusals;
use super::demands;
use super::fit::{Fit, Medium, check_apis, check_attributes};
use crate::creative::{Creative, SKIP_BUTTON, Vast};
use crate::index::Size;
use crate::market::Item;
use crate::opportunity::StreamOffer;
use crate::vast;

/// # Errors
/// The first rule that refuses.
pub(super) fn check(
    item: &Item,
    creative: &Creative,
    offer: &StreamOffer<'_>,
    medium: Medium,
    on: &mut impl Refusals,
) -> Result<Fit, Ineligible> {
    let declared = creative.declared();
    let document = creative.vast.as_ref().ok_or(Ineligible::FormatNotOffered)?;
    let size = on.hear(player_size(item, creative, offer, medium))?;
    let mime = vast::mime(declared);
    if !offer.mimes.iter().any(|it| it.eq_ignore_ascii_case(mime)) {
        on.refuse(Ineligible::MimeNotAllowed)?;
    }
    let protocol = vast::protocol(document.kind, offer.protocols);
    let protocol = on.hear(protocol.ok_or(Ineligible::ProtocolNotSupported))?;
    let length = document.length;
    // An unknown length is taken only where any length is.
    let takes = length.map_or(offer.takes_any_length(), |it| offer.takes_length(it));
    if !takes {
        on.refuse(Ineligible::LengthNotAllowed)?;
    }
    on.hear(check_media(document, offer))?;
    if offer.skippable == Some(true) && creative.attributes.contains(&SKIP_BUTTON) {
        on.refuse(Ineligible::SkipNotAllowed)?;
    }
    on.hear(check_attributes(creative, offer.battr))?;
    on.hear(check_apis(creative, offer.api))?;
    on.hear(demands::check_stream(creative, offer))?;
    Ok(Fit {
        medium,
        size: size.flatten(),
        length,
        protocol,
    })
}

fn player_size(
    item: &Item,
    creative: &Creative,
    offer: &StreamOffer<'_>,
    medium: Medium,
) -> Result<Option<Size>, Ineligible> {
    if medium == Medium::Audio {
        return if item.takes_any_size() {
            Ok(None)
        } else {
            Err(Ineligible::SizeNotOffered)
        };
    }
    let size = offer.size.or_else(|| creative.size());
    let wanted = size.map_or_else(|| item.takes_any_size(), |size| item.takes_size(size));
    // Without bars, the picture must have the player's shape.
    let shaped = |own: Size, player: Size| {
        u64::from(own.w) * u64::from(player.h) == u64::from(own.h) * u64::from(player.w)
    };
    let boxed = match (creative.size(), offer.size) {
        (Some(own), Some(player)) => !offer.boxing && !shaped(own, player),
        _ => false,
    };
    if wanted && !boxed {
        Ok(size)
    } else {
        Err(Ineligible::SizeNotOffered)
    }
}

/// Linearity, delivery and bit rate of its media, as far as they are known.
fn check_media(document: &Vast, offer: &StreamOffer<'_>) -> Result<(), Ineligible> {
    if offer.linearity.is_some_and(|it| it != document.linearity) {
        return Err(Ineligible::LinearityNotOffered);
    }
    let delivered = |way: &i32| offer.delivery.iter().any(|it| it.0 == *way);
    if !offer.delivery.is_empty()
        && !document.delivery.is_empty()
        && !document.delivery.iter().any(delivered)
    {
        return Err(Ineligible::DeliveryNotOffered);
    }
    let (least, most) = offer.bitrates;
    let takes = |rate: &u32| {
        least.is_none_or(|least| *rate >= least) && most.is_none_or(|most| *rate <= most)
    };
    if !document.bitrates.is_empty() && !document.bitrates.iter().any(takes) {
        return Err(Ineligible::BitrateNotAllowed);
    }
    Ok(())
}
