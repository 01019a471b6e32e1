//! VAST documents: around a media file, around a tag, or the advertiser's own with our trackers in it.

use contracts::catalog::{Creative as Declared, CreativeFormat};
use openrtb::vast::{Inline, Media, QUARTILES, Schema, Trackers, Wrapper};

use crate::creative::{CLICK_URL, Vast, VastKind};
use crate::template::{Part, Template};

/// Stand for the places of a template while a document is written or edited. They begin with a
/// character for private use, which XML writes as it is and no text has by chance.
const PLACES: [(&str, Part); 9] = [
    (VERSION, Part::VastVersion),
    (BID_ID, Part::BidId),
    (CLICK, Part::Click),
    (IMPRESSION, Part::Impression),
    (EVENTS[0].1, Part::VideoEvent(QUARTILES[0])),
    (EVENTS[1].1, Part::VideoEvent(QUARTILES[1])),
    (EVENTS[2].1, Part::VideoEvent(QUARTILES[2])),
    (EVENTS[3].1, Part::VideoEvent(QUARTILES[3])),
    (EVENTS[4].1, Part::VideoEvent(QUARTILES[4])),
];
const MARK: char = '\u{f8f0}';
const VERSION: &str = "\u{f8f0}v";
const BID_ID: &str = "\u{f8f0}b";
const CLICK: &str = "\u{f8f0}c";
const IMPRESSION: &str = "\u{f8f0}i";
/// Events of linear media that are reported, and their places.
const EVENTS: [(&str, &str); 5] = [
    (QUARTILES[0], "\u{f8f0}0"),
    (QUARTILES[1], "\u{f8f0}1"),
    (QUARTILES[2], "\u{f8f0}2"),
    (QUARTILES[3], "\u{f8f0}3"),
    (QUARTILES[4], "\u{f8f0}4"),
];

/// Renders the document of a video or audio creative; `None` when it has nothing to render.
#[must_use]
pub fn prepare(declared: &Declared) -> Option<Vast> {
    if let Some(markup) = &declared.markup {
        return own(declared, markup);
    }
    let (body, kind): (fn(&Declared, Schema) -> Option<Template>, _) =
        if declared.media_url.is_some() {
            (inline, VastKind::Inline)
        } else {
            (wrapper, VastKind::Wrapper)
        };
    Some(Vast {
        v41: body(declared, Schema::FourOne)?,
        v4: body(declared, Schema::Four)?,
        v2: body(declared, Schema::Two)?,
        kind,
        length: declared.duration_seconds,
    })
}

/// Our trackers go into every ad of the advertiser's document.
fn own(declared: &Declared, markup: &str) -> Option<Vast> {
    let seen = openrtb::vast::Vast::read(markup)?;
    let markup = markup.replace(MARK, "\u{fffd}").replace(CLICK_URL, CLICK);
    let trackers = Trackers {
        impressions: &[IMPRESSION],
        events: &EVENTS,
        ..Trackers::default()
    };
    let mut document = String::with_capacity(markup.len() + 512);
    if trackers.insert(&markup, &mut document).ads == 0 {
        return None;
    }
    let template = template(&document);
    let protocol = declared
        .protocol
        .or_else(|| seen.protocol().map(|it| it.0))?;
    Some(Vast {
        v41: template.clone(),
        v4: template.clone(),
        v2: template,
        kind: VastKind::Own(protocol),
        length: declared
            .duration_seconds
            .or_else(|| seen.seconds().and_then(|it| u32::try_from(it).ok())),
    })
}

fn inline(declared: &Declared, schema: Schema) -> Option<Template> {
    let is_audio = declared.format == CreativeFormat::Audio;
    let title = declared.title.as_deref().unwrap_or(declared.id.as_str());
    let ad = Inline {
        schema,
        version: VERSION,
        id: declared.id.as_str(),
        system: "Gavel",
        title: &title.replace(MARK, ""),
        serving_id: BID_ID,
        universal_id: ("unknown", declared.id.as_str()),
        impressions: &[IMPRESSION],
        errors: &[],
        duration_ms: u64::from(declared.duration_seconds.unwrap_or(0)) * 1_000,
        events: &EVENTS,
        click_through: Some(CLICK),
        media: &[Media {
            url: declared.media_url.as_deref()?,
            mime: mime(declared),
            width: if is_audio { 0 } else { declared.width },
            height: if is_audio { 0 } else { declared.height },
        }],
    };
    written(|out| ad.write(out))
}

