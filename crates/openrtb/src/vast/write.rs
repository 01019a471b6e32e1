//! Documents of our own, in the order of elements that the schemas demand.

use quick_xml::Writer;
use quick_xml::events::{BytesCData, BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::borrow::Cow;
use std::io::{self, Write};

/// Which order of elements a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Schema {
    /// 2.0 and 3.0.
    Two,
    /// 4.0, which also demands `UniversalAdId`.
    Four,
    /// 4.1 to 4.3, which also demand `AdServingId`.
    FourOne,
}

/// An inline linear ad, video or audio.
#[derive(Debug, Clone, Copy)]
pub struct Inline<'a> {
    /// Order of elements.
    pub schema: Schema,
    /// Version of the document, such as `4.2`.
    pub version: &'a str,
    /// Id of the ad.
    pub id: &'a str,
    /// Name of the ad server.
    pub system: &'a str,
    /// Title of the ad.
    pub title: &'a str,
    /// Id of this very answer; from 4.1 on.
    pub serving_id: &'a str,
    /// Registry and value of the creative's universal id; from 4.0 on.
    pub universal_id: (&'a str, &'a str),
    /// Called when the ad is shown. At least one.
    pub impressions: &'a [&'a str],
    /// Called when it cannot be.
    pub errors: &'a [&'a str],
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Events and the URLs that are called for them.
    pub events: &'a [(&'a str, &'a str)],
    /// Where a click leads.
    pub click_through: Option<&'a str>,
    /// Files of the creative. At least one.
    pub media: &'a [Media<'a>],
    /// Who measures it through OMID.
    pub verifications: &'a [Verification<'a>],
    /// Banners to show beside it.
    pub companions: &'a [Companion<'a>],
}

/// Somebody who measures an ad through the Open Measurement SDK (VAST 4.1 §3.17): from 4.1 on an element of
/// its own, before that an extension.
#[derive(Debug, Clone, Copy)]
pub struct Verification<'a> {
    /// Who.
    pub vendor: &'a str,
    /// Its script.
    pub script: &'a str,
    /// What the script is told.
    pub parameters: Option<&'a str>,
}

/// A banner beside the ad: an image.
#[derive(Debug, Clone, Copy)]
pub struct Companion<'a> {
    /// The image.
    pub url: &'a str,
    /// Its MIME type.
    pub mime: &'a str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Where a click on it leads.
    pub click_through: &'a str,
}

/// A file of a creative.
#[derive(Debug, Clone, Copy)]
pub struct Media<'a> {
    /// Where it is.
    pub url: &'a str,
    /// MIME type.
    pub mime: &'a str,
    /// Width in pixels; 0 for audio.
    pub width: u32,
    /// Height in pixels; 0 for audio.
    pub height: u32,
}

/// A wrapper around a tag.
#[derive(Debug, Clone, Copy)]
pub struct Wrapper<'a> {
    /// Order of elements.
    pub schema: Schema,
    /// Version of the document.
    pub version: &'a str,
    /// Id of the ad.
    pub id: &'a str,
    /// Name of the ad server.
    pub system: &'a str,
    /// Where the ad is.
    pub tag: &'a str,
    /// Called when the ad is shown. At least one.
    pub impressions: &'a [&'a str],
    /// Called when it cannot be.
    pub errors: &'a [&'a str],
    /// Events and the URLs that are called for them.
    pub events: &'a [(&'a str, &'a str)],
    /// Called when the wrapped ad is clicked.
    pub clicks: &'a [&'a str],
    /// Who measures it through OMID.
    pub verifications: &'a [Verification<'a>],
}

/// What a player gets when there is nothing to play (VAST 4.2 §2.3.5.2).
///
/// # Errors
/// When `out` cannot be written to.
pub fn no_ad(version: &str, out: impl Write) -> io::Result<()> {
    let mut xml = Xml(Writer::new(out));
    let root = BytesStart::new("VAST").with_attributes([("version", version)]);
    xml.0.write_event(Event::Empty(root))
}

