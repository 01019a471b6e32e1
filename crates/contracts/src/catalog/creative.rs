//! What is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use units::{AdvertiserId, CreativeId};

use super::demand::Status;

/// What kind of markup a creative becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreativeFormat {
    /// HTML of one size.
    Banner,
    /// VAST, linear video.
    Video,
    /// VAST, audio.
    Audio,
    /// Native assets.
    Native,
    /// Title and description only: an HTML card in any banner size, and native where its assets suffice.
    Responsive,
}

/// Where a creative stands in review; only what is approved is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// May be shown; also what a catalog means that says nothing.
    #[default]
    Approved,
    /// Nobody has looked at it yet.
    Pending,
    /// Not to be shown.
    Rejected,
}

/// A script that measures whether the ad was seen, through the Open Measurement SDK of the place (OMID).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// Who measures, such as `measure.example-omid`.
    pub vendor: String,
    /// Its script.
    pub script: String,
    /// What the script is told.
    #[serde(default)]
    pub parameters: Option<String>,
}

/// A banner that is shown beside a video or audio ad.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    /// Its image.
    pub url: String,
    /// MIME type of the image.
    pub mime: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Where alone a creative may be shown; what is empty or absent demands nothing. A place that does not say
/// does not satisfy a demand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Demands {
    /// `playbackmethod`, of which only the first counts (C-82).
    pub playback_methods: Vec<i32>,
    /// `startdelay`: 0 pre-roll, -1 mid-roll at any second, -2 post-roll.
    pub start_delays: Vec<i32>,
    /// `pos`.
    pub positions: Vec<i32>,
    /// The first (1) or last (-1) slot of a pod (B-10).
    pub slot_in_pod: Option<i32>,
    /// `instl`: only, or never, on interstitials.
    pub interstitial: Option<bool>,
    /// `rwdd`: only, or never, where the user is rewarded.
    pub rewarded: Option<bool>,
    /// Only where one of its companions can be shown.
    pub companion: bool,
}

/// Texts and images of a native creative (Native 1.2 §5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NativeAssets {
    /// Title text.
    pub title: Option<String>,
    /// Data asset 2.
    pub description: Option<String>,
    /// Data asset 1.
    pub sponsored: Option<String>,
    /// Data asset 12.
    pub cta: Option<String>,
    /// Data asset 3, as text.
    pub rating: Option<String>,
    /// Data asset 4.
    pub likes: Option<String>,
    /// Data asset 5.
    pub downloads: Option<String>,
    /// Data asset 6.
    pub price: Option<String>,
    /// Data asset 7.
    pub sale_price: Option<String>,
    /// Data asset 8.
    pub phone: Option<String>,
    /// Data asset 9.
    pub address: Option<String>,
    /// Data asset 10.
    pub description_2: Option<String>,
    /// Data asset 11.
    pub display_url: Option<String>,
    /// Image asset 3.
    pub image: Option<NativeImage>,
    /// Image asset 1.
    pub icon: Option<NativeImage>,
}

/// An image and its size in pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NativeImage {
    /// Where it is.
    pub url: String,
    /// Width.
    #[serde(default)]
    pub width: u32,
    /// Height.
    #[serde(default)]
    pub height: u32,
    /// MIME type.
    #[serde(default)]
    pub mime: Option<String>,
}

/// A creative with what it declares about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creative {
    /// Its id, the `crid` of its bids.
    pub id: CreativeId,
    /// Whose it is.
    pub advertiser: AdvertiserId,
    /// What it becomes.
    pub format: CreativeFormat,
    /// Only active ones are shown.
    #[serde(default)]
    pub status: Status,
    /// Width in pixels; 0 for any.
    #[serde(default)]
    pub width: u32,
    /// Height in pixels; 0 for any.
    #[serde(default)]
    pub height: u32,
    /// Headline of a responsive creative.
    #[serde(default)]
    pub title: Option<String>,
    /// Text of a responsive creative.
    #[serde(default)]
    pub description: Option<String>,
    /// HTML or VAST of its own.
    #[serde(default)]
    pub markup: Option<String>,
    /// A VAST tag to wrap.
    #[serde(default)]
    pub vast_url: Option<String>,
    /// A media file to write VAST around.
    #[serde(default)]
    pub media_url: Option<String>,
    /// Native assets.
    #[serde(default)]
    pub assets: Option<NativeAssets>,
    /// Where a click leads; the only place a click tracker redirects to.
    pub landing_page: String,
    /// Advertiser domains (`adomain`).
    pub adomain: Vec<String>,
    /// Categories in taxonomy `cattax`.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Taxonomy of the categories (default 1).
    #[serde(default = "first_taxonomy")]
    pub cattax: i32,
    /// Creative attributes (AdCOM).
    #[serde(default)]
    pub attributes: Vec<i32>,
    /// MIME type of its media.
    #[serde(default)]
    pub mime: Option<String>,
    /// Frameworks that it needs (AdCOM API list).
    #[serde(default)]
    pub apis: Vec<i32>,
    /// Duration in seconds of video and audio.
    #[serde(default)]
    pub duration_seconds: Option<u32>,
    /// Creative subtype (VAST version) of video and audio.
    #[serde(default)]
    pub protocol: Option<i32>,
    /// Language, ISO 639-1.
    #[serde(default)]
    pub language: Option<String>,
    /// Store id of the app it advertises.
    #[serde(default)]
    pub bundle: Option<String>,
    /// Where it stands in our review.
    #[serde(default)]
    pub review: Review,
    /// Where it stands with exchanges that review creatives themselves, by the name of the source.
    #[serde(default)]
    pub approvals: BTreeMap<String, Review>,
    /// A picture of it for quality checks (`iurl`).
    #[serde(default)]
    pub preview_url: Option<String>,
    /// The advertiser's privacy page, for native.
    #[serde(default)]
    pub privacy_url: Option<String>,
    /// Directions in which it expands (AdCOM "Expandable Directions").
    #[serde(default)]
    pub expands: Vec<i32>,
    /// Linear (1) or not (2); absent: as its document says, else linear.
    #[serde(default)]
    pub linearity: Option<i32>,
    /// Bit rate of its media in kbit/s.
    #[serde(default)]
    pub bitrate: Option<u32>,
    /// Who measures it, where OMID is on offer.
    #[serde(default)]
    pub verification: Option<Verification>,
    /// Banners to show beside it.
    #[serde(default)]
    pub companions: Vec<Companion>,
    /// Where alone it may be shown.
    #[serde(default)]
    pub demands: Demands,
}

const fn first_taxonomy() -> i32 {
    1
}
