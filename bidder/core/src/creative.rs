//! A creative with its markup rendered ahead.

use std::sync::Arc;

use contracts::catalog::{
    CapScope, Creative as Catalogued, CreativeFormat, NativeAssets, Verification,
};
use contracts::stamps::ScopeKey;
use openrtb::JsonWriter;
use units::CreativeId;

use crate::declared::Declared;
use crate::facts;
use crate::index::{Shape, Size};
use crate::template::{Part, Template, escaped};
use crate::vast;

/// What can be shown, and what it declares about itself.
#[derive(Debug)]
pub struct Creative {
    declared: Declared,
    /// Whose impressions a cap per creative counts.
    pub scope: ScopeKey,
    /// Advertiser domains, normalised (C-29).
    pub domains: Box<[String]>,
    /// Creative attributes: as declared, and what its document shows.
    pub attributes: Box<[i32]>,
    /// Some URL in its markup is `http:` and not on this machine.
    pub insecure: bool,
    /// HTML with trackers, for banners.
    pub banner: Option<Banner>,
    /// VAST with trackers, for video and audio, of each order of elements.
    pub vast: Option<Box<Vast>>,
    /// Texts and images for native.
    pub native: Option<Box<NativeAssets>>,
    /// VAST with trackers, for a video within native.
    pub native_video: Option<Box<Vast>>,
    /// What each of its bids says of it, written ahead.
    pub(crate) members: Members,
}

/// HTML of one creative.
#[derive(Debug)]
pub struct Banner {
    /// The markup, with trackers.
    pub html: Template,
    /// Its type, as `btype` lists them.
    pub kind: i32,
}

/// A VAST document of one creative.
#[derive(Debug)]
pub struct Vast {
    /// As VAST 4.1 to 4.3.
    pub v41: Arc<Template>,
    /// As VAST 4.0.
    pub v4: Arc<Template>,
    /// As VAST 2.0 or 3.0; the same when the document is the advertiser's own.
    pub v2: Arc<Template>,
    /// What kind of document it is.
    pub kind: VastKind,
    /// Length in seconds, as declared or as the document says.
    pub length: Option<u32>,
    /// 1 linear, 2 not.
    pub linearity: i32,
    /// Ways of delivery that its media have (AdCOM "Delivery Methods"); empty where that is not known.
    pub delivery: Vec<i32>,
    /// Bit rates of its media in kbit/s, as far as they are known.
    pub bitrates: Vec<u32>,
    /// It has a skip button of its own.
    pub skippable: bool,
}

/// Members of a bid that follow from the creative alone, as JSON text.
#[derive(Debug)]
pub(crate) struct Members {
    /// For OpenRTB 2.6.
    pub(crate) v26: Arc<str>,
    /// For OpenRTB 2.5 (C-171); mostly the same.
    pub(crate) v25: Arc<str>,
}

impl Vast {
    /// The document of a VAST version.
    #[must_use]
    pub fn document(&self, version: &str) -> &Template {
        match version.as_bytes() {
            b"4.0" => &self.v4,
            [b'4', ..] => &self.v41,
            _ => &self.v2,
        }
    }
}

/// Which creative subtypes a document can be declared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VastKind {
    /// Written by us around a media file: any version.
    Inline,
    /// Written by us around a tag: any version's wrapper.
    Wrapper,
    /// The advertiser's own document of this subtype.
    Own(i32),
}

/// Attribute of an ad with its own skip button.
pub const SKIP_BUTTON: i32 = 16;
/// Ad types of banners (`btype`); text without any picture is none of ours, for the pixel is one.
const XHTML_BANNER: i32 = 2;
/// Ad type of markup with a script.
pub const JAVASCRIPT: i32 = 3;
const IFRAME: i32 = 4;

/// Stands for the click tracker's URL in an advertiser's own markup.
pub const CLICK_URL: &str = "${CLICK_URL}";

