//! Offered as video.

use super::{Banner, DurFloors};
use crate::enums::{
    ApiFramework, CompanionType, CreativeAttribute, DeliveryMethod, LegacyPlacement, Linearity,
    PlaybackCessation, PlaybackMethod, Plcmt, PodDeduplication, PodSequence, Position, Protocol,
    SlotInPod, StartDelay,
};
use crate::json::Str;
use crate::object::object;
use units::CpmMicros;

object! {
    /// A video placement (OpenRTB 2.6 §3.2.7).
    pub struct Video<'a> of "OpenRTB 2.6 §3.2.7" {
        /// Content types supported. Required.
        mimes: Vec<Str<'a>> = "mimes",
        /// Shortest ad in seconds; absent is 0.
        minduration: Option<i32> = "minduration",
        /// Longest ad in seconds.
        maxduration: Option<i32> = "maxduration",
        /// Where in the content.
        startdelay: Option<StartDelay> = "startdelay",
        /// Most ads in a dynamic pod (C-101).
        maxseq: Option<i32> = "maxseq",
        /// Seconds of the dynamic part of the pod (C-102).
        poddur: Option<i32> = "poddur",
        /// Protocols supported (C-80).
        protocols: Vec<Protocol> = "protocols",
        /// Protocol supported (2.4, C-172).
        protocol: Option<Protocol> = "protocol",
        /// Width of the player in device independent pixels.
        w: Option<i32> = "w",
        /// Height of the player in device independent pixels.
        h: Option<i32> = "h",
        /// Id of the pod (C-100).
        podid: Option<Str<'a>> = "podid",
        /// Where the pod stands in the stream.
        podseq: Option<PodSequence> = "podseq",
        /// Exact durations allowed in seconds; excludes the range (C-45).
        rqddurs: Vec<i32> = "rqddurs",
        /// Placement in the deprecated list.
        placement: Option<LegacyPlacement> = "placement",
        /// Placement.
        plcmt: Option<Plcmt> = "plcmt",
        /// Whether linear; absent is all.
        linearity: Option<Linearity> = "linearity",
        /// Whether the player adds a skip button (C-84).
        skip: Option<bool> = "skip",
        /// Seconds that an ad must exceed to be skippable; absent is 0.
        skipmin: Option<i32> = "skipmin",
        /// Seconds after which it may be skipped; absent is 0.
        skipafter: Option<i32> = "skipafter",
        /// Order of the impressions (deprecated).
        sequence: Option<i32> = "sequence",
        /// Slot that can be guaranteed.
        slotinpod: Option<SlotInPod> = "slotinpod",
        /// Minimum CPM per second.
        mincpmpersec: Option<CpmMicros> = "mincpmpersec",
        /// Creative attributes blocked.
        battr: Vec<CreativeAttribute> = "battr",
        /// Seconds beyond `maxduration` allowed; -1 any (C-85).
        maxextended: Option<i32> = "maxextended",
        /// Least bit rate in kbit/s.
        minbitrate: Option<i32> = "minbitrate",
        /// Greatest bit rate in kbit/s.
        maxbitrate: Option<i32> = "maxbitrate",
        /// Whether letter-boxing is allowed; absent is 1.
        boxingallowed: Option<bool> = "boxingallowed",
        /// How playback starts; only the first counts.
        playbackmethod: Vec<PlaybackMethod> = "playbackmethod",
        /// What ends playback.
        playbackend: Option<PlaybackCessation> = "playbackend",
        /// Delivery methods supported.
        delivery: Vec<DeliveryMethod> = "delivery",
        /// Where on the screen.
        pos: Option<Position> = "pos",
        /// Companion banners.
        companionad: Vec<Banner<'a>> = "companionad",
        /// APIs supported.
        api: Vec<ApiFramework> = "api",
        /// Kinds of companion supported.
        companiontype: Vec<CompanionType> = "companiontype",
        /// What may not come twice in the pod.
        poddedupe: Vec<PodDeduplication> = "poddedupe",
        /// Floors by duration (C-46).
        durfloors: Vec<DurFloors<'a>> = "durfloors",
    }
    required: [mimes],
}
