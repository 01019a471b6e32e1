//! Pods: imps that are played one after another (OpenRTB §7.6; C-100 to C-102, B-10, B-11).

use openrtb::enums::PodDeduplication;

use crate::creative::Creative;
use crate::opportunity::{Imp, Opportunity};

/// The pod that an imp belongs to, or is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pod<'a> {
    /// The place of its first imp in the request: imps with the same `podid` are one pod (C-100).
    pub(crate) number: usize,
    /// Seconds to fill, of a dynamic one; `None` for a slot of its own (C-101).
    pub(crate) seconds: Option<u32>,
    /// Most ads in it; `None` without a limit.
    pub(crate) most: Option<u32>,
    dedupe: &'a [PodDeduplication],
}

impl<'a> Pod<'a> {
    /// The pod of an imp; `None` for one that stands alone.
    pub(crate) fn of(opportunity: &Opportunity<'a>, imp: &Imp<'a>) -> Option<Self> {
        let members = |number: usize| {
            let asked = opportunity.request.imp.get(number)?;
            let video = asked.video.as_deref().map(|it| {
                let id = it.podid.as_deref();
                (id, it.poddur, it.maxseq, it.poddedupe.as_slice())
            });
            let audio = || {
                let it = asked.audio.as_deref()?;
                let id = it.podid.as_deref();
                Some((id, it.poddur, it.maxseq, it.poddedupe.as_slice()))
            };
            video.or_else(audio)
        };
        let (id, seconds, most, dedupe) = members(imp.number)?;
        let count = |count: Option<i32>| u32::try_from(count?).ok().filter(|it| *it > 0);
        let seconds = count(seconds);
        if id.is_none() && seconds.is_none() {
            return None;
        }
        let same = |number: &usize| {
            let other = members(*number).and_then(|(id, ..)| id);
            id.is_some() && other == id
        };
        Some(Self {
            number: (0..imp.number).find(same).unwrap_or(imp.number),
            seconds,
            most: count(most),
            dedupe,
        })
    }

    /// Whether two creatives may not stand in this pod together.
    ///
    /// Without a word of the seller, advertisers are kept apart.
    pub(crate) fn keeps_apart(&self, one: &Creative, other: &Creative) -> bool {
        let says = |what: PodDeduplication| self.dedupe.contains(&what);
        let shares = |of: &[String], with: &[String]| of.iter().any(|it| with.contains(it));
        if says(PodDeduplication::NONE) {
            return false;
        }
        let (declared, others) = (one.declared(), other.declared());
        shares(&one.domains, &other.domains)
            || says(PodDeduplication::CATEGORY)
                && declared.cattax == others.cattax
                && shares(&declared.categories, &others.categories)
    }
}
