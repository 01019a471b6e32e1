//! What a native placement asks for (Native 1.2 §4).

use crate::enums::{
    DataAssetType, EventTrackingMethod, ImageAssetType, NativeContext, NativeContextSubtype,
    NativeEventType, NativePlacement, Protocol,
};
use crate::json::Str;
use crate::object::object;

object! {
    /// A native request (Native 1.2 §4.1).
    pub struct NativeRequest<'a> of "Native 1.2 §4.1" {
        /// Version of the specification; absent is 1.2.
        ver: Option<Str<'a>> = "ver",
        /// Context of the placement.
        context: Option<NativeContext> = "context",
        /// Context in more detail.
        contextsubtype: Option<NativeContextSubtype> = "contextsubtype",
        /// Kind of placement.
        plcmttype: Option<NativePlacement> = "plcmttype",
        /// Identical placements offered; absent is 1.
        plcmtcnt: Option<i32> = "plcmtcnt",
        /// Order of the placement; absent is 0.
        seq: Option<i32> = "seq",
        /// What the ad is made of. Required.
        assets: Vec<AssetRequest<'a>> = "assets",
        /// Whether `assetsurl` is supported (C-96).
        aurlsupport: Option<bool> = "aurlsupport",
        /// Whether `dcourl` is supported (C-96).
        durlsupport: Option<bool> = "durlsupport",
        /// What may be tracked, and how.
        eventtrackers: Vec<EventTrackerRequest<'a>> = "eventtrackers",
        /// Whether a privacy notice is shown.
        privacy: Option<bool> = "privacy",
        /// Layout (1.0).
        layout: Option<i32> = "layout",
        /// Ad unit (1.0).
        adunit: Option<i32> = "adunit",
    }
}

object! {
    /// One asset asked for, of exactly one kind (Native 1.2 §4.2, C-48).
    pub struct AssetRequest<'a> of "Native 1.2 §4.2" {
        /// Id of the asset, unique in the request. Required.
        id: Option<i64> = "id",
        /// Whether the ad cannot do without it; absent is 0.
        required: Option<bool> = "required",
        /// A title.
        title: Option<Box<TitleRequest<'a>>> = "title",
        /// An image.
        img: Option<Box<ImageRequest<'a>>> = "img",
        /// A video.
        video: Option<Box<VideoRequest<'a>>> = "video",
        /// Some other text.
        data: Option<Box<DataRequest<'a>>> = "data",
    }
    required: [id],
}

object! {
    /// A title (Native 1.2 §4.3).
    pub struct TitleRequest<'a> of "Native 1.2 §4.3" {
        /// Most characters. Required.
        len: Option<i32> = "len",
    }
}

object! {
    /// An image (Native 1.2 §4.4).
    pub struct ImageRequest<'a> of "Native 1.2 §4.4" {
        /// Kind of image.
        kind: Option<ImageAssetType> = "type",
        /// Exact width in pixels.
        w: Option<i32> = "w",
        /// Least width in pixels.
        wmin: Option<i32> = "wmin",
        /// Exact height in pixels.
        h: Option<i32> = "h",
        /// Least height in pixels.
        hmin: Option<i32> = "hmin",
        /// Content types supported; empty is all.
        mimes: Vec<Str<'a>> = "mimes",
    }
}

object! {
    /// A video (Native 1.2 §4.5).
    pub struct VideoRequest<'a> of "Native 1.2 §4.5" {
        /// Content types supported. Required.
        mimes: Vec<Str<'a>> = "mimes",
        /// Shortest ad in seconds. Required.
        minduration: Option<i32> = "minduration",
        /// Longest ad in seconds. Required.
        maxduration: Option<i32> = "maxduration",
        /// Protocols supported. Required.
        protocols: Vec<Protocol> = "protocols",
    }
}

object! {
    /// Some other text (Native 1.2 §4.6).
    pub struct DataRequest<'a> of "Native 1.2 §4.6" {
        /// What the text says. Required.
        kind: Option<DataAssetType> = "type",
        /// Most characters.
        len: Option<i32> = "len",
    }
}

object! {
    /// An event that may be tracked (Native 1.2 §4.7).
    pub struct EventTrackerRequest<'a> of "Native 1.2 §4.7" {
        /// The event. Required.
        event: Option<NativeEventType> = "event",
        /// Ways to track it. Required.
        methods: Vec<EventTrackingMethod> = "methods",
    }
}
