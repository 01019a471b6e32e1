//! Pods: breaks that are filled with several ads, structured, dynamic or both (C-100 to C-102, X-20 to X-22).
//!
//! Imps with the same `podid` are one pod. One with `poddur` is a break that takes as many ads as fit; one
//! without is a slot for one ad. What may not come twice in a pod holds for all of it.

mod dedupe;
mod exact;
mod fill;
mod layout;
mod margins;
mod usage;

use std::cmp::Reverse;

use openrtb::enums::{PodDeduplication, SlotInPod};
use openrtb::{Audio, Bid, BidRequest, Imp, Video};

pub use self::dedupe::{Dedupe, Shared, excludes, shared};
pub use self::fill::{
    Filling, MOST_ADS, MOST_BREAKS, MOST_SECONDS, MOST_SLOTS, MOST_STEPS, Problem,
};
pub use self::layout::{
    Ad, Break, Layout, Place, Set, Wish, Worth, by_density, members, one, plus,
};
pub use self::margins::{MOST_WEIGHED, Margin, Margins};
use self::usage::Usage;
use crate::medium::Medium;

/// What an imp is in its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A slot of its own, by its number in the pod.
    Slot(usize),
    /// A break, by its number in the pod.
    Break(usize),
}

/// One pod of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its imps, by index, and what each is in it.
    pub imps: Vec<(usize, Part)>,
    /// What there is to be filled.
    pub layout: Layout,
    /// What may not come twice.
    pub dedupe: Dedupe,
}

/// What video and audio say about pods.
struct Podded<'r> {
    id: Option<&'r str>,
    seconds: Option<u32>,
    ads: Option<u32>,
    dedupe: &'r [PodDeduplication],
}

impl<'r> Podded<'r> {
    fn of(imp: &'r Imp<'_>) -> Option<Self> {
        let of_video = imp.video.as_deref().map(Self::of_video);
        let of_audio = imp.audio.as_deref().map(Self::of_audio);
        [of_video, of_audio]
            .into_iter()
            .flatten()
            .find(|podded| podded.id.is_some() || podded.seconds.is_some())
    }

    fn of_video(video: &'r Video<'_>) -> Self {
        Self {
            id: video.podid.as_deref().filter(|id| !id.is_empty()),
            seconds: positive(video.poddur),
            ads: positive(video.maxseq),
            dedupe: &video.poddedupe,
        }
    }

    fn of_audio(audio: &'r Audio<'_>) -> Self {
        Self {
            id: audio.podid.as_deref().filter(|id| !id.is_empty()),
            seconds: positive(audio.poddur),
            ads: positive(audio.maxseq),
            dedupe: &audio.poddedupe,
        }
    }
}

fn positive(value: Option<i32>) -> Option<u32> {
    u32::try_from(value?).ok().filter(|value| *value > 0)
}

/// The pods of a request; empty for most.
#[must_use]
pub fn pods(request: &BidRequest<'_>) -> Vec<Pod> {
    let mut pods: Vec<(Option<&str>, Pod)> = Vec::new();
    for (index, imp) in request.imp.iter().enumerate() {
        let Some(podded) = Podded::of(imp) else {
            continue;
        };
        let known = podded
            .id
            .and_then(|id| pods.iter().position(|(other, _)| *other == Some(id)));
        let at = known.unwrap_or_else(|| {
            let pod = Pod {
                imps: Vec::new(),
                layout: Layout::default(),
                dedupe: Dedupe::default(),
            };
            pods.push((podded.id, pod));
            pods.len() - 1
        });
        let Some((_, pod)) = pods.get_mut(at) else {
            continue;
        };
        let part = if let Some(seconds) = podded.seconds {
            pod.layout.breaks.push(Break {
                seconds,
                ads: podded.ads.unwrap_or(u32::MAX),
            });
            Part::Break(pod.layout.breaks.len() - 1)
        } else {
            pod.layout.slots += 1;
            Part::Slot(pod.layout.slots - 1)
        };
        pod.imps.push((index, part));
        pod.dedupe.add(podded.dedupe);
    }
    pods.into_iter().map(|(_, pod)| pod).collect()
}