impl Creative {
    /// Renders what can be rendered ahead.
    #[must_use]
    pub fn prepare(declared: Catalogued) -> Self {
        let domains: Vec<String> = declared
            .adomain
            .iter()
            .map(|it| facts::domain(it).to_ascii_lowercase())
            .collect();
        let native = native_assets(&declared);
        let (vast, native_video) = match declared.format {
            CreativeFormat::Video | CreativeFormat::Audio => (vast::prepare(&declared), None),
            CreativeFormat::Native => (None, vast::prepare(&declared)),
            CreativeFormat::Banner | CreativeFormat::Responsive => (None, None),
        };
        let mut attributes = declared.attributes.clone();
        // C-84: an ad that brings its own skip button says so.
        if vast.as_ref().is_some_and(|it| it.skippable) && !attributes.contains(&SKIP_BUTTON) {
            attributes.push(SKIP_BUTTON);
        }
        let insecure = insecure(&declared, native.as_ref());
        let banner = banner(&declared);
        let members = Members::of(&declared, &domains, &attributes);
        Self {
            insecure,
            banner,
            members,
            vast: vast.map(Box::new),
            native: native.map(Box::new),
            native_video: native_video.map(Box::new),
            domains: domains.into(),
            attributes: attributes.into(),
            scope: ScopeKey::of(CapScope::Creative, declared.id.as_str()),
            declared: declared.into(),
        }
    }

    /// Its id, the `crid` of its bids.
    #[must_use]
    pub const fn id(&self) -> &CreativeId {
        &self.declared.id
    }

    /// The advertiser's name in native's sponsored asset; empty where it has no domain.
    #[must_use]
    pub fn sponsor(&self) -> &str {
        self.domains.first().map_or("", String::as_str)
    }

    /// What it was made for.
    #[must_use]
    pub const fn format(&self) -> CreativeFormat {
        self.declared.format
    }

    /// What the catalog says of it.
    #[must_use]
    pub const fn declared(&self) -> &Declared {
        &self.declared
    }

    /// Its size; `None` when it is drawn in any.
    #[must_use]
    pub const fn size(&self) -> Option<Size> {
        match (self.declared.width, self.declared.height) {
            (0, _) | (_, 0) => None,
            (w, h) => Some(Size { w, h }),
        }
    }

    /// Whether its VAST is for this medium.
    #[must_use]
    pub fn is_for(&self, medium: crate::eligibility::Medium) -> bool {
        let audio = self.format() == CreativeFormat::Audio;
        audio == (medium == crate::eligibility::Medium::Audio)
    }

    /// What it can be shown as.
    #[must_use]
    pub fn shapes(&self) -> Vec<Shape> {
        let mut shapes = Vec::new();
        if self.banner.is_some() {
            shapes.push(self.size().map_or(Shape::AnyBanner, Shape::Banner));
        }
        if self.vast.is_some() {
            shapes.push(match self.format() {
                CreativeFormat::Audio => Shape::Audio,
                CreativeFormat::Video
                | CreativeFormat::Banner
                | CreativeFormat::Native
                | CreativeFormat::Responsive => Shape::Video,
            });
        }
        if self.native.is_some() {
            shapes.push(Shape::Native);
        }
        shapes
    }
}

/// HTML: the advertiser's own, or a card drawn in the bid's size.
fn banner(declared: &Catalogued) -> Option<Banner> {
    let mut template = Template::default();
    match (declared.format, declared.markup.as_deref()) {
        (CreativeFormat::Banner | CreativeFormat::Responsive, Some(markup)) => {
            let landing_page = format!("href=\"{}\"", declared.landing_page);
            if markup.contains(CLICK_URL) {
                template.text_with(markup, CLICK_URL, &Part::Click);
            } else if !declared.landing_page.is_empty() && markup.contains(&landing_page) {
                let mut pieces = markup.split(landing_page.as_str());
                template.text(pieces.next().unwrap_or_default());
                for piece in pieces {
                    template
                        .text("href=\"")
                        .part(Part::Click)
                        .text("\"")
                        .text(piece);
                }
            } else if markup.contains("<a ") || markup.contains("<script") {
                template.text(markup);
            } else {
                link(&mut template, "display:inline-block");
                template.text(markup).text("</a>");
            }
        }
        (CreativeFormat::Banner | CreativeFormat::Responsive, None) => {
            card(declared, &mut template)?
        }
        (CreativeFormat::Video | CreativeFormat::Audio | CreativeFormat::Native, _) => return None,
    }
    template
        .text("<img src=\"")
        .part(Part::Impression)
        .text("\" width=\"1\" height=\"1\" alt=\"\" style=\"position:absolute;left:-9px\">");
    let kind = if template.contains("<script") {
        JAVASCRIPT
    } else if template.contains("<iframe") {
        IFRAME
    } else {
        XHTML_BANNER
    };
    if let Some(verification) = &declared.verification {
        template.part(Part::Verification(omid_script(verification).into()));
    }
    Some(Banner {
        html: template.escaped_for_json(),
        kind,
    })
}

