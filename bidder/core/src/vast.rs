//! VAST documents: around a media file, around a tag, or the advertiser's own with our trackers in it.

use contracts::catalog::{Creative as Declared, CreativeFormat};

use crate::creative::{CLICK_URL, Vast, VastKind};
use crate::template::{Part, Template, escaped};

/// Events of linear media that are reported, in their order.
const EVENTS: [&str; 5] = [
    "start",
    "firstQuartile",
    "midpoint",
    "thirdQuartile",
    "complete",
];

/// Stands for the impression tracker while an own document is edited; nothing resolves to it.
const PLACE: &str = "https://impression.invalid/gavel";

/// Renders the document of a video or audio creative; `None` when it has nothing to render.
#[must_use]
pub fn prepare(declared: &Declared) -> Option<Vast> {
    if let Some(markup) = &declared.markup {
        return own(declared, markup);
    }
    let (body, kind): (fn(&Declared, bool) -> Option<Template>, _) = if declared.media_url.is_some()
    {
        (inline, VastKind::Inline)
    } else {
        (wrapper, VastKind::Wrapper)
    };
    Some(Vast {
        v4: body(declared, true)?,
        v2: body(declared, false)?,
        kind,
        length: declared.duration_seconds,
    })
}

/// Our impression tracker goes into every ad of the advertiser's document.
fn own(declared: &Declared, markup: &str) -> Option<Vast> {
    let seen = openrtb::vast::Vast::inspect(markup)?;
    let mut with_tracker = String::with_capacity(markup.len() + 128);
    if openrtb::vast::add_impression(markup, PLACE, &mut with_tracker) == 0 {
        return None;
    }
    let mut template = Template::default();
    for (at, piece) in with_tracker.split(PLACE).enumerate() {
        if at > 0 {
            template.part(Part::Impression);
        }
        template.text_with(piece, CLICK_URL, &Part::Click);
    }
    let protocol = declared
        .protocol
        .or_else(|| seen.protocol().map(|it| it.0))?;
    Some(Vast {
        v4: template.clone(),
        v2: template,
        kind: VastKind::Own(protocol),
        length: declared
            .duration_seconds
            .or_else(|| seen.seconds().and_then(|it| u32::try_from(it).ok())),
    })
}

fn inline(declared: &Declared, v4: bool) -> Option<Template> {
    let media = declared.media_url.as_deref()?;
    let audio = declared.format == CreativeFormat::Audio;
    let mut out = opening(declared);
    out.text("<InLine><AdSystem>Gavel</AdSystem><AdTitle>")
        .text(&escaped(
            declared.title.as_deref().unwrap_or(declared.id.as_str()),
        ))
        .text("</AdTitle>");
    if v4 {
        out.text("<AdServingId>")
            .part(Part::BidId)
            .text("</AdServingId>");
    }
    impression(&mut out);
    out.text("<Creatives><Creative>");
    if v4 {
        out.text("<UniversalAdId idRegistry=\"unknown\">")
            .text(&escaped(declared.id.as_str()))
            .text("</UniversalAdId>");
    }
    let seconds = declared.duration_seconds.unwrap_or(0);
    let duration = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    out.text("<Linear><Duration>")
        .text(&duration)
        .text("</Duration><TrackingEvents>");
    for event in EVENTS {
        out.text("<Tracking event=\"")
            .text(event)
            .text("\"><![CDATA[");
        out.part(Part::VideoEvent(event)).text("]]></Tracking>");
    }
    out.text("</TrackingEvents><VideoClicks><ClickThrough><![CDATA[")
        .part(Part::Click)
        .text("]]></ClickThrough></VideoClicks><MediaFiles><MediaFile delivery=\"progressive\" type=\"")
        .text(&escaped(mime(declared)))
        .text("\" width=\"")
        .text(&(if audio { 0 } else { declared.width }).to_string())
        .text("\" height=\"")
        .text(&(if audio { 0 } else { declared.height }).to_string())
        .text("\"><![CDATA[")
        .text(&cdata(media))
        .text("]]></MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>");
    Some(out)
}

fn wrapper(declared: &Declared, _: bool) -> Option<Template> {
    let tag = declared.vast_url.as_deref()?;
    let mut out = opening(declared);
    out.text("<Wrapper><AdSystem>Gavel</AdSystem><VASTAdTagURI><![CDATA[")
        .text(&cdata(tag))
        .text("]]></VASTAdTagURI>");
    impression(&mut out);
    // An empty list of creatives is what versions before 4 require of a wrapper.
    out.text("<Creatives></Creatives></Wrapper></Ad></VAST>");
    Some(out)
}

fn opening(declared: &Declared) -> Template {
    let mut out = Template::default();
    out.text("<?xml version=\"1.0\" encoding=\"UTF-8\"?><VAST version=\"")
        .part(Part::VastVersion)
        .text("\"><Ad id=\"")
        .text(&escaped(declared.id.as_str()))
        .text("\">");
    out
}

fn impression(out: &mut Template) {
    out.text("<Impression><![CDATA[")
        .part(Part::Impression)
        .text("]]></Impression>");
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

/// A URL that cannot end the section it stands in.
fn cdata(url: &str) -> String {
    url.replace("]]>", "]]%3E")
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
