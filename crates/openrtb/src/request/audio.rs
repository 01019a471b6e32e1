//! Offered as audio.

use super::{Banner, DurFloors};
use crate::enums::{
    ApiFramework, CompanionType, CreativeAttribute, DeliveryMethod, FeedType, PodDeduplication,
    PodSequence, Protocol, SlotInPod, StartDelay, VolumeNormalization,
};
use crate::json::Str;
use crate::object::object;
use units::CpmMicros;

object! {
    /// An audio placement (OpenRTB 2.6 §3.2.8).
    pub struct Audio<'a> of "OpenRTB 2.6 §3.2.8" {
        /// Content types supported. Required.
        mimes: Vec<Str<'a>> = "mimes",
        /// Shortest ad in seconds; absent is 0.
        minduration: Option<i32> = "minduration",
        /// Longest ad in seconds.
        maxduration: Option<i32> = "maxduration",
        /// Where in the content.
        startdelay: Option<StartDelay> = "startdelay",
        /// Most ads in a dynamic pod.
        maxseq: Option<i32> = "maxseq",
        /// Seconds of the dynamic part of the pod (C-102).
        poddur: Option<i32> = "poddur",
        /// Protocols supported (C-80).
        protocols: Vec<Protocol> = "protocols",
        /// Id of the pod.
        podid: Option<Str<'a>> = "podid",
        /// Where the pod stands in the stream.
        podseq: Option<PodSequence> = "podseq",
        /// Exact durations allowed in seconds; excludes the range (C-45).
        rqddurs: Vec<i32> = "rqddurs",
        /// Order of the impressions (deprecated).
        sequence: Option<i32> = "sequence",
        /// Slot that can be guaranteed.
        slotinpod: Option<SlotInPod> = "slotinpod",
        /// Minimum CPM per second.
        mincpmpersec: Option<CpmMicros> = "mincpmpersec",
        /// Creative attributes blocked.
        battr: Vec<CreativeAttribute> = "battr",
        /// Seconds beyond `maxduration` allowed; -1 any.
        maxextended: Option<i32> = "maxextended",
        /// Least bit rate in kbit/s.
        minbitrate: Option<i32> = "minbitrate",
        /// Greatest bit rate in kbit/s.
        maxbitrate: Option<i32> = "maxbitrate",
        /// Delivery methods supported.
        delivery: Vec<DeliveryMethod> = "delivery",
        /// Companion banners.
        companionad: Vec<Banner<'a>> = "companionad",
        /// APIs supported.
        api: Vec<ApiFramework> = "api",
        /// Kinds of companion supported.
        companiontype: Vec<CompanionType> = "companiontype",
        /// Kind of feed.
        feed: Option<FeedType> = "feed",
        /// Whether the ad is stitched into the content.
        stitched: Option<bool> = "stitched",
        /// How volume is normalised.
        nvol: Option<VolumeNormalization> = "nvol",
        /// What may not come twice in the pod.
        poddedupe: Vec<PodDeduplication> = "poddedupe",
        /// Floors by duration.
        durfloors: Vec<DurFloors<'a>> = "durfloors",
    }
    required: [mimes],
}
