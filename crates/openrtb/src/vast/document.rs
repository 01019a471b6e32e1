//! What a document says about itself, enough to screen it.

use super::is_ad;
use super::scan::{Scanner, Token, attribute, attributes};
use crate::enums::Protocol;
use std::borrow::Cow;

/// A VAST or DAAST document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vast<'m> {
    /// Whether the root is `DAAST` rather than `VAST`.
    pub is_daast: bool,
    /// The root's `version`.
    pub version: Option<&'m str>,
    /// Ads, inline and wrapped, at most [`Vast::MOST_ADS`]; none is a document without an answer.
    pub ads: Vec<Ad<'m>>,
    /// Whether every element ends where it should and nothing follows the root, as far as the ads told
    /// were read. Attributes and entities are not looked at.
    pub is_well_formed: bool,
}

/// One `<InLine>` or `<Wrapper>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ad<'m> {
    /// Whether it is a wrapper.
    pub is_wrapper: bool,
    /// `id` of the `<Ad>`.
    pub id: Option<&'m str>,
    /// Place in a pod, from 1.
    pub sequence: Option<u32>,
    /// Whether wrappers may follow this wrapper; absent means yes.
    pub follows_wrappers: bool,
    /// Where a wrapper's ad is fetched.
    pub tag: Option<Cow<'m, str>>,
    /// Whether it has a linear creative.
    pub is_linear: bool,
    /// Whether it has non-linear creatives.
    pub is_non_linear: bool,
    /// Whether a linear creative may be skipped.
    pub is_skippable: bool,
    /// The first `<Duration>` in milliseconds.
    pub duration_ms: Option<u32>,
    /// Media files of linear creatives, interactive ones among them.
    pub media: Vec<MediaFile<'m>>,
    /// Every `apiFramework` named, once: `VPAID`, `SIMID`, `omid`.
    pub frameworks: Vec<&'m str>,
}

/// One `<MediaFile>`, `<Mezzanine>` or `<InteractiveCreativeFile>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaFile<'m> {
    /// Where it is.
    pub url: Cow<'m, str>,
    /// MIME type.
    pub mime: Option<&'m str>,
    /// `progressive` or `streaming`.
    pub delivery: Option<&'m str>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Kilobits a second.
    pub bitrate: Option<u32>,
    /// The interface that it needs.
    pub framework: Option<&'m str>,
}

/// What the text that comes next belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Duration,
    Tag,
    Media,
}

impl<'m> Vast<'m> {
    /// Ads that are told of one document.
    pub const MOST_ADS: usize = 256;
    /// Media files and frameworks that are told of one ad.
    const MOST_FILES: usize = 256;

    /// Reads markup; `None` when its first element is neither `VAST` nor `DAAST`.
    #[must_use]
    pub fn read(markup: &'m str) -> Option<Self> {
        let mut scanner = Scanner::new(markup);
        let mut open: Vec<&str> = Vec::with_capacity(16);
        let mut vast = scanner.find_map(|token| match token {
            Token::Open {
                name,
                attributes,
                empty,
                ..
            } => {
                if !empty {
                    open.push(name);
                }
                Some(Self::root(name, attributes))
            }
            Token::Text(_) | Token::Cdata(_) | Token::Close { .. } => None,
        })??;
        let mut pending = Ad::default();
        let mut inside = Inside::Nothing;
        for token in scanner.by_ref() {
            match token {
                Token::Open {
                    name,
                    attributes,
                    empty,
                    ..
                } => {
                    vast.is_well_formed &= !open.is_empty();
                    if !empty {
                        open.push(name);
                    }
                    inside = Inside::Nothing;
                    if name.eq_ignore_ascii_case("Ad") {
                        pending = Ad {
                            id: attribute(attributes, "id"),
                            sequence: number(attributes, "sequence"),
                            ..Ad::default()
                        };
                    } else if is_ad(name) {
                        if vast.ads.len() >= Self::MOST_ADS {
                            return Some(vast);
                        }
                        let mut ad = std::mem::take(&mut pending);
                        ad.is_wrapper = name.eq_ignore_ascii_case("Wrapper");
                        let follow = attribute(attributes, "followAdditionalWrappers");
                        ad.follows_wrappers = !matches!(follow.map(str::trim), Some("0" | "false"));
                        vast.ads.push(ad);
                    } else if let Some(ad) = vast.ads.last_mut() {
                        inside = ad.element(name, attributes);
                    }
                }
                Token::Text(text) => {
                    if let Some(ad) = vast.ads.last_mut() {
                        ad.text(inside, text, true);
                    }
                }
                Token::Cdata(text) => {
                    if let Some(ad) = vast.ads.last_mut() {
                        ad.text(inside, text, false);
                    }
                }
                Token::Close { name, .. } => {
                    vast.is_well_formed &= open.pop() == Some(name);
                    inside = Inside::Nothing;
                }
            }
        }
        vast.is_well_formed &= open.is_empty() && !scanner.unfinished;
        Some(vast)
    }

