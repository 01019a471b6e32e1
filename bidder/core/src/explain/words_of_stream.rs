//! Rules about how a video or audio ad would be played, in words.

use super::conditions::Subject;
use super::words::{Words, numbers};
use super::words_of_ad::demanded;
use crate::creative::VastKind;
use crate::opportunity::StreamOffer;
use crate::targeting::listed;
use crate::vast;

pub(super) fn protocol_not_supported(it: &Subject<'_, '_, '_>) -> Words {
    let offer = it.stream();
    let seen = offer.map_or_else(String::new, |it| {
        numbers(it.protocols.iter().map(|it| it.0))
    });
    let kind = it.document().map_or(VastKind::Inline, |it| it.kind);
    let own = numbers(vast::declarable(kind).map(|it| it.0));
    Words::new(
        format!("protocols {seen}"),
        format!("one of {own}"),
        format!("protocols had one of {own}, which its document can be"),
    )
}

/// Its length in seconds.
pub(super) fn length(it: &Subject<'_, '_, '_>) -> Option<u32> {
    it.document()?.length
}

pub(super) fn length_not_allowed(it: &Subject<'_, '_, '_>) -> Words {
    let seen = it.stream().map_or_else(String::new, lengths);
    match length(it) {
        Some(length) => Words::new(
            seen,
            format!("{length} s taken"),
            format!("a length of {length} s were taken"),
        ),
        None => Words::new(
            format!("{seen}, and a document whose length is not known"),
            "any length taken, or a length that is known",
            "the length of its document were known",
        ),
    }
}

fn lengths(offer: &StreamOffer<'_>) -> String {
    let mut out = if offer.exact_seconds.is_empty() {
        match offer.max_seconds {
            Some(most) => format!("{} to {most} s", offer.min_seconds),
            None => format!("at least {} s", offer.min_seconds),
        }
    } else {
        format!("exactly {} s", numbers(offer.exact_seconds.iter().copied()))
    };
    if let Some(pod) = offer.pod_seconds {
        out.push_str(&format!(", in a pod of {pod} s"));
    }
    out
}

pub(super) fn skip_not_allowed() -> Words {
    Words::new(
        "skip 1: the player adds a button",
        "skip 0: its document has a button of its own",
        "skip were not 1, for its document has a button of its own",
    )
}

pub(super) fn linearity_not_offered(it: &Subject<'_, '_, '_>) -> Words {
    let seen = it.stream().and_then(|it| it.linearity).unwrap_or(0);
    let own = it.document().map_or(1, |it| it.linearity);
    Words::new(
        format!("linearity {seen}"),
        format!("linearity {own}"),
        format!("linearity were {own}"),
    )
}

pub(super) fn delivery_not_offered(it: &Subject<'_, '_, '_>) -> Words {
    let offer = it.stream();
    let seen = offer.map_or_else(String::new, |it| numbers(it.delivery.iter().map(|it| it.0)));
    let own = it.document().map_or(&[][..], |it| &it.delivery);
    let own = numbers(own.iter().copied());
    Words::new(
        format!("delivery {seen}"),
        format!("one of {own}"),
        format!("delivery had one of {own}, the ways of its media"),
    )
}

pub(super) fn bitrate_not_allowed(it: &Subject<'_, '_, '_>) -> Words {
    let (least, most) = it.stream().map_or((None, None), |it| it.bitrates);
    let bound =
        |rate: Option<u32>, none: &str| rate.map_or_else(|| none.to_owned(), |it| it.to_string());
    let own = it.document().map_or(&[][..], |it| &it.bitrates);
    let own: Vec<String> = own.iter().map(ToString::to_string).collect();
    let own = listed(own.iter().map(String::as_str));
    Words::new(
        format!("{} to {} kbit/s", bound(least, "0"), bound(most, "any")),
        format!("one of {own} kbit/s"),
        format!("minbitrate and maxbitrate took one of {own} kbit/s"),
    )
}

pub(super) fn playback_not_wanted(it: &Subject<'_, '_, '_>) -> Words {
    let wanted = it.declared(|it| numbers(it.demands.playback_methods.iter().copied()));
    let seen = it.stream().and_then(|it| it.playback);
    demanded("the first playbackmethod", seen, &wanted)
}

pub(super) fn start_delay_not_wanted(it: &Subject<'_, '_, '_>) -> Words {
    let wanted = it.declared(|it| numbers(it.demands.start_delays.iter().copied()));
    let seen = it.stream().and_then(|it| it.start_delay);
    demanded("startdelay", seen, &wanted)
}

pub(super) fn slot_not_offered(it: &Subject<'_, '_, '_>) -> Words {
    let wanted = it.declared(|it| numbers(it.demands.slot_in_pod));
    let seen = it.stream().and_then(|it| it.slot);
    demanded("slotinpod", seen, &format!("{wanted} or 2"))
}

pub(super) fn companion_not_offered(it: &Subject<'_, '_, '_>) -> Words {
    let own = it.declared(|it| {
        let own = it.companions.iter();
        let own: Vec<String> = own
            .map(|it| format!("{} {}x{}", it.mime, it.width, it.height))
            .collect();
        listed(own.iter().map(String::as_str))
    });
    let seen = it.stream().map_or(0, |it| it.companions.len());
    Words::new(
        format!("{seen} companion banners, none that fits"),
        format!("a static one for {own}"),
        format!("companionad took one of its companions {own}"),
    )
}
