//! Video and audio on offer: what VAST must keep to (OpenRTB §3.2.7, §3.2.8).

use openrtb::enums::{ApiFramework, CompanionType, CreativeAttribute, DeliveryMethod, Protocol};
use openrtb::{Audio, Banner, DurFloors, Str, Video};
use units::CpmMicros;

use super::imp::size;
use crate::index::Size;

/// What a video or audio ad may be.
#[derive(Debug, Clone, Copy)]
pub struct StreamOffer<'a> {
    /// MIME types, at least one.
    pub mimes: &'a [Str<'a>],
    /// Creative subtypes; empty for any.
    pub protocols: &'a [Protocol],
    /// Frameworks that markup may need.
    pub api: &'a [ApiFramework],
    /// Blocked creative attributes.
    pub battr: &'a [CreativeAttribute],
    /// Size of the player.
    pub size: Option<Size>,
    /// Shortest length in seconds.
    pub min_seconds: u32,
    /// Longest length in seconds, extension included; absent for any.
    pub max_seconds: Option<u32>,
    /// The only lengths that are taken; empty for none in particular (C-45).
    pub exact_seconds: &'a [i32],
    /// `skip` 1: the player adds the button (C-84).
    pub skippable: Option<bool>,
    /// Floor per second.
    pub per_second: Option<CpmMicros>,
    /// Floors by length.
    pub by_length: &'a [DurFloors<'a>],
    /// Length in seconds of the dynamic part of a pod, which no ad in it may exceed (C-102).
    pub pod_seconds: Option<u32>,
    /// The slot of the pod that can be guaranteed: 1 first, -1 last, 2 either.
    pub slot: Option<i32>,
    /// `linearity`; absent for all.
    pub linearity: Option<i32>,
    /// Ways of delivery; empty for all.
    pub delivery: &'a [DeliveryMethod],
    /// Least and greatest bit rate in kbit/s.
    pub bitrates: (Option<u32>, Option<u32>),
    /// Whether a picture of another shape than the player's may be shown with bars.
    pub boxing: bool,
    /// The first `playbackmethod`: only that one counts (C-82).
    pub playback: Option<i32>,
    /// `startdelay`: 0 pre-roll, -2 post-roll, -1 mid-roll, at whatever second.
    pub start_delay: Option<i32>,
    /// `pos`.
    pub position: Option<i32>,
    /// Banners that can be shown beside it.
    pub companions: &'a [Banner<'a>],
    /// Kinds of such banners; empty for all.
    pub companion_types: &'a [CompanionType],
}

impl<'a> StreamOffer<'a> {
    pub(super) fn video(video: &'a Video<'a>) -> Self {
        Self {
            mimes: &video.mimes,
            // What 2.4 had in place of the list (C-172).
            protocols: if video.protocols.is_empty() {
                video.protocol.as_slice()
            } else {
                &video.protocols
            },
            api: &video.api,
            battr: &video.battr,
            size: size(video.w, video.h),
            min_seconds: seconds(video.minduration).unwrap_or(0),
            max_seconds: longest(video.maxduration, video.maxextended),
            exact_seconds: &video.rqddurs,
            skippable: video.skip,
            per_second: video.mincpmpersec,
            by_length: &video.durfloors,
            pod_seconds: seconds(video.poddur),
            slot: video.slotinpod.map(|it| it.0),
            linearity: video.linearity.map(|it| it.0),
            delivery: &video.delivery,
            bitrates: (seconds(video.minbitrate), seconds(video.maxbitrate)),
            boxing: video.boxingallowed.unwrap_or(true),
            playback: video.playbackmethod.first().map(|it| it.0),
            start_delay: video.startdelay.map(|it| break_of(it.0)),
            position: video.pos.map(|it| it.0),
            companions: &video.companionad,
            companion_types: &video.companiontype,
        }
    }

    pub(super) fn audio(audio: &'a Audio<'a>) -> Self {
        Self {
            mimes: &audio.mimes,
            protocols: &audio.protocols,
            api: &audio.api,
            battr: &audio.battr,
            size: None,
            min_seconds: seconds(audio.minduration).unwrap_or(0),
            max_seconds: longest(audio.maxduration, audio.maxextended),
            exact_seconds: &audio.rqddurs,
            skippable: None,
            per_second: audio.mincpmpersec,
            by_length: &audio.durfloors,
            pod_seconds: seconds(audio.poddur),
            slot: audio.slotinpod.map(|it| it.0),
            linearity: None,
            delivery: &audio.delivery,
            bitrates: (seconds(audio.minbitrate), seconds(audio.maxbitrate)),
            boxing: true,
            playback: None,
            start_delay: audio.startdelay.map(|it| break_of(it.0)),
            position: None,
            companions: &audio.companionad,
            companion_types: &audio.companiontype,
        }
    }

    /// The same, where a server stitches the ad into the stream: how its file is delivered is then the server's
    /// affair.
    pub(super) const fn stitched(mut self, stitched: bool) -> Self {
        if stitched {
            self.delivery = &[];
        }
        self
    }

    /// Whether an ad is taken whatever its length.
    #[must_use]
    pub const fn takes_any_length(&self) -> bool {
        self.exact_seconds.is_empty()
            && self.max_seconds.is_none()
            && self.min_seconds == 0
            && self.pod_seconds.is_none()
    }

    /// Whether an ad of this length is taken (C-81, C-102).
    #[must_use]
    pub fn takes_length(&self, length: u32) -> bool {
        if self.pod_seconds.is_some_and(|pod| length > pod) {
            return false;
        }
        if !self.exact_seconds.is_empty() {
            let same = |seconds: &i32| u32::try_from(*seconds) == Ok(length);
            return self.exact_seconds.iter().any(same);
        }
        length >= self.min_seconds && self.max_seconds.is_none_or(|most| length <= most)
    }
}

/// The break that a `startdelay` lies in: mid-rolls are named by their second (C-82).
const fn break_of(start_delay: i32) -> i32 {
    if start_delay > 0 { -1 } else { start_delay }
}

fn seconds(seconds: Option<i32>) -> Option<u32> {
    u32::try_from(seconds?).ok()
}

/// `maxextended`: absent or 0 adds nothing, -1 lifts the limit, else seconds beyond it (C-85).
fn longest(maximum: Option<i32>, extended: Option<i32>) -> Option<u32> {
    let maximum = seconds(maximum)?;
    match extended {
        Some(-1) => None,
        other => Some(maximum.saturating_add(seconds(other).unwrap_or(0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        // C-81, C-85: (min, max, extended, length, taken)
        let cases = [
            (None, None, None, 120, true),
            (Some(5), Some(30), None, 30, true),
            (Some(5), Some(30), None, 31, false),
            (Some(5), Some(30), None, 4, false),
            (None, Some(30), Some(10), 40, true),
            (None, Some(30), Some(-1), 600, true),
        ];
        for (min, max, extended, length, taken) in cases {
            let video = Video {
                minduration: min,
                maxduration: max,
                maxextended: extended,
                ..Video::default()
            };
            let offer = StreamOffer::video(&video);
            assert_eq!(
                offer.takes_length(length),
                taken,
                "{min:?} {max:?} {extended:?} {length}"
            );
        }
        let exact = Video {
            rqddurs: vec![15, 30],
            maxduration: Some(20),
            ..Video::default()
        };
        let offer = StreamOffer::video(&exact);
        assert!(offer.takes_length(30) && !offer.takes_length(20), "C-45");
    }
}