    fn root(name: &str, attributes: &'m str) -> Option<Self> {
        let is_daast = name.eq_ignore_ascii_case("DAAST");
        (is_daast || name.eq_ignore_ascii_case("VAST")).then(|| Self {
            is_daast,
            version: attribute(attributes, "version"),
            ads: Vec::new(),
            is_well_formed: true,
        })
    }

    /// Whether the first ad is a wrapper.
    #[must_use]
    pub fn is_wrapper(&self) -> bool {
        self.ads.first().is_some_and(|ad| ad.is_wrapper)
    }

    /// How long the document plays, in milliseconds: the ads of its pod together, as far as they tell; without a pod
    /// the first ad that tells.
    #[must_use]
    pub fn total_ms(&self) -> Option<u32> {
        let sequenced = self.ads.iter().filter(|ad| ad.sequence.is_some());
        let told = sequenced.filter_map(|ad| ad.duration_ms);
        let first = || self.ads.iter().find_map(|ad| ad.duration_ms);
        told.reduce(u32::saturating_add).or_else(first)
    }

    /// The same in whole seconds, a begun one counted in full; comparable with `bid.dur`.
    #[must_use]
    pub fn seconds(&self) -> Option<i32> {
        whole_seconds(self.total_ms()?)
    }

    /// The protocol of the document, for `protocols` (C-80); `None` for an unknown version.
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        protocol(self.is_daast, self.version, self.is_wrapper())
    }
}

/// The protocol of a document of this version.
pub(super) fn protocol(
    is_daast: bool,
    version: Option<&str>,
    is_wrapper: bool,
) -> Option<Protocol> {
    let (inline, wrapper) = match (is_daast, version?.trim()) {
        (true, _) => (Protocol::DAAST_1, Protocol::DAAST_1_WRAPPER),
        (false, "1" | "1.0") => (Protocol::VAST_1, Protocol::VAST_1_WRAPPER),
        (false, "2" | "2.0" | "2.0.1") => (Protocol::VAST_2, Protocol::VAST_2_WRAPPER),
        (false, "3" | "3.0") => (Protocol::VAST_3, Protocol::VAST_3_WRAPPER),
        (false, "4" | "4.0") => (Protocol::VAST_4_0, Protocol::VAST_4_0_WRAPPER),
        (false, "4.1") => (Protocol::VAST_4_1, Protocol::VAST_4_1_WRAPPER),
        (false, "4.2") => (Protocol::VAST_4_2, Protocol::VAST_4_2_WRAPPER),
        (false, "4.3") => (Protocol::VAST_4_3, Protocol::VAST_4_3_WRAPPER),
        (false, _) => return None,
    };
    Some(if is_wrapper { wrapper } else { inline })
}