impl Inline<'_> {
    /// Writes the document.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        Xml(Writer::new(out)).document(self.version, self.id, |xml| {
            xml.element("InLine", &[], |xml| match self.schema {
                Schema::Two => {
                    xml.text("AdSystem", self.system)?;
                    xml.text("AdTitle", self.title)?;
                    xml.urls("Error", self.errors)?;
                    xml.urls("Impression", self.impressions)?;
                    self.creatives(xml)?;
                    xml.verification_extension(self.verifications)
                }
                Schema::Four => {
                    xml.text("AdSystem", self.system)?;
                    xml.urls("Error", self.errors)?;
                    xml.verification_extension(self.verifications)?;
                    xml.urls("Impression", self.impressions)?;
                    xml.text("AdTitle", self.title)?;
                    self.creatives(xml)
                }
                Schema::FourOne => {
                    xml.text("AdSystem", self.system)?;
                    xml.urls("Error", self.errors)?;
                    xml.urls("Impression", self.impressions)?;
                    xml.text("AdServingId", self.serving_id)?;
                    xml.text("AdTitle", self.title)?;
                    xml.verifications(self.verifications)?;
                    self.creatives(xml)
                }
            })
        })
    }

    fn creatives<W: Write>(&self, xml: &mut Xml<W>) -> io::Result<()> {
        xml.element("Creatives", &[], |xml| {
            xml.element("Creative", &[], |xml| {
                xml.element("Linear", &[], |xml| self.linear(xml))?;
                self.universal_id(xml)
            })?;
            if self.companions.is_empty() {
                return Ok(());
            }
            xml.element("Creative", &[], |xml| {
                xml.element("CompanionAds", &[], |xml| {
                    self.companions
                        .iter()
                        .try_for_each(|companion| xml.companion(companion))
                })?;
                self.universal_id(xml)
            })
        })
    }

    fn universal_id<W: Write>(&self, xml: &mut Xml<W>) -> io::Result<()> {
        let (registry, id) = self.universal_id;
        let (one, two) = (("idRegistry", registry), ("idValue", id));
        let attributes: &[_] = match self.schema {
            Schema::Two => return Ok(()),
            Schema::Four => &[one, two],
            Schema::FourOne => &[one],
        };
        xml.element("UniversalAdId", attributes, |xml| xml.characters(id))
    }

    fn linear<W: Write>(&self, xml: &mut Xml<W>) -> io::Result<()> {
        let duration = duration(self.duration_ms);
        match self.schema {
            Schema::Two => {
                xml.text("Duration", &duration)?;
                xml.events(self.events)?;
                self.clicks(xml)?;
                self.media_files(xml)
            }
            Schema::Four | Schema::FourOne => {
                xml.events(self.events)?;
                xml.text("Duration", &duration)?;
                self.media_files(xml)?;
                self.clicks(xml)
            }
        }
    }

    fn clicks<W: Write>(&self, xml: &mut Xml<W>) -> io::Result<()> {
        let Some(url) = self.click_through else {
            return Ok(());
        };
        xml.element("VideoClicks", &[], |xml| xml.url("ClickThrough", &[], url))
    }

    fn media_files<W: Write>(&self, xml: &mut Xml<W>) -> io::Result<()> {
        xml.element("MediaFiles", &[], |xml| {
            for media in self.media {
                let (width, height) = (media.width.to_string(), media.height.to_string());
                let attributes = [
                    ("delivery", "progressive"),
                    ("type", media.mime),
                    ("width", &width),
                    ("height", &height),
                ];
                xml.url("MediaFile", &attributes, media.url)?;
            }
            Ok(())
        })
    }
}

impl Wrapper<'_> {
    /// Writes the document.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        Xml(Writer::new(out)).document(self.version, self.id, |xml| {
            xml.element("Wrapper", &[], |xml| {
                xml.text("AdSystem", self.system)?;
                if self.schema == Schema::Two {
                    xml.url("VASTAdTagURI", &[], self.tag)?;
                }
                xml.urls("Error", self.errors)?;
                if self.schema == Schema::Four {
                    xml.verification_extension(self.verifications)?;
                }
                xml.urls("Impression", self.impressions)?;
                if self.schema == Schema::FourOne {
                    xml.verifications(self.verifications)?;
                }
                // An empty list of creatives is what versions before 4 demand, and 4 forbids.
                if self.schema == Schema::Two || self.reports() {
                    xml.element("Creatives", &[], |xml| self.creative(xml))?;
                }
                if self.schema == Schema::Two {
                    xml.verification_extension(self.verifications)
                } else {
                    xml.url("VASTAdTagURI", &[], self.tag)
                }
            })
        })
    }

    const fn reports(&self) -> bool {
        !self.events.is_empty() || !self.clicks.is_empty()
    }

    fn creative<W: Write>(&self, xml: &mut Xml<W>) -> io::Result<()> {
        if !self.reports() {
            return Ok(());
        }
        xml.element("Creative", &[], |xml| {
            xml.element("Linear", &[], |xml| {
                xml.events(self.events)?;
                if self.clicks.is_empty() {
                    return Ok(());
                }
                xml.element("VideoClicks", &[], |xml| {
                    xml.urls("ClickTracking", self.clicks)
                })
            })
        })
    }
}

