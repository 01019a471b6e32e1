//! Native 1.2, in its own numbering.

use super::open_enum;

open_enum! {
    /// Native 1.2 §7.1, `context` and `contextsubtype`; the tens digit of a sub-type is its context.
    pub struct NativeContext {
        /// Content.
        CONTENT = 1,
        /// Social.
        SOCIAL = 2,
        /// Product.
        PRODUCT = 3,
    }

    /// Native 1.2 §7.3, `plcmttype`.
    pub struct NativePlacement {
        /// In the feed.
        IN_FEED = 1,
        /// In the atomic unit of the content.
        ATOMIC_UNIT = 2,
        /// Outside the core content.
        OUTSIDE_CONTENT = 3,
        /// Recommendation widget.
        RECOMMENDATION = 4,
    }

    /// Native 1.2 §7.4, `data.type`.
    pub struct DataAssetType {
        /// Sponsored by.
        SPONSORED = 1,
        /// Descriptive text.
        DESC = 2,
        /// Rating.
        RATING = 3,
        /// Likes.
        LIKES = 4,
        /// Downloads.
        DOWNLOADS = 5,
        /// Price.
        PRICE = 6,
        /// Sale price.
        SALE_PRICE = 7,
        /// Phone.
        PHONE = 8,
        /// Address.
        ADDRESS = 9,
        /// More descriptive text.
        DESC2 = 10,
        /// URL to show.
        DISPLAY_URL = 11,
        /// Call to action.
        CTA_TEXT = 12,
    }

    /// Native 1.2 §7.5, `img.type`.
    pub struct ImageAssetType {
        /// Icon.
        ICON = 1,
        /// Main image.
        MAIN = 3,
    }

    /// Native 1.2 §7.6, `eventtrackers.event`; AdCOM numbers the same events differently (C-95).
    pub struct NativeEventType {
        /// Impression.
        IMPRESSION = 1,
        /// Half in view for a second.
        VIEWABLE_MRC_50 = 2,
        /// All in view for a second.
        VIEWABLE_MRC_100 = 3,
        /// Video, half in view for two seconds.
        VIEWABLE_VIDEO_50 = 4,
    }

    /// Native 1.2 §7.7, `eventtrackers.methods`.
    pub struct EventTrackingMethod {
        /// Image pixel.
        IMAGE = 1,
        /// JavaScript.
        JAVASCRIPT = 2,
    }
}
