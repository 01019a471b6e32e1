//! What is shown.

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
}

const fn first_taxonomy() -> i32 {
    1
}
