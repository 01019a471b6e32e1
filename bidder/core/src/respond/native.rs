//! The native response (Native 1.2 §5): assets as requested, link, trackers as offered.

use contracts::catalog::NativeAssets;
use openrtb::JsonWriter;

use crate::creative::Creative;
use crate::eligibility::native::{Filled, fill};
use crate::opportunity::NativeOffer;
use crate::template::{Filling, push_url};

/// Native events that we track (C-95) and the method: an image.
const IMPRESSION: i32 = 1;
const VIEWABLE: i32 = 2;
const IMAGE: i32 = 1;

/// Writes the response that goes, as text, into `adm`.
pub(super) fn write(
    offer: &NativeOffer<'_>,
    assets: &NativeAssets,
    creative: &Creative,
    filling: &Filling<'_>,
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
        let Some(filled) = fill(asked, assets, &creative.sponsor) else {
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
            Filled::Data(text) => {
                json.key("data");
                json.begin_object();
                json.text("value", &text);
            }
        }
        json.end_object();
        json.end_object();
    }
    json.end_array();
    json.key("link");
    json.begin_object();
    json.text("url", &url(filling, "/t/click", filling.click));
    json.end_object();
    trackers(offer, filling, &mut json);
    json.end_object();
    if offer.wrapped {
        json.end_object();
    }
}

/// Event trackers only for the pairs on offer (C-94); elsewhere the older list of impression pixels.
fn trackers(offer: &NativeOffer<'_>, filling: &Filling<'_>, json: &mut JsonWriter<'_>) {
    let offers = |event| offer.trackers.contains(&(event, IMAGE));
    if offers(IMPRESSION) {
        json.key("eventtrackers");
        json.begin_array();
        let mut tracker = |event, url: &str| {
            json.begin_object();
            json.integer("event", i64::from(event));
            json.integer("method", i64::from(IMAGE));
            json.text("url", url);
            json.end_object();
        };
        tracker(
            IMPRESSION,
            &url(filling, "/t/impression", filling.impression),
        );
        if offers(VIEWABLE) {
            tracker(VIEWABLE, &url(filling, "/t/view", filling.view));
        }
        json.end_array();
    } else {
        json.key("imptrackers");
        json.texts([&*url(filling, "/t/impression", filling.impression)]);
    }
}

fn url(filling: &Filling<'_>, path: &str, token: &str) -> String {
    let mut url = String::with_capacity(filling.public_url.len() + path.len() + token.len() + 3);
    push_url(filling.public_url, path, token, &mut url);
    url
}