fn wrapper(declared: &Declared, schema: Schema) -> Option<Template> {
    let ad = Wrapper {
        schema,
        version: VERSION,
        id: declared.id.as_str(),
        system: "Gavel",
        tag: declared.vast_url.as_deref()?,
        impressions: &[IMPRESSION],
        errors: &[],
        events: &EVENTS,
    };
    written(|out| ad.write(out))
}

/// The template of a document; writing to memory does not fail.
fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Option<Template> {
    let mut out = Vec::new();
    write(&mut out).ok()?;
    Some(template(std::str::from_utf8(&out).ok()?))
}

/// Cuts a document at its places.
fn template(document: &str) -> Template {
    let mut out = Template::default();
    let mut rest = document;
    while let Some(at) = rest.find(MARK) {
        let (before, place) = rest.split_at(at);
        out.text(before);
        let found = PLACES.iter().find(|(name, _)| place.starts_with(name));
        let skipped = found.map_or(MARK.len_utf8(), |(name, _)| name.len());
        if let Some((_, part)) = found {
            out.part(part.clone());
        }
        rest = place.get(skipped..).unwrap_or_default();
    }
    out.text(rest);
    out
}

/// The creative's MIME type, or the usual one of its format.
#[must_use]
pub fn mime(declared: &Declared) -> &str {
    let usual = match declared.format {
        CreativeFormat::Audio => "audio/mpeg",
        CreativeFormat::Video
        | CreativeFormat::Banner
        | CreativeFormat::Native
        | CreativeFormat::Responsive => "video/mp4",
    };
    declared.mime.as_deref().unwrap_or(usual)
}

/// VAST versions by their creative subtypes: inline, wrapper, text (AdCOM, "Creative Subtypes - Audio/Video").
const VERSIONS: [(i32, i32, &str); 7] = [
    (13, 14, "4.2"),
    (15, 16, "4.3"),
    (11, 12, "4.1"),
    (7, 8, "4.0"),
    (3, 6, "3.0"),
    (2, 5, "2.0"),
    (1, 4, "1.0"),
];

/// The subtype and version to declare where these are offered; an empty offer is no restriction.
#[must_use]
pub fn protocol(
    kind: VastKind,
    offered: &[openrtb::enums::Protocol],
) -> Option<(i32, &'static str)> {
    let takes = |number: i32| offered.is_empty() || offered.iter().any(|it| it.0 == number);
    match kind {
        VastKind::Own(number) => takes(number).then_some((number, "")),
        // 4.2 first, then downwards; 1.0 knows neither wrappers nor events as ours.
        VastKind::Inline => VERSIONS
            .iter()
            .filter(|it| it.0 != 1)
            .find(|it| takes(it.0))
            .map(|it| (it.0, it.2)),
        VastKind::Wrapper => VERSIONS
            .iter()
            .filter(|it| it.0 != 1)
            .find(|it| takes(it.1))
            .map(|it| (it.1, it.2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::enums::Protocol;

    #[test]
    fn the_subtype_is_one_that_is_offered() {
        // C-80
        let of = |kind, offered: &[i32]| {
            let offered: Vec<_> = offered.iter().copied().map(Protocol).collect();
            protocol(kind, &offered)
        };
        assert_eq!(of(VastKind::Inline, &[]), Some((13, "4.2")));
        assert_eq!(of(VastKind::Inline, &[2, 3, 5]), Some((3, "3.0")));
        assert_eq!(of(VastKind::Wrapper, &[2, 3, 5]), Some((5, "2.0")));
        assert_eq!(of(VastKind::Wrapper, &[2, 3]), None);
        assert_eq!(of(VastKind::Own(7), &[7, 8]), Some((7, "")));
        assert_eq!(of(VastKind::Own(7), &[2]), None);
    }
}