/// The script of who measures the ad; the place that offers OMID runs it in a session of the SDK.
fn omid_script(verification: &Verification) -> String {
    let parameters = verification.parameters.as_deref().unwrap_or_default();
    format!(
        "<script src=\"{}\" data-vendor=\"{}\" data-parameters=\"{}\"></script>",
        escaped(&verification.script),
        escaped(&verification.vendor),
        escaped(parameters)
    )
}

fn link(template: &mut Template, style: &str) {
    template
        .text("<a href=\"")
        .part(Part::Click)
        .text("\" target=\"_blank\" rel=\"noopener\" style=\"")
        .text(style)
        .text("\">");
}

fn card(declared: &Catalogued, template: &mut Template) -> Option<()> {
    let (title, description) = texts(declared)?;
    template.text("<a href=\"").part(Part::Click).text(
        "\" target=\"_blank\" rel=\"noopener\" style=\"display:flex;flex-direction:column;justify-content:center;\
         box-sizing:border-box;overflow:hidden;padding:4px 8px;border:1px solid #c8ccd4;background:#fff;color:#14213d;\
         font-family:system-ui,sans-serif;line-height:1.25;text-decoration:none;",
    );
    template.part(Part::Box).text("\">");
    template
        .text("<strong style=\"font-size:")
        .part(Part::HeadlinePixels)
        .text("px\">");
    template.text(&escaped(title)).text("</strong>");
    if !description.is_empty() {
        template
            .text("<span style=\"font-size:12px\">")
            .text(&escaped(description))
            .text("</span>");
    }
    template.text("</a>");
    Some(())
}

/// Title and description, wherever the creative has them; no title, no card.
fn texts(declared: &Catalogued) -> Option<(&str, &str)> {
    let assets = declared.assets.as_ref();
    let title = declared
        .title
        .as_deref()
        .or_else(|| assets.and_then(|it| it.title.as_deref()))?;
    let description = declared
        .description
        .as_deref()
        .or_else(|| assets.and_then(|it| it.description.as_deref()));
    Some((title, description.unwrap_or_default()))
}

fn native_assets(declared: &Catalogued) -> Option<NativeAssets> {
    match declared.format {
        CreativeFormat::Native | CreativeFormat::Responsive => {
            let mut assets = declared.assets.clone().unwrap_or_default();
            assets.title = assets.title.or_else(|| declared.title.clone());
            assets.description = assets.description.or_else(|| declared.description.clone());
            (assets != NativeAssets::default()).then_some(assets)
        }
        CreativeFormat::Banner | CreativeFormat::Video | CreativeFormat::Audio => None,
    }
}

fn insecure(declared: &Catalogued, native: Option<&NativeAssets>) -> bool {
    let images = native
        .into_iter()
        .flat_map(|it| [&it.image, &it.icon])
        .flatten();
    let texts = [&declared.markup, &declared.vast_url, &declared.media_url];
    let script = declared.verification.as_ref().map(|it| it.script.as_str());
    let companions = declared.companions.iter().map(|it| it.url.as_str());
    texts
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain(images.map(|it| it.url.as_str()))
        .chain(script)
        .chain(companions)
        .any(|text| openrtb::insecure_url(text, true).is_some())
}

impl Members {
    fn of(declared: &Catalogued, domains: &[String], attributes: &[i32]) -> Self {
        let write = |v26: bool| {
            let mut out = Vec::new();
            let mut json = JsonWriter::new(&mut out);
            json.text("crid", declared.id.as_str());
            if !domains.is_empty() {
                json.key("adomain");
                json.texts(domains.iter().map(String::as_str));
            }
            json.text_opt("bundle", declared.bundle.as_deref());
            json.text_opt("iurl", declared.preview_url.as_deref());
            // 2.5 has no word for the taxonomy, and would read the codes of another as its own.
            if !declared.categories.is_empty() && (v26 || declared.cattax == 1) {
                json.key("cat");
                json.texts(declared.categories.iter().map(String::as_str));
                if declared.cattax != 1 {
                    json.integer("cattax", i64::from(declared.cattax));
                }
            }
            if !attributes.is_empty() {
                json.key("attr");
                json.integers(attributes.iter().map(|it| i64::from(*it)));
            }
            if let Some(language) = &declared.language {
                let primary = language.split(['-', '_']).next().unwrap_or_default();
                if v26 && primary.len() < language.len() {
                    json.text("langb", language);
                } else {
                    json.text("language", primary);
                }
            }
            Arc::from(String::from_utf8(out).unwrap_or_default())
        };
        let v26 = write(true);
        let v25 = Some(write(false)).filter(|it| *it != v26);
        Self {
            v25: v25.unwrap_or_else(|| Arc::clone(&v26)),
            v26,
        }
    }
}
