//! The native response (Native 1.2 §5): assets as requested, link, trackers as offered.

use contracts::catalog::NativeAssets;
use openrtb::JsonWriter;

use crate::creative::Creative;
use crate::eligibility::native::{Filled, fill};
use crate::opportunity::NativeOffer;
use crate::template::{CLICK, Filling, IMPRESSION, VIEW, push_url};

/// Native events that we track (C-95), and by which method.
const SHOWN: i32 = 1;
const VIEWABLE: i32 = 2;
const OMID: i32 = 555;
const IMAGE: i32 = 1;
const SCRIPT: i32 = 2;

/// Writes the response that goes, as text, into `adm`.
pub(super) fn write(
    offer: &NativeOffer<'_>,
    assets: &NativeAssets,
    creative: &Creative,
    filling: &Filling<'_>,
    shortened: &mut String,
    out: &mut Vec<u8>,
) {
    let mut json = JsonWriter::new(out);
    if offer.wrapped {
        json.begin_object();
        json.key("native");
    }
    json.begin_object();
    json.text("ver", offer.version);
    json.key("assets");
    json.begin_array();
    for asked in &offer.assets {
        let Some(filled) = fill(asked, assets, creative) else {
            continue;
        };
        json.begin_object();
        json.integer("id", asked.id);
        if asked.required {
            json.flag("required", true);
        }
        match filled {
            Filled::Title(text) => {
                json.key("title");
                json.begin_object();
                json.text("text", text);
            }
            Filled::Image(image) => {
                json.key("img");
                json.begin_object();
                json.text("url", &image.url);
                if image.width > 0 && image.height > 0 {
                    json.integer("w", i64::from(image.width));
                    json.integer("h", i64::from(image.height));
                }
            }
            Filled::Data(text, keep) => {
                json.key("data");
                json.begin_object();
                match keep.and_then(|keep| text.char_indices().nth(keep)) {
                    Some((end, _)) => {
                        let kept = text.get(..end).unwrap_or_default();
                        shortened.clear();
                        shortened.push_str(kept);
                        shortened.push('…');
                        json.text("value", shortened);
                    }
                    None => json.text("value", text),
                }
            }
            Filled::Video(document, version) => {
                let filling = Filling {
                    vast_version: version,
                    ..*filling
                };
                json.key("video");
                json.begin_object();
                json.escaped("vasttag", |out| {
                    document.document(version).fill(&filling, out)
                });
            }
        }
        json.end_object();
        json.end_object();
    }
    json.end_array();
    json.key("link");
    json.begin_object();
    url(filling, CLICK, filling.click, "url", &mut json);
    json.end_object();
    trackers(offer, creative, filling, &mut json);
    let privacy = creative.declared().privacy_url.as_deref();
    json.text_opt("privacy", privacy.filter(|_| offer.privacy));
    json.end_object();
    if offer.wrapped {
        json.end_object();
    }
}

/// Event trackers only for the pairs on offer (C-94); elsewhere the older list of impression pixels.
fn trackers(
    offer: &NativeOffer<'_>,
    creative: &Creative,
    filling: &Filling<'_>,
    json: &mut JsonWriter<'_>,
) {
    let offers = |event, method| offer.trackers.contains(&(event, method));
    let verification = creative.declared().verification.as_ref();
    let verification = verification.filter(|_| filling.measured && offers(OMID, SCRIPT));
    if !offers(SHOWN, IMAGE) {
        json.key("imptrackers");
        json.begin_array();
        json.escaped_value(|out| {
            push_url(filling.public_url, IMPRESSION, filling.impression, out);
        });
        json.end_array();
    }
    if !offers(SHOWN, IMAGE) && !offers(VIEWABLE, IMAGE) && verification.is_none() {
        return;
    }
    json.key("eventtrackers");
    json.begin_array();
    let pixels = [
        (SHOWN, IMPRESSION, filling.impression),
        (VIEWABLE, VIEW, filling.view),
    ];
    for (event, path, token) in pixels {
        if offers(event, IMAGE) {
            json.begin_object();
            json.integer("event", i64::from(event));
            json.integer("method", i64::from(IMAGE));
            url(filling, path, token, "url", json);
            json.end_object();
        }
    }
    if let Some(verification) = verification {
        json.begin_object();
        json.integer("event", i64::from(OMID));
        json.integer("method", i64::from(SCRIPT));
        json.text("url", &verification.script);
        json.key("ext");
        json.begin_object();
        json.text("vendorKey", &verification.vendor);
        json.text_opt(
            "verification_parameters",
            verification.parameters.as_deref(),
        );
        json.end_object();
        json.end_object();
    }
    json.end_array();
}

fn url(filling: &Filling<'_>, path: &str, token: &str, name: &str, json: &mut JsonWriter<'_>) {
    json.escaped(name, |out| push_url(filling.public_url, path, token, out));
}
