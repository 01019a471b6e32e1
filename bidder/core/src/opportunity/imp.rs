//! One imp: what it offers, per kind of media.

use openrtb::{Banner, Deal};
use units::{CpmMicros, Currency, Multiplier};

use super::native::NativeOffer;
use super::stream::StreamOffer;
use crate::index::Size;

/// An imp that may be bid on.
#[derive(Debug)]
pub struct Imp<'a> {
    /// Its place in the request.
    pub number: usize,
    /// `id`.
    pub id: &'a str,
    /// A banner may be shown.
    pub banner: Option<BannerOffer<'a>>,
    /// A video may be shown.
    pub video: Option<StreamOffer<'a>>,
    /// Audio may be played.
    pub audio: Option<StreamOffer<'a>>,
    /// A native ad may be shown.
    pub native: Option<NativeOffer<'a>>,
    /// `instl`: any size up to the largest offered.
    pub interstitial: bool,
    /// `rwdd`: the user is rewarded for seeing it.
    pub rewarded: bool,
    /// `secure` 1: no `http:` in markup.
    pub secure: bool,
    /// Only bids that name a deal count (C-110).
    pub private_auction: bool,
    /// Deals on offer.
    pub deals: &'a [Deal<'a>],
    /// `bidfloor`.
    pub floor: CpmMicros,
    /// Currency of all floors of the imp (C-63).
    pub floor_currency: Currency,
    /// Impressions that one display counts for: `qty` out of home, elsewhere one (C-150).
    pub quantity: Multiplier,
    /// `exp` in seconds.
    pub exp: Option<i32>,
}

/// What a banner may be.
#[derive(Debug, Clone, Copy)]
pub struct BannerOffer<'a> {
    /// The object itself.
    pub banner: &'a Banner<'a>,
}

/// A size that follows the page: a ratio, and the least width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flexible {
    /// Relative width and height.
    pub ratio: Size,
    /// Least width in pixels.
    pub least: u32,
}

impl<'a> Imp<'a> {
    /// Reads an imp, `out_of_home` where the request has `dooh`; `None` when nothing on it can be bid on.
    pub(super) fn read(
        number: usize,
        imp: &'a openrtb::Imp<'a>,
        out_of_home: bool,
    ) -> Option<Self> {
        // Where a server puts the ad into the stream, it is the server that fetches the file (`ssai`).
        let stitched = imp.ssai.is_some_and(|it| matches!(it.0, 2 | 3));
        let read = Self {
            number,
            id: imp.id.as_deref()?,
            banner: imp.banner.as_deref().map(|banner| BannerOffer { banner }),
            // Without MIME types, which are required, nothing can be shown to fit (C-60, C-66).
            video: imp
                .video
                .as_deref()
                .filter(|it| !it.mimes.is_empty())
                .map(|it| StreamOffer::video(it).stitched(stitched)),
            audio: imp
                .audio
                .as_deref()
                .filter(|it| !it.mimes.is_empty())
                .map(|it| StreamOffer::audio(it).stitched(stitched)),
            native: imp.native.as_deref().and_then(NativeOffer::read),
            interstitial: imp.instl.unwrap_or(false),
            rewarded: imp.rwdd.unwrap_or_else(|| rewarded_in_ext(imp)),
            secure: imp.secure.unwrap_or(false),
            private_auction: imp
                .pmp
                .as_deref()
                .and_then(|pmp| pmp.private_auction)
                .unwrap_or(false),
            deals: imp.pmp.as_deref().map_or(&[], |pmp| &pmp.deals),
            floor: imp.bidfloor.unwrap_or(CpmMicros::ZERO),
            floor_currency: imp.bidfloorcur.unwrap_or(Currency::USD),
            quantity: imp
                .qty
                .as_deref()
                .filter(|_| out_of_home)
                .and_then(|qty| qty.multiplier)
                .filter(|it| it.millionths() > 0)
                .unwrap_or(Multiplier::ONE),
            exp: imp.exp,
        };
        let offers_something = read.banner.is_some()
            || read.video.is_some()
            || read.audio.is_some()
            || read.native.is_some();
        offers_something.then_some(read)
    }
}

impl BannerOffer<'_> {
    /// The sizes on offer: `format[]` and `w`, `h` together (C-70).
    pub fn sizes(&self) -> impl Iterator<Item = Size> + '_ {
        let one = std::iter::once((self.banner.w, self.banner.h));
        self.banner
            .format
            .iter()
            .map(|format| (format.w, format.h))
            .chain(one)
            .filter_map(|(w, h)| size(w, h))
    }

    /// The first flexible size on offer (C-71).
    #[must_use]
    pub fn flexible(&self) -> Option<Flexible> {
        self.banner.format.iter().find_map(|format| {
            let ratio = size(format.wratio, format.hratio)?;
            let least = u32::try_from(format.wmin?).ok()?;
            Some(Flexible { ratio, least })
        })
    }
}

/// The places in which callers of 2.5 say that the user is rewarded (C-170); none is the standard's.
fn rewarded_in_ext(imp: &openrtb::Imp<'_>) -> bool {
    const PLACES: [&[&str]; 3] = [
        &["rewarded"],
        &["prebid", "is_rewarded_inventory"],
        &["is_rewarded_inventory"],
    ];
    let says = |ext: Option<&openrtb::Raw<'_>>, path: &[&str]| {
        let flag = ext.and_then(|it| it.path(path));
        flag.and_then(|it| it.to_flag()) == Some(true)
    };
    let video = imp.video.as_deref().and_then(|it| it.ext.as_ref());
    says(video, &["rewarded"]) || PLACES.iter().any(|path| says(imp.ext.as_ref(), path))
}

/// A size with both sides known and positive.
pub(super) fn size(w: Option<i32>, h: Option<i32>) -> Option<Size> {
    let side = |side: Option<i32>| u32::try_from(side?).ok().filter(|it| *it > 0);
    Some(Size {
        w: side(w)?,
        h: side(h)?,
    })
}