impl Pod {
    /// Where a bid would stand; `None` for a bid on an imp of another pod.
    ///
    /// An ad of unknown length takes the longest that is allowed (C-81); one that is no part of a break, such
    /// as a banner offered in its place, the whole of it.
    #[must_use]
    pub fn place(
        &self,
        request: &BidRequest<'_>,
        imp: usize,
        bid: &Bid<'_>,
        medium: Medium,
        seconds: Option<i32>,
    ) -> Option<Place> {
        let (_, part) = self.imps.iter().find(|(index, _)| *index == imp)?;
        let index = match part {
            Part::Slot(slot) => return Some(Place::Slot(*slot)),
            Part::Break(index) => *index,
        };
        let whole = self.layout.breaks.get(index)?.seconds;
        let offered = request.imp.get(imp)?;
        let longest = match medium {
            Medium::Video => offered.video.as_deref().and_then(|video| {
                positive(video.maxduration.or(video.rqddurs.iter().copied().max()))
            }),
            Medium::Audio => offered.audio.as_deref().and_then(|audio| {
                positive(audio.maxduration.or(audio.rqddurs.iter().copied().max()))
            }),
            Medium::Banner | Medium::Native => None,
        };
        let offer = match medium {
            Medium::Video => offered.video.as_deref().and_then(|it| it.slotinpod),
            Medium::Audio => offered.audio.as_deref().and_then(|it| it.slotinpod),
            Medium::Banner | Medium::Native => None,
        };
        let told = positive(seconds).filter(|_| matches!(medium, Medium::Video | Medium::Audio));
        Some(Place::Break {
            index,
            seconds: told
                .or(longest.map(|longest| longest.min(whole)))
                .unwrap_or(whole),
            wish: match (bid.slotinpod, offer) {
                (Some(SlotInPod::FIRST), _)
                // Either would do, and this one alone is promised.
                | (Some(SlotInPod::FIRST_OR_LAST), Some(SlotInPod::FIRST)) => Wish::First,
                (Some(SlotInPod::LAST), _)
                | (Some(SlotInPod::FIRST_OR_LAST), Some(SlotInPod::LAST)) => Wish::Last,
                (Some(SlotInPod::FIRST_OR_LAST), _) => Wish::FirstOrLast,
                _ => Wish::Any,
            },
        })
    }
}

/// A filled pod, while winners are priced.
#[derive(Debug, Clone)]
pub struct Filled {
    ads: Set,
    usage: Usage,
}

impl Filled {
    /// A pod with these ads in it.
    #[must_use]
    pub fn new(problem: &Problem<'_>, ads: Set) -> Self {
        let mut usage = Usage::of(problem.layout);
        for ad in members(ads) {
            if let Some(ad) = problem.ads.get(ad) {
                usage.take(ad.place);
            }
        }
        Self { ads, usage }
    }

    /// The ads in it.
    #[must_use]
    pub const fn ads(&self) -> Set {
        self.ads
    }

    /// Whether an ad that lost could stand in the pod if one of its ads were not there.
    #[must_use]
    pub fn replaces(&self, problem: &Problem<'_>, loser: usize, winner: usize) -> bool {
        let excluded = problem.excludes.get(loser).copied().unwrap_or_default();
        let place = |ad: usize| problem.ads.get(ad).map(|ad| ad.place);
        let (Some(into), Some(out)) = (place(loser), place(winner)) else {
            return false;
        };
        excluded & self.ads & !one(winner) == 0 && self.usage.has_room(into, out)
    }

    /// The ads in the order of the pod, those of a break with their place in it from 1: first the one that
    /// wants to be first, then those that want nothing, the dearest first, last the one that wants to be last.
    #[must_use]
    pub fn in_order(&self, problem: &Problem<'_>) -> Vec<(usize, Option<u32>)> {
        let mut ads: Vec<(Seat, usize)> = Vec::new();
        let taken = |index: usize, end: Wish| {
            members(self.ads).any(|ad| {
                let place = problem.ads.get(ad).map(|ad| ad.place);
                matches!(place, Some(Place::Break { index: i, wish, .. }) if i == index && wish == end)
            })
        };
        for number in members(self.ads) {
            let Some(ad) = problem.ads.get(number) else {
                continue;
            };
            let seat = match ad.place {
                Place::Slot(slot) => (0, slot, 0, Reverse(ad.worth)),
                Place::Break { index, wish, .. } => {
                    let end = match wish {
                        Wish::First => 0,
                        Wish::Any => 1,
                        Wish::Last => 2,
                        // Whoever does not mind has the end that is left.
                        Wish::FirstOrLast => {
                            let given = |(seat, _): &(Seat, usize)| {
                                (seat.0, seat.1, seat.2) == (1, index, 0)
                            };
                            let gone = taken(index, Wish::First) || ads.iter().any(given);
                            if gone { 2 } else { 0 }
                        }
                    };
                    (1, index, end, Reverse(ad.worth))
                }
            };
            ads.push((seat, number));
        }
        ads.sort_unstable();
        let mut place = 0;
        let mut former = None;
        ads.into_iter()
            .map(|((kind, index, ..), number)| {
                let part = (kind, index);
                place = if former == Some(part) { place + 1 } else { 1 };
                former = Some(part);
                (number, (kind == 1).then_some(place))
            })
            .collect()
    }
}

/// Slots before breaks, their number, which end, and what is dearest.
type Seat = (u8, usize, u8, Reverse<Worth>);
