//! Whether a creative can fill a native request (Native 1.2 §4.2–4.6; C-92, C-93).

use std::borrow::Cow;

use contracts::catalog::{NativeAssets, NativeImage};

use super::fit::{check_apis, check_attributes};
use super::{Fit, Ineligible, Medium};
use crate::creative::Creative;
use crate::opportunity::{AskedAsset, AskedKind, NativeOffer};

/// What goes into one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled<'a> {
    /// Title text.
    Title(&'a str),
    /// An image.
    Image(&'a NativeImage),
    /// Data text.
    Data(Cow<'a, str>),
}

/// Data asset kinds that we have texts for.
const SPONSORED: i32 = 1;
const DESCRIPTION: i32 = 2;
const RATING: i32 = 3;
const CALL_TO_ACTION: i32 = 12;
/// Image asset kinds.
const ICON: i32 = 1;
const MAIN: i32 = 3;

/// Each required asset can be filled.
///
/// # Errors
/// One cannot, or an attribute or framework is not allowed.
pub fn check(creative: &Creative, offer: &NativeOffer<'_>) -> Result<Fit, Ineligible> {
    check_attributes(creative, offer.battr)?;
    check_apis(creative, offer.api)?;
    let assets = creative
        .native
        .as_ref()
        .ok_or(Ineligible::FormatNotOffered)?;
    let fills = |asset: &AskedAsset| fill(asset, assets, &creative.sponsor).is_some();
    let filled = offer.assets.iter().filter(|it| fills(it)).count();
    let missing = offer.assets.iter().any(|it| it.required && !fills(it));
    if missing || filled == 0 {
        return Err(Ineligible::AssetsMissing);
    }
    Ok(Fit {
        medium: Medium::Native,
        size: None,
        length: None,
        protocol: None,
    })
}

/// What the creative has for an asset; `None` when it has nothing that is allowed there.
#[must_use]
pub fn fill<'a>(
    asked: &AskedAsset,
    assets: &'a NativeAssets,
    sponsor: &'a str,
) -> Option<Filled<'a>> {
    match &asked.kind {
        AskedKind::Title { most } => {
            let title = assets.title.as_deref().filter(|it| !it.is_empty())?;
            // A cut headline says something else; a cut description does not.
            within(title, *most).then_some(Filled::Title(title))
        }
        AskedKind::Data { kind, most } => {
            let own = |text: &'a Option<String>| text.as_deref().filter(|it| !it.is_empty());
            let text = match *kind {
                SPONSORED => own(&assets.sponsored).or((!sponsor.is_empty()).then_some(sponsor)),
                DESCRIPTION => own(&assets.description),
                RATING => own(&assets.rating),
                CALL_TO_ACTION => own(&assets.cta),
                _ => None,
            }?;
            shortened(text, *most, *kind == DESCRIPTION).map(Filled::Data)
        }
        AskedKind::Image { kind, exact, least } => {
            let image = match *kind {
                ICON => assets.icon.as_ref(),
                MAIN => assets.image.as_ref(),
                _ => None,
            }?;
            let side = |exact: Option<u32>, least: Option<u32>, has: u32| match (exact, least) {
                (_, Some(least)) => has >= least,
                (Some(exact), None) => has == exact,
                (None, None) => true,
            };
            let fits = side(exact.0, least.0, image.width) && side(exact.1, least.1, image.height);
            fits.then_some(Filled::Image(image))
        }
        AskedKind::Other => None,
    }
}

fn within(text: &str, most: Option<u32>) -> bool {
    most.is_none_or(|most| text.chars().count() <= usize::try_from(most).unwrap_or(usize::MAX))
}

fn shortened(text: &str, most: Option<u32>, may_cut: bool) -> Option<Cow<'_, str>> {
    if within(text, most) {
        return Some(Cow::Borrowed(text));
    }
    let keep = usize::try_from(most?).ok()?.checked_sub(1)?;
    may_cut.then(|| {
        let mut cut: String = text.chars().take(keep).collect();
        cut.push('…');
        Cow::Owned(cut)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(kind: AskedKind) -> AskedAsset {
        AskedAsset {
            id: 1,
            required: true,
            kind,
        }
    }

    #[test]
    fn assets_are_filled_within_their_limits() {
        let assets = NativeAssets {
            title: Some("春季大促销".into()),
            description: Some("全场商品8折优惠".into()),
            image: Some(NativeImage {
                url: "https://a.example/i.png".into(),
                width: 600,
                height: 400,
            }),
            ..NativeAssets::default()
        };
        let title = |most| AskedKind::Title { most };
        let data = |kind, most| AskedKind::Data { kind, most };
        let image = |kind, exact, least| AskedKind::Image { kind, exact, least };
        let none = (None, None);
        let cases = [
            ("C-93 title of exactly len", title(Some(5)), Some("title")),
            ("C-93 title over len", title(Some(4)), None),
            ("description", data(2, Some(140)), Some("data")),
            (
                "C-93 description over len is cut",
                data(2, Some(4)),
                Some("data"),
            ),
            (
                "sponsored: the advertiser's domain",
                data(1, Some(25)),
                Some("data"),
            ),
            ("no rating", data(3, None), None),
            ("unknown data", data(501, None), None),
            (
                "C-93 at least",
                image(3, none, (Some(382), Some(200))),
                Some("image"),
            ),
            ("C-93 too small", image(3, none, (Some(700), None)), None),
            (
                "C-93 exact",
                image(3, (Some(600), Some(400)), none),
                Some("image"),
            ),
            (
                "C-93 not exact",
                image(3, (Some(600), Some(401)), none),
                None,
            ),
            ("no icon", image(1, none, none), None),
            ("unknown kind", AskedKind::Other, None),
        ];
        for (says, kind, want) in cases {
            let got = fill(&asked(kind), &assets, "shop.example").map(|it| match it {
                Filled::Title(_) => "title",
                Filled::Image(_) => "image",
                Filled::Data(_) => "data",
            });
            assert_eq!(got, want, "{says}");
        }
        let cut = fill(&asked(data(2, Some(4))), &assets, "");
        assert_eq!(cut, Some(Filled::Data("全场商…".into())));
    }
}
