//! What a native bid answers (Native 1.2 §5).

use crate::enums::{DataAssetType, EventTrackingMethod, ImageAssetType, NativeEventType};
use crate::json::{Raw, Str};
use crate::object::object;

object! {
    /// A native response (Native 1.2 §5.1).
    pub struct NativeResponse<'a> of "Native 1.2 §5.1" {
        /// Version of the specification.
        ver: Option<Str<'a>> = "ver",
        /// What the ad is made of.
        assets: Vec<AssetResponse<'a>> = "assets",
        /// URL of a response with the assets (C-96).
        assetsurl: Option<Str<'a>> = "assetsurl",
        /// URL of a dynamic creative (C-96).
        dcourl: Option<Str<'a>> = "dcourl",
        /// Where a click leads. Required.
        link: Option<Box<LinkResponse<'a>>> = "link",
        /// Impression trackers (deprecated, C-94).
        imptrackers: Vec<Str<'a>> = "imptrackers",
        /// JavaScript tracker (deprecated, C-94).
        jstracker: Option<Str<'a>> = "jstracker",
        /// Trackers.
        eventtrackers: Vec<EventTrackerResponse<'a>> = "eventtrackers",
        /// URL of the privacy notice.
        privacy: Option<Str<'a>> = "privacy",
    }
}

object! {
    /// One asset, of exactly one kind (Native 1.2 §5.2, C-48).
    pub struct AssetResponse<'a> of "Native 1.2 §5.2" {
        /// Id of the asset that the request asked for.
        id: Option<i64> = "id",
        /// Whether the ad cannot be shown without it.
        required: Option<bool> = "required",
        /// A title.
        title: Option<Box<TitleResponse<'a>>> = "title",
        /// An image.
        img: Option<Box<ImageResponse<'a>>> = "img",
        /// A video.
        video: Option<Box<VideoResponse<'a>>> = "video",
        /// Some other text.
        data: Option<Box<DataResponse<'a>>> = "data",
        /// Where a click on this asset leads.
        link: Option<Box<LinkResponse<'a>>> = "link",
    }
}

object! {
    /// A title (Native 1.2 §5.3).
    pub struct TitleResponse<'a> of "Native 1.2 §5.3" {
        /// The text. Required.
        text: Option<Str<'a>> = "text",
        /// Its length.
        len: Option<i32> = "len",
    }
}

object! {
    /// An image (Native 1.2 §5.4).
    pub struct ImageResponse<'a> of "Native 1.2 §5.4" {
        /// Kind of image.
        kind: Option<ImageAssetType> = "type",
        /// URL of the image. Required.
        url: Option<Str<'a>> = "url",
        /// Width in pixels.
        w: Option<i32> = "w",
        /// Height in pixels.
        h: Option<i32> = "h",
    }
}

object! {
    /// Some other text (Native 1.2 §5.5).
    pub struct DataResponse<'a> of "Native 1.2 §5.5" {
        /// What the text says.
        kind: Option<DataAssetType> = "type",
        /// Its length.
        len: Option<i32> = "len",
        /// A label to show with it.
        label: Option<Str<'a>> = "label",
        /// The text. Required.
        value: Option<Str<'a>> = "value",
    }
}

object! {
    /// A video (Native 1.2 §5.6).
    pub struct VideoResponse<'a> of "Native 1.2 §5.6" {
        /// VAST document. Required.
        vasttag: Option<Str<'a>> = "vasttag",
    }
}

object! {
    /// Where a click leads (Native 1.2 §5.7).
    pub struct LinkResponse<'a> of "Native 1.2 §5.7" {
        /// The landing page. Required.
        url: Option<Str<'a>> = "url",
        /// URLs to call on a click.
        clicktrackers: Vec<Str<'a>> = "clicktrackers",
        /// URL where `url` cannot be opened.
        fallback: Option<Str<'a>> = "fallback",
    }
}

object! {
    /// A tracker (Native 1.2 §5.8).
    pub struct EventTrackerResponse<'a> of "Native 1.2 §5.8" {
        /// The event. Required.
        event: Option<NativeEventType> = "event",
        /// The way to track it. Required.
        method: Option<EventTrackingMethod> = "method",
        /// URL to call or load; needed for both methods (C-94).
        url: Option<Str<'a>> = "url",
        /// More for the tracker.
        customdata: Option<Raw<'a>> = "customdata",
    }
}
