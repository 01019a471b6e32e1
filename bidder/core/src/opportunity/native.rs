//! A native request, as far as a bidder answers it (Native 1.2 §4).

use openrtb::enums::{ApiFramework, CreativeAttribute, Protocol};
use openrtb::native::AssetRequest;
use openrtb::{Native, Str};

/// What a native ad must have.
#[derive(Debug)]
pub struct NativeOffer<'a> {
    /// The assets asked for.
    pub assets: Vec<AskedAsset<'a>>,
    /// Pairs of event and method that may be tracked; empty where none were offered.
    pub trackers: Vec<(i32, i32)>,
    /// Version of the request, which the answer has too (C-91).
    pub version: &'static str,
    /// Whether it was wrapped in `{"native":…}` as in 1.0; the answer then is, too.
    pub wrapped: bool,
    /// Whether a link to a privacy page may be given (C-96).
    pub privacy: bool,
    /// Blocked creative attributes.
    pub battr: &'a [CreativeAttribute],
    /// Frameworks that markup may need.
    pub api: &'a [ApiFramework],
}

/// An asset asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAsset<'a> {
    /// Its id, repeated in the answer.
    pub id: i64,
    /// Without it there is no ad.
    pub required: bool,
    /// What it is.
    pub kind: AskedKind<'a>,
}

/// What an asset is (C-48).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedKind<'a> {
    /// Title text.
    Title {
        /// Most characters.
        most: Option<u32>,
    },
    /// An image; widths and heights in pixels.
    Image {
        /// Image asset type.
        kind: i32,
        /// Exact width and height.
        exact: (Option<u32>, Option<u32>),
        /// Least width and height.
        least: (Option<u32>, Option<u32>),
        /// MIME types; empty for any.
        mimes: Vec<Str<'a>>,
    },
    /// Data text.
    Data {
        /// Data asset type.
        kind: i32,
        /// Most characters.
        most: Option<u32>,
    },
    /// A video, as VAST.
    Video {
        /// MIME types.
        mimes: Vec<Str<'a>>,
        /// Creative subtypes; empty for any.
        protocols: Vec<Protocol>,
        /// Shortest and longest length in seconds.
        seconds: (Option<u32>, Option<u32>),
    },
    /// Something that we do not know.
    Other,
}

impl<'a> NativeOffer<'a> {
    /// Reads the request inside the object; `None` when it cannot be read or asks for nothing.
    pub(super) fn read(native: &'a Native<'a>) -> Option<Self> {
        let request = native.request().ok()?;
        let version = request.ver.as_deref().unwrap_or("1.2");
        let version = if version.starts_with("1.0") {
            "1.0"
        } else if version.starts_with("1.1") {
            "1.1"
        } else {
            "1.2"
        };
        let pairs = request.eventtrackers.iter().flat_map(|tracker| {
            let event = tracker.event.map_or(0, |it| it.0);
            tracker.methods.iter().map(move |method| (event, method.0))
        });
        let trackers = pairs.collect();
        let assets: Vec<_> = request.assets.into_iter().filter_map(asked).collect();
        (!assets.is_empty()).then(|| Self {
            assets,
            trackers,
            version,
            wrapped: version == "1.0",
            privacy: request.privacy.unwrap_or(false),
            battr: &native.battr,
            api: &native.api,
        })
    }
}

fn asked(asset: AssetRequest<'_>) -> Option<AskedAsset<'_>> {
    let pixels = |side: Option<i32>| side.and_then(|it| u32::try_from(it).ok());
    // What is 0 was left open.
    let some = |side: Option<i32>| pixels(side).filter(|it| *it > 0);
    let kind = if let Some(title) = asset.title {
        AskedKind::Title {
            most: pixels(title.len),
        }
    } else if let Some(image) = asset.img {
        AskedKind::Image {
            // Without a type it is the picture that the ad is about.
            kind: image.kind.map_or(3, |it| it.0),
            exact: (some(image.w), some(image.h)),
            least: (some(image.wmin), some(image.hmin)),
            mimes: image.mimes,
        }
    } else if let Some(video) = asset.video {
        AskedKind::Video {
            seconds: (pixels(video.minduration), pixels(video.maxduration)),
            mimes: video.mimes,
            protocols: video.protocols,
        }
    } else if let Some(data) = asset.data {
        AskedKind::Data {
            kind: data.kind.map_or(0, |it| it.0),
            most: some(data.len),
        }
    } else {
        AskedKind::Other
    };
    Some(AskedAsset {
        id: asset.id?,
        required: asset.required.unwrap_or(false),
        kind,
    })
}