impl<'m> Ad<'m> {
    /// Notes an element; returns what its text would be.
    fn element(&mut self, name: &str, of_element: &'m str) -> Inside {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let mut file = MediaFile::default();
        let mut skips = false;
        let number = |value: &str| value.trim().parse().ok();
        for (key, value) in attributes(of_element) {
            match key {
                // The first counts.
                "apiFramework" if file.framework.is_none() => file.framework = Some(value),
                "type" if file.mime.is_none() => file.mime = Some(value),
                "delivery" if file.delivery.is_none() => file.delivery = Some(value),
                "width" if file.width.is_none() => file.width = number(value),
                "height" if file.height.is_none() => file.height = number(value),
                "bitrate" if file.bitrate.is_none() => file.bitrate = number(value),
                "skipoffset" => skips = true,
                _ => {}
            }
        }
        if let Some(framework) = file.framework
            && !self.frameworks.contains(&framework)
            && self.frameworks.len() < Vast::MOST_FILES
        {
            self.frameworks.push(framework);
        }
        if is("Duration") {
            return Inside::Duration;
        } else if is("VASTAdTagURI") {
            return Inside::Tag;
        } else if is("Linear") {
            self.is_linear = true;
            self.is_skippable |= skips;
        } else if is("NonLinear") || is("NonLinearAds") {
            self.is_non_linear = true;
        } else if (is("MediaFile") || is("Mezzanine") || is("InteractiveCreativeFile"))
            && self.media.len() < Vast::MOST_FILES
        {
            self.media.push(file);
            return Inside::Media;
        }
        Inside::Nothing
    }

    /// Takes text in; with `escaped` its entities are resolved.
    fn text(&mut self, inside: Inside, text: &'m str, escaped: bool) {
        if inside == Inside::Nothing {
            return;
        }
        let text = if escaped {
            resolved(text)
        } else {
            Cow::Borrowed(text)
        };
        if text.trim().is_empty() {
            return;
        }
        match inside {
            Inside::Nothing => {}
            Inside::Duration => {
                if self.duration_ms.is_none() {
                    self.duration_ms = duration_ms(text.trim());
                }
            }
            Inside::Tag => join(self.tag.get_or_insert_default(), text),
            Inside::Media => {
                if let Some(media) = self.media.last_mut() {
                    join(&mut media.url, text);
                }
            }
        }
    }
}

/// A URL may come in several sections.
fn join<'m>(url: &mut Cow<'m, str>, text: Cow<'m, str>) {
    if url.is_empty() {
        *url = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
    } else {
        url.to_mut().push_str(text.trim());
    }
}

/// Whole seconds, a begun one counted in full.
pub(super) fn whole_seconds(duration_ms: u32) -> Option<i32> {
    i32::try_from(duration_ms.div_ceil(1000)).ok()
}

/// Text with its entities resolved; as it stands where they are not of XML.
pub(super) fn resolved(text: &str) -> Cow<'_, str> {
    quick_xml::escape::unescape(text).unwrap_or(Cow::Borrowed(text))
}

fn number(attributes: &str, name: &str) -> Option<u32> {
    attribute(attributes, name)?.trim().parse().ok()
}

/// `HH:MM:SS` with an optional fraction.
pub(super) fn duration_ms(text: &str) -> Option<u32> {
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if parts.next().is_some() || fraction.len() > 9 {
        return None;
    }
    let whole = hours
        .parse::<u32>()
        .ok()?
        .checked_mul(60)?
        .checked_add(minutes.parse().ok()?)?
        .checked_mul(60)?
        .checked_add(seconds.parse().ok()?)?;
    let mut milliseconds = 0;
    for digit in fraction.bytes().chain(*b"00").take(3) {
        let value = digit.checked_sub(b'0').filter(|value| *value < 10)?;
        milliseconds = milliseconds * 10 + u32::from(value);
    }
    whole.checked_mul(1000)?.checked_add(milliseconds)
}
