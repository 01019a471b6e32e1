//! Creatives: what is shown, and what it declares about itself.

mod extras;

use std::collections::BTreeMap;

use contracts::catalog::{
    Advertiser, Companion, Creative, CreativeFormat, Demands, NativeAssets, Review, Status,
    Verification,
};
use serde::Serialize;
use units::CreativeId;
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::web;

pub use extras::{review_again, reviewed, without_verdict};

/// Longest markup in bytes: what still fits a bid response of 256 KiB beside other bids.
const MAX_MARKUP: usize = 64 * 1024;
/// Largest width or height in pixels that is believed.
const MAX_SIDE: u32 = 10_000;

/// A creative as the API shows it; what does not apply is left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreativeDocument<'a> {
    /// Its id, the `crid` of its bids.
    pub id: &'a str,
    /// Whose it is.
    pub advertiser_id: &'a str,
    /// `banner`, `video`, `audio`, `native` or `responsive`.
    #[schema(value_type = String)]
    pub format: CreativeFormat,
    /// Only active ones are shown.
    #[schema(value_type = String)]
    pub status: Status,
    /// Width in pixels.
    #[serde(skip_serializing_if = "is_zero")]
    pub width: u32,
    /// Height in pixels.
    #[serde(skip_serializing_if = "is_zero")]
    pub height: u32,
    /// Headline of a responsive creative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    /// Text of a responsive creative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// HTML or VAST of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markup: Option<&'a str>,
    /// A VAST tag to wrap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vast_url: Option<&'a str>,
    /// A media file to write VAST around.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_url: Option<&'a str>,
    /// Native assets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub assets: Option<&'a NativeAssets>,
    /// Where a click leads.
    pub landing_page: &'a str,
    /// Advertiser domains.
    pub adomain: &'a [String],
    /// Categories in taxonomy `cattax`.
    pub categories: &'a [String],
    /// Taxonomy of the categories.
    pub cattax: i32,
    /// Creative attributes (AdCOM).
    pub attributes: &'a [i32],
    /// MIME type of its media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime: Option<&'a str>,
    /// Frameworks that it needs (AdCOM).
    #[serde(skip_serializing_if = "<[i32]>::is_empty")]
    pub apis: &'a [i32],
    /// Duration of video and audio in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
    /// VAST version (AdCOM creative subtype).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<i32>,
    /// ISO 639-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'a str>,
    /// Store id of the advertised app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<&'a str>,
    /// `approved`, `pending` or `rejected`: only what is approved bids.
    #[schema(value_type = String)]
    pub review: Review,
    /// The same with exchanges that review creatives themselves, by the name of the source.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub approvals: &'a BTreeMap<String, Review>,
    /// A picture of it for quality checks (`iurl`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_url: Option<&'a str>,
    /// The advertiser's privacy page, for native.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy_url: Option<&'a str>,
    /// Directions in which it expands (AdCOM).
    #[serde(skip_serializing_if = "<[i32]>::is_empty")]
    pub expands: &'a [i32],
    /// Linear (1) or not (2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linearity: Option<i32>,
    /// Bit rate of its media in kbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u32>,
    /// Who measures it, where OMID is on offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub verification: Option<&'a Verification>,
    /// Banners to show beside it.
    #[serde(skip_serializing_if = "<[Companion]>::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub companions: &'a [Companion],
    /// Where alone it may be shown.
    #[serde(skip_serializing_if = "extras::demands_nothing")]
    #[schema(value_type = Object)]
    pub demands: &'a Demands,
}

const fn is_zero(side: &u32) -> bool {
    *side == 0
}

/// The API's view of a creative.
#[must_use]
pub fn document(creative: &Creative) -> CreativeDocument<'_> {
    CreativeDocument {
        id: creative.id.as_str(),
        advertiser_id: creative.advertiser.as_str(),
        format: creative.format,
        status: creative.status,
        width: creative.width,
        height: creative.height,
        title: creative.title.as_deref(),
        description: creative.description.as_deref(),
        markup: creative.markup.as_deref(),
        vast_url: creative.vast_url.as_deref(),
        media_url: creative.media_url.as_deref(),
        assets: creative.assets.as_ref(),
        landing_page: &creative.landing_page,
        adomain: &creative.adomain,
        categories: &creative.categories,
        cattax: creative.cattax,
        attributes: &creative.attributes,
        mime: creative.mime.as_deref(),
        apis: &creative.apis,
        duration_seconds: creative.duration_seconds,
        protocol: creative.protocol,
        language: creative.language.as_deref(),
        bundle: creative.bundle.as_deref(),
        review: creative.review,
        approvals: &creative.approvals,
        preview_url: creative.preview_url.as_deref(),
        privacy_url: creative.privacy_url.as_deref(),
        expands: &creative.expands,
        linearity: creative.linearity,
        bitrate: creative.bitrate,
        verification: creative.verification.as_ref(),
        companions: &creative.companions,
        demands: &creative.demands,
    }
}

