//! Whether a creative can fill a native request (Native 1.2 §4.2–4.6; C-92, C-93).

use contracts::catalog::{NativeAssets, NativeImage};

use super::fit::{check_apis, check_attributes};
use super::{Fit, Ineligible, Medium, Refusals};
use crate::creative::{Creative, Vast};
use crate::opportunity::{AskedAsset, AskedKind, NativeOffer};
use crate::vast;

/// What goes into one asset.
#[derive(Debug, Clone, Copy)]
pub enum Filled<'a> {
    /// Title text.
    Title(&'a str),
    /// An image.
    Image(&'a NativeImage),
    /// Data text, of which only so many characters have room, an ellipsis behind them.
    Data(&'a str, Option<usize>),
    /// A video, in a VAST version.
    Video(&'a Vast, &'static str),
}

/// Data asset kinds whose text may come from elsewhere, or may be cut.
const SPONSORED: i32 = 1;
const DESCRIPTION: i32 = 2;
const DESCRIPTION_2: i32 = 10;
/// Image asset kinds.
const ICON: i32 = 1;
const MAIN: i32 = 3;

/// Each required asset can be filled.
///
/// # Errors
/// One cannot, or an attribute or framework is not allowed.
pub fn check(
    creative: &Creative,
    offer: &NativeOffer<'_>,
    on: &mut impl Refusals,
) -> Result<Fit, Ineligible> {
    on.hear(check_attributes(creative, offer.battr))?;
    on.hear(check_apis(creative, offer.api))?;
    let assets = creative
        .native
        .as_ref()
        .ok_or(Ineligible::FormatNotOffered)?;
    let fills = |asset: &AskedAsset<'_>| fill(asset, assets, creative).is_some();
    // Looked at no further than to the first that decides: whoever asks may ask for hundreds.
    let missing = offer.assets.iter().any(|it| it.required && !fills(it));
    if missing || !offer.assets.iter().any(fills) {
        on.refuse(Ineligible::AssetsMissing)?;
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
    asked: &AskedAsset<'_>,
    assets: &'a NativeAssets,
    creative: &'a Creative,
) -> Option<Filled<'a>> {
    match &asked.kind {
        AskedKind::Title { most } => {
            let title = assets.title.as_deref().filter(|it| !it.is_empty())?;
            // A cut headline says something else; a cut description does not.
            within(title, *most).then_some(Filled::Title(title))
        }
        AskedKind::Data { kind, most } => {
            let text = data(*kind, assets).filter(|it| !it.is_empty());
            let sponsor =
                Some(creative.sponsor()).filter(|it| *kind == SPONSORED && !it.is_empty());
            let text = text.or(sponsor)?;
            if within(text, *most) {
                return Some(Filled::Data(text, None));
            }
            let keep = usize::try_from((*most)?).ok()?.checked_sub(1)?;
            matches!(*kind, DESCRIPTION | DESCRIPTION_2).then_some(Filled::Data(text, Some(keep)))
        }
        AskedKind::Image {
            kind,
            exact,
            least,
            mimes,
        } => {
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
            let known = image.mime.as_deref().unwrap_or_else(|| mime_of(&image.url));
            let takes = mimes.is_empty() || mimes.iter().any(|it| it.eq_ignore_ascii_case(known));
            let fits = takes
                && side(exact.0, least.0, image.width)
                && side(exact.1, least.1, image.height);
            fits.then_some(Filled::Image(image))
        }
        AskedKind::Video {
            mimes,
            protocols,
            seconds,
        } => {
            let document = creative.native_video.as_ref()?;
            let mime = vast::mime(creative.declared());
            let takes = mimes.iter().any(|it| it.eq_ignore_ascii_case(mime));
            let length = document.length?;
            let lasts = seconds.0.is_none_or(|least| length >= least)
                && seconds.1.is_none_or(|most| length <= most);
            let (_, version) = vast::protocol(document.kind, protocols)?;
            (takes && lasts).then_some(Filled::Video(document, version))
        }
        AskedKind::Other => None,
    }
}

/// The text of a data asset (Native 1.2 §7.4).
fn data(kind: i32, assets: &NativeAssets) -> Option<&str> {
    let text = match kind {
        SPONSORED => &assets.sponsored,
        DESCRIPTION => &assets.description,
        3 => &assets.rating,
        4 => &assets.likes,
        5 => &assets.downloads,
        6 => &assets.price,
        7 => &assets.sale_price,
        8 => &assets.phone,
        9 => &assets.address,
        DESCRIPTION_2 => &assets.description_2,
        11 => &assets.display_url,
        12 => &assets.cta,
        _ => return None,
    };
    text.as_deref()
}

/// What the end of an image's path says that it is; empty when it says nothing.
fn mime_of(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let ends = |end: &str| {
        path.len()
            .checked_sub(end.len())
            .and_then(|at| path.get(at..))
            .is_some_and(|it| it.eq_ignore_ascii_case(end))
    };
    [
        (".jpg", "image/jpeg"),
        (".jpeg", "image/jpeg"),
        (".png", "image/png"),
        (".gif", "image/gif"),
        (".webp", "image/webp"),
        (".svg", "image/svg+xml"),
    ]
    .into_iter()
    .find(|(end, _)| ends(end))
    .map_or("", |(_, mime)| mime)
}

fn within(text: &str, most: Option<u32>) -> bool {
    most.is_none_or(|most| text.chars().count() <= usize::try_from(most).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(kind: AskedKind<'_>) -> AskedAsset<'_> {
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
                mime: None,
            }),
            likes: Some("12".into()),
            ..NativeAssets::default()
        };
        let creative: contracts::catalog::Creative = serde_json::from_value(serde_json::json!({
            "id": "c", "advertiser": "a", "format": "native", "landing_page": "https://shop.example/",
            "adomain": ["shop.example"], "media_url": "https://a.example/v.mp4", "duration_seconds": 15,
            "assets": assets,
        }))
        .unwrap();
        let creative = Creative::prepare(creative);
        let title = |most| AskedKind::Title { most };
        let data = |kind, most| AskedKind::Data { kind, most };
        let of = |kind, exact, least, mimes: &[&'static str]| AskedKind::Image {
            kind,
            exact,
            least,
            mimes: mimes.iter().map(|it| (*it).into()).collect(),
        };
        let image = |kind, exact, least| of(kind, exact, least, &[]);
        let video = |mime: &'static str, most| AskedKind::Video {
            mimes: vec![mime.into()],
            protocols: Vec::new(),
            seconds: (Some(5), Some(most)),
        };
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
            (
                "C-93 its MIME type, as its path tells",
                of(3, none, none, &["image/png"]),
                Some("image"),
            ),
            (
                "C-93 another MIME type",
                of(3, none, none, &["image/jpeg"]),
                None,
            ),
            ("likes", data(4, None), Some("data")),
            ("C-93 video", video("video/mp4", 30), Some("video")),
            ("C-93 video too long", video("video/mp4", 10), None),
            ("C-93 video of another type", video("video/webm", 30), None),
            ("no icon", image(1, none, none), None),
            ("unknown kind", AskedKind::Other, None),
        ];
        for (says, kind, want) in cases {
            let got = fill(&asked(kind), &assets, &creative).map(|it| match it {
                Filled::Title(_) => "title",
                Filled::Image(_) => "image",
                Filled::Data(..) => "data",
                Filled::Video(..) => "video",
            });
            assert_eq!(got, want, "{says}");
        }
        let cut = asked(data(2, Some(4)));
        let cut = fill(&cut, &assets, &creative);
        assert!(
            matches!(cut, Some(Filled::Data("全场商品8折优惠", Some(3)))),
            "{cut:?}"
        );
    }
}
