//! Content, categories, venues and quantities.

use super::open_enum;

open_enum! {
    /// `content.context`.
    pub struct ContentContext {
        /// Video.
        VIDEO = 1,
        /// Game.
        GAME = 2,
        /// Music.
        MUSIC = 3,
        /// Application.
        APPLICATION = 4,
        /// Text.
        TEXT = 5,
        /// Other.
        OTHER = 6,
        /// Unknown.
        UNKNOWN = 7,
    }

    /// `content.prodq` and the 2.5 `content.videoquality`.
    pub struct ProductionQuality {
        /// Unknown.
        UNKNOWN = 0,
        /// Professionally produced.
        PROFESSIONAL = 1,
        /// Prosumer.
        PROSUMER = 2,
        /// User generated.
        USER_GENERATED = 3,
    }

    /// `content.qagmediarating`, `bid.qagmediarating`.
    pub struct MediaRating {
        /// All audiences.
        ALL = 1,
        /// Everyone over twelve.
        OVER_12 = 2,
        /// Mature audiences.
        MATURE = 3,
    }

    /// `audio.feed`.
    pub struct FeedType {
        /// Music service.
        MUSIC_SERVICE = 1,
        /// FM or AM broadcast.
        BROADCAST = 2,
        /// Podcast.
        PODCAST = 3,
        /// Catch-up radio.
        CATCH_UP_RADIO = 4,
        /// Web radio.
        WEB_RADIO = 5,
        /// Video game.
        VIDEO_GAME = 6,
        /// Text to speech.
        TEXT_TO_SPEECH = 7,
    }

    /// `cattax`, `gtax`: the list that category codes are taken from (C-30).
    pub struct CategoryTaxonomy {
        /// IAB Content 1.0, the default of `cattax`.
        CONTENT_1_0 = 1,
        /// IAB Content 2.0.
        CONTENT_2_0 = 2,
        /// IAB Ad Product 1.0.
        AD_PRODUCT_1_0 = 3,
        /// IAB Audience 1.1.
        AUDIENCE_1_1 = 4,
        /// IAB Content 2.1.
        CONTENT_2_1 = 5,
        /// IAB Content 2.2.
        CONTENT_2_2 = 6,
        /// IAB Content 3.0.
        CONTENT_3_0 = 7,
        /// IAB Ad Product 2.0.
        AD_PRODUCT_2_0 = 8,
        /// IAB Content 3.1, the default of `gtax`.
        CONTENT_3_1 = 9,
    }

    /// `dooh.venuetypetax`.
    pub struct VenueTaxonomy {
        /// AdCOM venue types, deprecated.
        ADCOM = 0,
        /// OpenOOH 1.0; the default.
        OPENOOH_1_0 = 1,
        /// DPAA.
        DPAA = 2,
        /// DMI 1.1.
        DMI_1_1 = 3,
        /// OMA, January 2022.
        OMA_2022 = 4,
        /// OpenOOH 1.1.
        OPENOOH_1_1 = 5,
    }

    /// `qty.sourcetype`: who measured the multiplier.
    pub struct QtySource {
        /// Unknown.
        UNKNOWN = 0,
        /// A measurement vendor, then named in `vendor` (C-50).
        VENDOR = 1,
        /// The publisher.
        PUBLISHER = 2,
        /// The exchange.
        EXCHANGE = 3,
    }

    /// `refsettings.reftype`: what makes a placement refresh.
    pub struct RefreshTrigger {
        /// Unknown; the default.
        UNKNOWN = 0,
        /// An action of the user.
        USER_ACTION = 1,
        /// An event.
        EVENT = 2,
        /// Time.
        TIME = 3,
    }
}
