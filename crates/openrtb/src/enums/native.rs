//! Native 1.2, in its own numbering.

use super::open_enum;

open_enum! {
    /// Native 1.2 §7.1, `context`.
    pub struct NativeContext {
        /// Content.
        CONTENT = 1,
        /// Social.
        SOCIAL = 2,
        /// Product.
        PRODUCT = 3,
    }

    /// Native 1.2 §7.2, `contextsubtype`; its tens digit is the context.
    pub struct NativeContextSubtype {
        /// General or mixed content.
        GENERAL_CONTENT = 10,
        /// Articles.
        ARTICLES = 11,
        /// Video.
        VIDEO = 12,
        /// Audio.
        AUDIO = 13,
        /// Images.
        IMAGE = 14,
        /// Content made by users.
        USER_GENERATED = 15,
        /// General social.
        GENERAL_SOCIAL = 20,
        /// Mail.
        EMAIL = 21,
        /// Chat.
        CHAT = 22,
        /// Selling products.
        SHOPPING = 30,
        /// Marketplace of applications.
        APP_STORE = 31,
        /// Reviews of products.
        REVIEWS = 32,
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
