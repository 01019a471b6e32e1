//! Where and how an ad is shown.

use super::open_enum;

open_enum! {
    /// `video.plcmt`: kinds of video placement since 2.6-202303 (C-83).
    pub struct Plcmt {
        /// Instream.
        INSTREAM = 1,
        /// Accompanying content.
        ACCOMPANYING = 2,
        /// Interstitial.
        INTERSTITIAL = 3,
        /// No content, standalone.
        STANDALONE = 4,
        /// Pause ad.
        PAUSE = 5,
        /// Screensaver.
        SCREENSAVER = 6,
        /// Overlay.
        OVERLAY = 7,
        /// Squeezeback.
        SQUEEZEBACK = 8,
        /// In-scene.
        IN_SCENE = 9,
    }

    /// `video.placement`: the deprecated list of 2.5, not the numbers of [`Plcmt`] (C-83).
    pub struct LegacyPlacement {
        /// In-stream.
        IN_STREAM = 1,
        /// In-banner.
        IN_BANNER = 2,
        /// In-article.
        IN_ARTICLE = 3,
        /// In-feed.
        IN_FEED = 4,
        /// Interstitial, slider or floating.
        INTERSTITIAL = 5,
    }

    /// `video.linearity`; absent means all.
    pub struct Linearity {
        /// Linear.
        LINEAR = 1,
        /// Non-linear.
        NON_LINEAR = 2,
    }

    /// `startdelay`: seconds into the content, or where in it generally (C-82).
    pub struct StartDelay {
        /// Pre-roll.
        PRE_ROLL = 0,
        /// Some mid-roll.
        MID_ROLL = -1,
        /// Some post-roll.
        POST_ROLL = -2,
    }

    /// `video.playbackmethod`; only the first element counts (C-82).
    pub struct PlaybackMethod {
        /// By itself, sound on.
        AUTO_SOUND_ON = 1,
        /// By itself, sound off.
        AUTO_SOUND_OFF = 2,
        /// On click, sound on.
        CLICK_SOUND_ON = 3,
        /// On mouse-over, sound on.
        MOUSE_OVER_SOUND_ON = 4,
        /// On entering the viewport, sound on.
        VIEWPORT_SOUND_ON = 5,
        /// On entering the viewport, sound off.
        VIEWPORT_SOUND_OFF = 6,
        /// Continuous playback.
        CONTINUOUS = 7,
        /// On pause by the user, sound on.
        PAUSE_SOUND_ON = 8,
        /// On pause by the user, sound off.
        PAUSE_SOUND_OFF = 9,
        /// Idle or screensaver, sound on.
        SCREENSAVER = 10,
        /// Idle, sound off.
        IDLE_SOUND_OFF = 11,
    }

    /// `video.playbackend`: what ends playback.
    pub struct PlaybackCessation {
        /// Completion or the user.
        COMPLETION = 1,
        /// Leaving the viewport or the user.
        LEAVING_VIEWPORT = 2,
        /// Goes on floating outside the viewport until completion or the user ends it.
        FLOATING = 3,
    }

    /// `delivery`; absent means all.
    pub struct DeliveryMethod {
        /// Streaming.
        STREAMING = 1,
        /// Progressive.
        PROGRESSIVE = 2,
        /// Download.
        DOWNLOAD = 3,
    }

    /// `companiontype`.
    pub struct CompanionType {
        /// Static resource.
        STATIC = 1,
        /// HTML resource.
        HTML = 2,
        /// Iframe resource.
        IFRAME = 3,
    }

    /// `podseq`: where the pod stands in the stream (C-100).
    pub struct PodSequence {
        /// The last pod.
        LAST = -1,
        /// Any pod; the default.
        ANY = 0,
        /// The first pod.
        FIRST = 1,
    }

    /// `slotinpod`, of an imp what can be guaranteed, of a bid what is wanted.
    pub struct SlotInPod {
        /// The last slot.
        LAST = -1,
        /// Any slot; the default.
        ANY = 0,
        /// The first slot.
        FIRST = 1,
        /// The first or the last slot.
        FIRST_OR_LAST = 2,
    }

    /// `poddedupe`: what may not come twice in a pod.
    pub struct PodDeduplication {
        /// The advertiser domain.
        ADOMAIN = 1,
        /// The category.
        CATEGORY = 2,
        /// The creative id.
        CREATIVE = 3,
        /// The URL of the media file.
        MEDIA_URL = 4,
        /// Anything may.
        NONE = 5,
    }

    /// `pos`: where the placement stands on the page or screen.
    pub struct Position {
        /// Unknown.
        UNKNOWN = 0,
        /// Above the fold.
        ABOVE_FOLD = 1,
        /// Locked.
        LOCKED = 2,
        /// Below the fold.
        BELOW_FOLD = 3,
        /// Header.
        HEADER = 4,
        /// Footer.
        FOOTER = 5,
        /// Sidebar.
        SIDEBAR = 6,
        /// Full screen.
        FULL_SCREEN = 7,
        /// Partial screen.
        PARTIAL_SCREEN = 8,
        /// Top left.
        TOP_LEFT = 9,
        /// Top right.
        TOP_RIGHT = 10,
        /// Frames the content.
        FRAME = 11,
        /// Double box.
        DOUBLE_BOX = 12,
        /// Double box with background.
        DOUBLE_BOX_BACKGROUND = 13,
        /// Bottom left.
        BOTTOM_LEFT = 14,
        /// Bottom right.
        BOTTOM_RIGHT = 15,
        /// L shape.
        L_SHAPE = 16,
        /// Reversed L shape.
        REVERSED_L = 17,
    }

    /// `imp.ssai`: who inserts the ad and fires its pixels (C-146).
    pub struct ServerSideInsertion {
        /// Unknown; the default.
        UNKNOWN = 0,
        /// All on the client.
        CLIENT = 1,
        /// Stitched by a server, pixels fired by the client.
        STITCHED = 2,
        /// All by a server.
        SERVER = 3,
    }

    /// `audio.nvol`.
    pub struct VolumeNormalization {
        /// None.
        NONE = 0,
        /// By average volume.
        AVERAGE = 1,
        /// By peak volume.
        PEAK = 2,
        /// By loudness.
        LOUDNESS = 3,
        /// By the sender's own method.
        CUSTOM = 4,
    }
}
