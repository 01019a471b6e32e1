//! What a creative is and does.

use super::open_enum;

open_enum! {
    /// `api`, `bid.apis`, `bid.api`: what markup may call; not listed means not supported (C-72).
    pub struct ApiFramework {
        /// VPAID 1.0.
        VPAID_1 = 1,
        /// VPAID 2.0.
        VPAID_2 = 2,
        /// MRAID 1.0.
        MRAID_1 = 3,
        /// ORMMA.
        ORMMA = 4,
        /// MRAID 2.0.
        MRAID_2 = 5,
        /// MRAID 3.0.
        MRAID_3 = 6,
        /// OMID 1.0.
        OMID_1 = 7,
        /// SIMID 1.0.
        SIMID_1_0 = 8,
        /// SIMID 1.1.
        SIMID_1_1 = 9,
    }

    /// `battr`, `bid.attr`.
    pub struct CreativeAttribute {
        /// Audio starts by itself.
        AUDIO_AUTOPLAY = 1,
        /// Audio started by the user.
        AUDIO_USER_INITIATED = 2,
        /// Expands by itself.
        EXPANDABLE_AUTOMATIC = 3,
        /// Expands on click.
        EXPANDABLE_CLICK = 4,
        /// Expands on rollover.
        EXPANDABLE_ROLLOVER = 5,
        /// In-banner video that starts by itself.
        IN_BANNER_VIDEO_AUTOPLAY = 6,
        /// In-banner video started by the user.
        IN_BANNER_VIDEO_USER_INITIATED = 7,
        /// Pop-over, pop-under or pop-up on exit.
        POP = 8,
        /// Provocative or suggestive imagery.
        PROVOCATIVE = 9,
        /// Shaky, flashing or extreme animation.
        EXTREME_ANIMATION = 10,
        /// Surveys.
        SURVEYS = 11,
        /// Text only.
        TEXT_ONLY = 12,
        /// User interactive.
        USER_INTERACTIVE = 13,
        /// Dialog or alert style.
        DIALOG_STYLE = 14,
        /// Audio on/off button.
        AUDIO_BUTTON = 15,
        /// The ad provides its own skip button.
        SKIP_BUTTON = 16,
        /// Flash.
        FLASH = 17,
        /// Responsive or fluid.
        RESPONSIVE = 18,
        /// QR code.
        QR_CODE = 19,
        /// Alpha-channel transparency.
        ALPHA_TRANSPARENCY = 20,
        /// Static visual.
        STATIC_VISUAL = 21,
        /// Limited motion.
        LIMITED_MOTION = 22,
        /// Full-motion video.
        FULL_MOTION_VIDEO = 23,
    }

    /// `protocols`, `bid.protocol`: creative subtypes of audio and video (C-80).
    pub struct Protocol {
        /// VAST 1.0.
        VAST_1 = 1,
        /// VAST 2.0.
        VAST_2 = 2,
        /// VAST 3.0.
        VAST_3 = 3,
        /// VAST 1.0 wrapper.
        VAST_1_WRAPPER = 4,
        /// VAST 2.0 wrapper.
        VAST_2_WRAPPER = 5,
        /// VAST 3.0 wrapper.
        VAST_3_WRAPPER = 6,
        /// VAST 4.0.
        VAST_4_0 = 7,
        /// VAST 4.0 wrapper.
        VAST_4_0_WRAPPER = 8,
        /// DAAST 1.0.
        DAAST_1 = 9,
        /// DAAST 1.0 wrapper.
        DAAST_1_WRAPPER = 10,
        /// VAST 4.1.
        VAST_4_1 = 11,
        /// VAST 4.1 wrapper.
        VAST_4_1_WRAPPER = 12,
        /// VAST 4.2.
        VAST_4_2 = 13,
        /// VAST 4.2 wrapper.
        VAST_4_2_WRAPPER = 14,
        /// VAST 4.3.
        VAST_4_3 = 15,
        /// VAST 4.3 wrapper.
        VAST_4_3_WRAPPER = 16,
    }

    /// `banner.btype`: blocked kinds of banner.
    pub struct BannerAdType {
        /// XHTML text.
        XHTML_TEXT = 1,
        /// XHTML banner.
        XHTML_BANNER = 2,
        /// JavaScript.
        JAVASCRIPT = 3,
        /// Iframe.
        IFRAME = 4,
    }

    /// `banner.expdir`.
    pub struct ExpandableDirection {
        /// Left.
        LEFT = 1,
        /// Right.
        RIGHT = 2,
        /// Up.
        UP = 3,
        /// Down.
        DOWN = 4,
        /// Full screen.
        FULL_SCREEN = 5,
        /// Resize or minimise.
        RESIZE = 6,
    }
}
