//! VAST documents: around a media file, around a tag, or the advertiser's own with our trackers in it.

use std::sync::Arc;

use contracts::catalog::{Creative, CreativeFormat};
use openrtb::vast::{
    Companion, Inline, Media, QUARTILES, Schema, Trackers, Vast as Seen, Verification, Wrapper,
};

use crate::creative::{CLICK_URL, Vast, VastKind};
use crate::declared::Declared;
use crate::template::{Part, Template};

/// Stand for the places of a template while a document is written or edited. They begin with a
/// character for private use, which XML writes as it is and no text has by chance.
const PLACES: [(&str, Part); 11] = [
    (VERSION, Part::VastVersion),
    (BID_ID, Part::BidId),
    (CLICK, Part::Click),
    (CLICK_PIXEL, Part::ClickPixel),
    (IMPRESSION, Part::Impression),
    (ERROR, Part::VideoError),
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
const CLICK_PIXEL: &str = "\u{f8f0}p";
const IMPRESSION: &str = "\u{f8f0}i";
const ERROR: &str = "\u{f8f0}e";
/// Events of linear media that are reported, and their places.
const EVENTS: [(&str, &str); 5] = [
    (QUARTILES[0], "\u{f8f0}0"),
    (QUARTILES[1], "\u{f8f0}1"),
    (QUARTILES[2], "\u{f8f0}2"),
    (QUARTILES[3], "\u{f8f0}3"),
    (QUARTILES[4], "\u{f8f0}4"),
];

/// `linearity`.
const LINEAR: i32 = 1;
const NON_LINEAR: i32 = 2;
/// Delivery methods.
const STREAMING: i32 = 1;
const PROGRESSIVE: i32 = 2;
const DOWNLOAD: i32 = 3;

/// Renders the document of a video or audio creative; `None` when it has nothing to render.
#[must_use]
pub fn prepare(declared: &Creative) -> Option<Vast> {
    if let Some(markup) = &declared.markup {
        return own(declared, markup);
    }
    let (body, kind): (Body, _) = if declared.media_url.is_some() {
        (inline, VastKind::Inline)
    } else {
        (wrapper, VastKind::Wrapper)
    };
    let document = |schema| measured(declared, schema, body).map(Arc::new);
    Some(Vast {
        v41: document(Schema::FourOne)?,
        v4: document(Schema::Four)?,
        v2: document(Schema::Two)?,
        kind,
        length: declared.duration_seconds,
        linearity: declared.linearity.unwrap_or(LINEAR),
        // A file that is played while it loads can be loaded before, too.
        delivery: match kind {
            VastKind::Inline => vec![PROGRESSIVE, DOWNLOAD],
            VastKind::Wrapper | VastKind::Own(_) => Vec::new(),
        },
        bitrates: declared.bitrate.into_iter().collect(),
        skippable: false,
    })
}

/// Our trackers go into every ad of the advertiser's document.
fn own(declared: &Creative, markup: &str) -> Option<Vast> {
    let seen = Seen::read(markup)?;
    let markup = markup.replace(MARK, "\u{fffd}").replace(CLICK_URL, CLICK);
    let trackers = Trackers {
        impressions: &[IMPRESSION],
        errors: &[ERROR],
        events: &EVENTS,
        viewable: &[],
        clicks: &[],
    };
    let mut document = String::with_capacity(markup.len() + 512);
    if trackers.insert(&markup, &mut document).ads == 0 {
        return None;
    }
    let template = Arc::new(template(&document).escaped_for_json());
    let protocol = declared
        .protocol
        .or_else(|| seen.protocol().map(|it| it.0))?;
    let media = || seen.ads.iter().flat_map(|ad| &ad.media);
    let mut delivery: Vec<i32> = media()
        .filter_map(|it| it.delivery)
        .flat_map(|it| -> &[i32] {
            if it.eq_ignore_ascii_case("streaming") {
                &[STREAMING]
            } else {
                &[PROGRESSIVE, DOWNLOAD]
            }
        })
        .copied()
        .collect();
    delivery.sort_unstable();
    delivery.dedup();
    let only_non_linear = seen.ads.iter().all(|ad| ad.is_non_linear && !ad.is_linear);
    Some(Vast {
        v41: Arc::clone(&template),
        v4: Arc::clone(&template),
        v2: template,
        kind: VastKind::Own(protocol),
        length: declared
            .duration_seconds
            .or_else(|| seen.seconds().and_then(|it| u32::try_from(it).ok())),
        linearity: declared
            .linearity
            .unwrap_or(if only_non_linear { NON_LINEAR } else { LINEAR }),
        delivery,
        bitrates: match declared.bitrate {
            Some(bitrate) => vec![bitrate],
            None => media().filter_map(|it| it.bitrate).collect(),
        },
        skippable: seen.ads.iter().any(|ad| ad.is_skippable),
    })
}

type Body = fn(&Creative, Schema, &[Verification<'_>]) -> Option<String>;

/// The document, in which who measures stands only where OMID is on offer: the one place at which the document
/// with it and the one without differ.
fn measured(declared: &Creative, schema: Schema, body: Body) -> Option<Template> {
    let plain = body(declared, schema, &[])?;
    let Some(verification) = &declared.verification else {
        return Some(template(&plain).escaped_for_json());
    };
    let verification = Verification {
        vendor: &verification.vendor,
        script: &verification.script,
        parameters: verification.parameters.as_deref(),
    };
    let whole = body(declared, schema, &[verification])?;
    let element = match schema {
        Schema::FourOne => "<AdVerifications>",
        Schema::Two | Schema::Four => "<Extensions>",
    };
    let (before, rest) = whole.split_at(whole.find(element)?);
    let (added, after) = rest.split_at_checked(whole.len().checked_sub(plain.len())?)?;
    let mut document = template(before);
    document.part(Part::Verification(added.replace(MARK, "").into()));
    document.append(template(after));
    Some(document.escaped_for_json())
}

fn inline(
    declared: &Creative,
    schema: Schema,
    verifications: &[Verification<'_>],
) -> Option<String> {
    let is_audio = declared.format == CreativeFormat::Audio;
    let title = declared.title.as_deref().unwrap_or(declared.id.as_str());
    let shown = &declared.companions;
    let urls: Vec<String> = shown.iter().map(|it| it.url.replace(MARK, "")).collect();
    let companions: Vec<_> = shown
        .iter()
        .zip(&urls)
        .map(|(it, url)| Companion {
            url,
            mime: &it.mime,
            width: it.width,
            height: it.height,
            click_through: CLICK,
        })
        .collect();
    let ad = Inline {
        schema,
        version: VERSION,
        id: declared.id.as_str(),
        system: "Gavel",
        title: &title.replace(MARK, ""),
        serving_id: BID_ID,
        universal_id: ("unknown", declared.id.as_str()),
        impressions: &[IMPRESSION],
        errors: &[ERROR],
        duration_ms: u64::from(declared.duration_seconds.unwrap_or(0)) * 1_000,
        events: &EVENTS,
        click_through: Some(CLICK),
        media: &[Media {
            url: &declared.media_url.as_deref()?.replace(MARK, ""),
            mime: declared
                .mime
                .as_deref()
                .unwrap_or(usual_mime(declared.format)),
            width: if is_audio { 0 } else { declared.width },
            height: if is_audio { 0 } else { declared.height },
        }],
        verifications,
        companions: &companions,
    };
    written(|out| ad.write(out))
}

fn wrapper(
    declared: &Creative,
    schema: Schema,
    verifications: &[Verification<'_>],
) -> Option<String> {
    let ad = Wrapper {
        schema,
        version: VERSION,
        id: declared.id.as_str(),
        system: "Gavel",
        tag: &declared.vast_url.as_deref()?.replace(MARK, ""),
        impressions: &[IMPRESSION],
        errors: &[ERROR],
        events: &EVENTS,
        clicks: &[CLICK_PIXEL],
        verifications,
    };
    written(|out| ad.write(out))
}

/// A document as text; writing to memory does not fail.
fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Option<String> {
    let mut out = Vec::new();
    write(&mut out).ok()?;
    String::from_utf8(out).ok()
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
    let usual = usual_mime(declared.format);
    declared.mime.as_deref().unwrap_or(usual)
}

/// The type of media where nothing is declared.
const fn usual_mime(format: CreativeFormat) -> &'static str {
    match format {
        CreativeFormat::Audio => "audio/mpeg",
        CreativeFormat::Video
        | CreativeFormat::Banner
        | CreativeFormat::Native
        | CreativeFormat::Responsive => "video/mp4",
    }
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
    declarable(kind).find(|it| takes(it.0))
}

/// The subtypes that a document can be declared as, each with the version to write, the best first.
pub fn declarable(kind: VastKind) -> impl Iterator<Item = (i32, &'static str)> {
    let own = match kind {
        VastKind::Own(number) => Some((number, "")),
        VastKind::Inline | VastKind::Wrapper => None,
    };
    // 4.2 first, then downwards; 1.0 knows neither wrappers nor events as ours.
    let versions = VERSIONS.iter().filter(|it| it.0 != 1);
    let written = versions.filter_map(move |it| match kind {
        VastKind::Inline => Some((it.0, it.2)),
        VastKind::Wrapper => Some((it.1, it.2)),
        VastKind::Own(_) => None,
    });
    own.into_iter().chain(written)
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