/// Reads a creative that is posted by itself; its advertiser was looked up by `advertiser_id`.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(
    mut form: Form,
    advertiser: Option<&Advertiser>,
    edge: &mut Edge<'_>,
) -> Result<Creative, Faults> {
    crate::campaign::take_advertiser(&mut form, advertiser);
    let (review, approvals) = (form.take("review"), form.take("approvals"));
    let mut creative = take(&mut form, advertiser, edge);
    creative.review = review.unwrap_or_default();
    creative.approvals = approvals.unwrap_or_default();
    form.finish(Some(creative))
}

/// Takes a creative's fields out of `form`; landing page and `adomain` default to the advertiser's.
pub(crate) fn take(
    form: &mut Form,
    advertiser: Option<&Advertiser>,
    edge: &mut Edge<'_>,
) -> Creative {
    let id: CreativeId = match form.id("id") {
        Some(id) => id.into(),
        None => edge.id("crt").into(),
    };
    let (title, description) = (form.text("title"), form.text("description"));
    let markup = markup(form);
    let vast_url = web::url(form, "vast_url");
    let media_url = web::url(form, "media_url");
    let assets: Option<NativeAssets> = form.take("assets");
    let format = form.take::<CreativeFormat>("format").unwrap_or({
        if vast_url.is_some() || media_url.is_some() {
            CreativeFormat::Video
        } else if assets.is_some() {
            CreativeFormat::Native
        } else if markup.is_some() {
            CreativeFormat::Banner
        } else {
            CreativeFormat::Responsive
        }
    });
    let (width, height) = (side(form, "width"), side(form, "height"));
    let domain = advertiser.map(|advertiser| advertiser.domain.clone());
    let landing_page = web::url(form, "landing_page")
        .or_else(|| domain.as_ref().map(|domain| format!("https://{domain}/")));
    let adomain = web::domains(form, "adomain").or_else(|| domain.map(|domain| vec![domain]));
    let creative = Creative {
        id,
        advertiser: advertiser.map_or_else(|| "".into(), |advertiser| advertiser.id.clone()),
        format,
        status: form.take("status").unwrap_or_default(),
        width: width.unwrap_or(0),
        height: height.unwrap_or(0),
        title,
        description,
        markup,
        vast_url,
        media_url,
        assets,
        landing_page: landing_page.unwrap_or_default(),
        adomain: adomain.unwrap_or_default(),
        categories: form.take("categories").unwrap_or_default(),
        cattax: form.take("cattax").unwrap_or(1),
        attributes: form.take("attributes").unwrap_or_default(),
        mime: form.text("mime"),
        apis: form.take("apis").unwrap_or_default(),
        duration_seconds: form.take("duration_seconds"),
        protocol: form.take("protocol"),
        language: form.text("language"),
        bundle: form.text("bundle"),
        review: Review::default(),
        approvals: BTreeMap::new(),
        preview_url: web::url(form, "preview_url"),
        privacy_url: web::url(form, "privacy_url"),
        expands: form.take("expands").unwrap_or_default(),
        linearity: form.take("linearity"),
        bitrate: form.take("bitrate"),
        verification: form.take("verification"),
        companions: form.take("companions").unwrap_or_default(),
        demands: form.take("demands").unwrap_or_default(),
    };
    extras::check(form, &creative);
    can_be_shown(form, &creative);
    creative
}