struct Xml<W: Write>(Writer<W>);

impl<W: Write> Xml<W> {
    fn document(
        &mut self,
        version: &str,
        id: &str,
        ad: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let declaration = BytesDecl::new("1.0", Some("UTF-8"), None);
        self.0.write_event(Event::Decl(declaration))?;
        self.element("VAST", &[("version", version)], |xml| {
            xml.element("Ad", &[("id", id)], ad)
        })
    }

    fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inner: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut start = BytesStart::new(name);
        for (key, value) in attributes {
            start.push_attribute((*key, legal(value).as_ref()));
        }
        self.0.write_event(Event::Start(start))?;
        inner(self)?;
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    fn characters(&mut self, text: &str) -> io::Result<()> {
        let text = legal(text);
        self.0.write_event(Event::Text(BytesText::new(&text)))
    }

    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.element(name, &[], |xml| xml.characters(text))
    }

    fn url(&mut self, name: &str, attributes: &[(&str, &str)], url: &str) -> io::Result<()> {
        let url = legal(url);
        self.element(name, attributes, |xml| {
            BytesCData::escaped(&url).try_for_each(|piece| xml.0.write_event(Event::CData(piece)))
        })
    }

    fn urls(&mut self, name: &str, urls: &[&str]) -> io::Result<()> {
        urls.iter().try_for_each(|url| self.url(name, &[], url))
    }

    fn verifications(&mut self, verifications: &[Verification<'_>]) -> io::Result<()> {
        if verifications.is_empty() {
            return Ok(());
        }
        self.element("AdVerifications", &[], |xml| {
            verifications.iter().try_for_each(|it| xml.verification(it))
        })
    }

    fn verification_extension(&mut self, verifications: &[Verification<'_>]) -> io::Result<()> {
        if verifications.is_empty() {
            return Ok(());
        }
        self.element("Extensions", &[], |xml| {
            xml.element("Extension", &[("type", "AdVerifications")], |xml| {
                xml.verifications(verifications)
            })
        })
    }

    fn verification(&mut self, it: &Verification<'_>) -> io::Result<()> {
        self.element("Verification", &[("vendor", it.vendor)], |xml| {
            let attributes = [("apiFramework", "omid"), ("browserOptional", "true")];
            xml.url("JavaScriptResource", &attributes, it.script)?;
            match it.parameters {
                Some(parameters) => xml.url("VerificationParameters", &[], parameters),
                None => Ok(()),
            }
        })
    }

    fn companion(&mut self, it: &Companion<'_>) -> io::Result<()> {
        let (width, height) = (it.width.to_string(), it.height.to_string());
        let attributes = [("width", &*width), ("height", &*height)];
        self.element("Companion", &attributes, |xml| {
            xml.url("StaticResource", &[("creativeType", it.mime)], it.url)?;
            xml.url("CompanionClickThrough", &[], it.click_through)
        })
    }

    fn events(&mut self, events: &[(&str, &str)]) -> io::Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        self.element("TrackingEvents", &[], |xml| {
            events
                .iter()
                .try_for_each(|(event, url)| xml.url("Tracking", &[("event", event)], url))
        })
    }
}

/// Characters that XML 1.0 has no way to write become U+FFFD.
fn legal(text: &str) -> Cow<'_, str> {
    let is_illegal = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(is_illegal) {
        Cow::Owned(text.replace(is_illegal, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// `HH:MM:SS`, with milliseconds where there are any.
fn duration(ms: u64) -> String {
    let (seconds, rest) = (ms / 1_000, ms % 1_000);
    let whole = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    if rest == 0 {
        whole
    } else {
        format!("{whole}.{rest:03}")
    }
}
