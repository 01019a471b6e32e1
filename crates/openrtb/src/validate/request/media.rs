//! Rules of what an imp is offered as: banner, video, audio, native.

use super::imp::{duration_floors, positive};
use crate::request::{Audio, Banner, Imp, Video};
use crate::validate::checker::Checker;
use crate::validate::native;
use crate::validate::order::Earlier;
use crate::validate::rules::request as rules;

pub(super) fn check(imp: &Imp<'_>, c: &mut Checker<'_>) {
    if let Some(offer) = imp.banner.as_deref() {
        banner(offer, false, c);
        if offer.format.is_empty() && (offer.w.is_none() || offer.h.is_none()) {
            c.missing(&rules::BANNER_SIZE, offer.span, "format");
        }
    }
    if let Some(offer) = imp.video.as_deref() {
        video(offer, c);
    }
    if let Some(offer) = imp.audio.as_deref() {
        audio(offer, c);
    }
    if let Some(offer) = imp.native.as_deref() {
        if offer.request.is_none() {
            c.missing(&rules::NATIVE_REQUEST, offer.span, "request");
        }
        if offer.ver.is_none() {
            c.missing(&rules::RECOMMENDED, offer.span, "ver");
        }
        native::check_request(offer, c);
    }
}

fn banner(banner: &Banner<'_>, companion: bool, c: &mut Checker<'_>) {
    let at = banner.span;
    positive(at, &[("w", banner.w), ("h", banner.h)], c);
    for format in &banner.format {
        let fixed = format.w.is_some() && format.h.is_some();
        let flexible = format.wratio.is_some() && format.hratio.is_some() && format.wmin.is_some();
        if !fixed && !flexible {
            c.note(&rules::FORMAT_SIZE, format.span, "", "neither");
        }
        let sizes = [
            ("w", format.w),
            ("h", format.h),
            ("wratio", format.wratio),
            ("hratio", format.hratio),
            ("wmin", format.wmin),
        ];
        positive(format.span, &sizes, c);
    }
    for (name, old) in [
        ("wmax", banner.wmax),
        ("hmax", banner.hmax),
        ("wmin", banner.wmin),
        ("hmin", banner.hmin),
    ] {
        if let Some(old) = old {
            c.note(&rules::RETIRED, at, name, old);
        }
    }
    if banner.vcm.is_some() && !companion {
        c.note(&rules::VCM, at, "vcm", "in a banner of its own");
    }
}

fn companions(companions: &[Banner<'_>], c: &mut Checker<'_>) {
    let mut ids = Earlier::of(companions.len());
    for (index, companion) in companions.iter().enumerate() {
        banner(companion, true, c);
        let before = companions.get(..index).unwrap_or_default().iter();
        let id = companion.id.as_deref().unwrap_or_default();
        let twice = ids.had(
            id,
            before.map(|other| other.id.as_deref().unwrap_or_default()),
        );
        if companions.len() > 1 && (id.is_empty() || twice) {
            c.note(
                &rules::COMPANION_ID,
                companion.span,
                "id",
                format!("{id:?}"),
            );
        }
    }
}

/// What video and audio have in common, by the same names.
macro_rules! temporal {
    ($offer:ident, $c:ident) => {
        let at = $offer.span;
        if $offer.mimes.is_empty() {
            $c.missing(&rules::MIMES, at, "mimes");
        }
        // Not minduration: absent it is 0, as the standard says (C-62), so nobody has to refuse.
        for (present, name) in [
            (
                $offer.maxduration.is_some() || !$offer.rqddurs.is_empty(),
                "maxduration",
            ),
            ($offer.startdelay.is_some(), "startdelay"),
            (!$offer.protocols.is_empty(), "protocols"),
        ] {
            if !present {
                $c.missing(&rules::RECOMMENDED, at, name);
            }
        }
        let least = $offer.minduration.unwrap_or(0);
        let most = $offer.maxduration.unwrap_or(i32::MAX);
        if least < 0 || most < least {
            let found = format!("{:?} to {:?}", $offer.minduration, $offer.maxduration);
            $c.note(&rules::DURATIONS, at, "minduration", found);
        }
        if $offer.rqddurs.iter().any(|seconds| *seconds <= 0) {
            $c.note(
                &rules::DURATIONS,
                at,
                "rqddurs",
                format!("{:?}", $offer.rqddurs),
            );
        }
        let ranged = $offer.minduration.is_some() || $offer.maxduration.is_some();
        if !$offer.rqddurs.is_empty() && ranged {
            $c.note(&rules::EXACT_DURATIONS, at, "rqddurs", "both");
        }
        if $offer.mincpmpersec.is_some() && !$offer.durfloors.is_empty() {
            $c.note(&rules::FLOOR_KINDS, at, "mincpmpersec", "both");
        }
        duration_floors(&$offer.durfloors, $c);
        if let Some(extended) = $offer.maxextended
            && extended < -1
        {
            $c.note(&rules::MAXEXTENDED, at, "maxextended", extended);
        }
        if let Some(sequence) = $offer.sequence {
            $c.note(&rules::RETIRED, at, "sequence", sequence);
        }
        if $offer.podid.is_none() {
            for (present, name) in [
                ($offer.poddur.is_some(), "poddur"),
                ($offer.podseq.is_some(), "podseq"),
                ($offer.slotinpod.is_some(), "slotinpod"),
            ] {
                if present {
                    $c.note(&rules::POD_MEMBER, at, name, "no podid");
                }
            }
        }
        match ($offer.poddur, $offer.maxseq) {
            (None, Some(_)) => $c.note(&rules::POD_DYNAMIC, at, "maxseq", "no poddur"),
            (Some(_), None) => $c.missing(&rules::POD_ADS, at, "maxseq"),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let longest = $offer.rqddurs.iter().copied().max().unwrap_or(least);
        if let Some(poddur) = $offer.poddur
            && (poddur <= 0 || poddur < least.max(longest))
        {
            $c.note(&rules::POD_LENGTH, at, "poddur", poddur);
        }
        positive(at, &[("maxseq", $offer.maxseq)], $c);
        companions(&$offer.companionad, $c);
    };
}

fn video(video: &Video<'_>, c: &mut Checker<'_>) {
    let at = video.span;
    temporal!(video, c);
    for (present, name) in [(video.w.is_some(), "w"), (video.h.is_some(), "h")] {
        if !present {
            c.missing(&rules::RECOMMENDED, at, name);
        }
    }
    positive(at, &[("w", video.w), ("h", video.h)], c);
    if video.playbackmethod.len() > 1 {
        let found = format!("{} methods", video.playbackmethod.len());
        c.note(&rules::PLAYBACK_METHODS, at, "playbackmethod", found);
    }
    if let Some(placement) = video.placement
        && video.plcmt().is_none()
    {
        c.note(&rules::PLACEMENT, at, "placement", placement.0);
    }
    if let Some(protocol) = video.protocol {
        c.note(&rules::RETIRED, at, "protocol", protocol.0);
    }
    let details = video.skipmin.is_some() || video.skipafter.is_some();
    if details && video.skip != Some(true) {
        c.note(
            &rules::SKIP,
            at,
            "skip",
            format!("{:?}", video.skip.map(i32::from)),
        );
    }
    if let Some(ext) = &video.ext
        && video.plcmt.is_none()
        && ext.get("plcmt").is_some()
    {
        c.note(
            &rules::OLD_PLACE,
            at,
            "ext/plcmt",
            "video.plcmt is its place",
        );
    }
}

fn audio(audio: &Audio<'_>, c: &mut Checker<'_>) {
    temporal!(audio, c);
}