/// Notes what a creative of its format lacks (R44: a creative without a size is refused at save).
fn can_be_shown(form: &mut Form, creative: &Creative) {
    match creative.format {
        CreativeFormat::Banner => {
            for (key, side) in [("width", creative.width), ("height", creative.height)] {
                if side == 0 {
                    form.refuse(key, "is required for a banner");
                }
            }
            if creative.markup.is_none() {
                form.refuse("markup", "is required for a banner");
            }
        }
        CreativeFormat::Video | CreativeFormat::Audio => {
            let vast = [&creative.markup, &creative.vast_url, &creative.media_url];
            if vast.iter().all(|source| source.is_none()) {
                form.refuse("", "needs markup, vast_url or media_url");
            }
            if creative.media_url.is_some() && creative.duration_seconds.is_none_or(|d| d == 0) {
                form.refuse("duration_seconds", "is required with media_url");
            }
        }
        CreativeFormat::Native => {
            if creative.assets.as_ref().is_none_or(|a| a.title.is_none()) {
                form.refuse("assets", "must have a title at least");
            }
        }
        CreativeFormat::Responsive => {
            if creative.title.is_none() {
                form.refuse("title", "is required when there is no markup");
            }
        }
    }
}

fn markup(form: &mut Form) -> Option<String> {
    let markup: String = form.take("markup")?;
    if markup.trim().is_empty() || markup.len() > MAX_MARKUP {
        form.refuse("markup", format!("must have 1 to {MAX_MARKUP} bytes"));
        return None;
    }
    Some(markup)
}

fn side(form: &mut Form, key: &str) -> Option<u32> {
    let side: u32 = form.take(key)?;
    if side == 0 || side > MAX_SIDE {
        form.refuse(key, format!("must be 1 to {MAX_SIDE} pixels"));
        return None;
    }
    Some(side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::{Currency, UnixMillis};

    fn read_text(body: &str) -> Result<Creative, Faults> {
        let advertiser = Advertiser {
            id: "adv_1".into(),
            name: "A".into(),
            domain: "a.example".into(),
            currency: Currency::USD,
            time_zone: "UTC".into(),
            seat: "s".into(),
        };
        let mut uuid = || uuid::Uuid::nil();
        let mut edge = Edge {
            now: UnixMillis(0),
            uuid: &mut uuid,
        };
        let comma = if body == "{}" { "" } else { "," };
        let body = body.replacen('{', &format!(r#"{{"advertiser_id":"adv_1"{comma}"#), 1);
        read(Form::read(body.as_bytes())?, Some(&advertiser), &mut edge)
    }

    #[test]
    fn the_format_follows_from_what_is_given() {
        use CreativeFormat::{Banner, Native, Responsive, Video};
        let cases = [
            (r#"{"title":"t","description":"d"}"#, Responsive),
            (r#"{"markup":"<b>x</b>","width":300,"height":250}"#, Banner),
            (r#"{"vast_url":"https://v.example/tag"}"#, Video),
            (r#"{"assets":{"title":"t"}}"#, Native),
            (r#"{"format":"video","markup":"<VAST/>"}"#, Video),
        ];
        for (body, want) in cases {
            let made = read_text(body).unwrap();
            assert_eq!(made.format, want, "{body}");
            assert_eq!(made.landing_page, "https://a.example/", "the advertiser's");
            assert_eq!(made.adomain, ["a.example"]);
        }
    }

    #[test]
    fn a_creative_that_cannot_be_shown_is_refused() {
        let cases: &[(&str, &str, &[&str])] = &[
            (
                "R44 no size",
                r#"{"markup":"<b>x</b>"}"#,
                &["/width", "/height"],
            ),
            (
                "no markup",
                r#"{"format":"banner","width":1,"height":1}"#,
                &["/markup"],
            ),
            ("nothing at all", "{}", &["/title"]),
            ("video of nothing", r#"{"format":"video"}"#, &[""]),
            (
                "S9 script page",
                r#"{"title":"t","landing_page":"javascript:alert(1)"}"#,
                &["/landing_page"],
            ),
            (
                "C-29 adomain",
                r#"{"title":"t","adomain":["ok.example","no domain"]}"#,
                &["/adomain/1"],
            ),
            ("R35", r#"{"title":"t","width":-1}"#, &["/width"]),
        ];
        for (id, body, want) in cases {
            let faults = read_text(body).expect_err(id).0;
            let at: Vec<_> = faults.iter().map(|f| f.pointer.as_str()).collect();
            assert_eq!(at, *want, "{id}");
        }
    }
}
