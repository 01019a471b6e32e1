//! Trackers put into a document of somebody else, which stays as it is otherwise.

use super::scan::{Scanner, Token, attribute};
use super::{cdata, is_ad};

/// The events of linear media that tell how much of it was played, in their order.
pub const QUARTILES: [&str; 5] = [
    "start",
    "firstQuartile",
    "midpoint",
    "thirdQuartile",
    "complete",
];

/// The element of VAST 4 for trackers of viewability.
const VIEWABLE: &str = "ViewableImpression";

/// The element of linear creatives for clicks.
const CLICKS: &str = "VideoClicks";

/// What is to be told where; URLs stand in CDATA sections and need no escaping.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trackers<'t> {
    /// Called when the ad is shown.
    pub impressions: &'t [&'t str],
    /// Called when it cannot be; `[ERRORCODE]` is the player's to fill.
    pub errors: &'t [&'t str],
    /// Called when an event of linear media happens, such as those of [`QUARTILES`].
    pub events: &'t [(&'t str, &'t str)],
    /// Called when the ad was in sight for long enough, by players that measure it (`ViewableImpression`, VAST 4).
    pub viewable: &'t [&'t str],
    /// Called when linear media is clicked; where the click leads stays the document's.
    pub clicks: &'t [&'t str],
}

/// What was put in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inserted {
    /// Ads that have the impressions and errors.
    pub ads: usize,
    /// Linear creatives that have the events. An inline ad that is not linear has none.
    pub linears: usize,
}

impl Trackers<'_> {
    /// Appends the document to `out` with the trackers in every inline ad and wrapper.
    ///
    /// Impressions and errors go before the ad's first impression, where every version of the schema
    /// allows them, or else before its creatives or its end. What tells of viewability goes into an ad's
    /// own `ViewableImpression` or behind its impressions, in documents of version 4. Events go into the tracking events of
    /// each linear creative, and clicks into its `VideoClicks`, which are made where there are none; a wrapper without
    /// creatives gets a linear one for them.
    pub fn insert(&self, markup: &str, out: &mut String) -> Inserted {
        let mut work = Work {
            trackers: self,
            markup,
            out,
            copied: 0,
            is_modern: false,
            has_viewable: markup.contains(VIEWABLE),
            has_clicks: markup.contains(CLICKS),
            has_events: markup.contains("TrackingEvents"),
            inserted: Inserted::default(),
        };
        let (mut ad, mut linear) = (None, None);
        for token in Scanner::new(markup) {
            match token {
                Token::Open {
                    name,
                    attributes,
                    start,
                    end,
                    empty,
                } => {
                    let tag = Tag {
                        name,
                        start,
                        end,
                        empty,
                    };
                    if is_ad(name) {
                        ad = (!empty).then(|| Ad::new(name));
                        linear = None;
                    } else if let Some(ad) = &mut ad {
                        work.open(ad, &mut linear, &tag);
                    } else if name.eq_ignore_ascii_case("VAST") {
                        let version = attribute(attributes, "version").unwrap_or_default();
                        work.is_modern = version.trim().starts_with('4');
                    }
                }
                Token::Close { name, start, end } => {
                    if let Some(open) = &mut ad {
                        work.close(open, &mut linear, name, start, end);
                    }
                    if is_ad(name) {
                        (ad, linear) = (None, None);
                    }
                }
                Token::Text(_) | Token::Cdata(_) => {}
            }
        }
        work.copy(markup.len());
        work.inserted
    }
}

/// A start tag.
struct Tag<'m> {
    name: &'m str,
    start: usize,
    end: usize,
    empty: bool,
}

/// The ad that is open.
struct Ad {
    is_wrapper: bool,
    /// Impressions and errors are in it.
    is_led: bool,
    /// What tells of viewability is.
    is_viewed: bool,
    has_creatives: bool,
    /// It has linear or other creatives of its own.
    has_media: bool,
}

impl Ad {
    fn new(name: &str) -> Self {
        Self {
            is_wrapper: name.eq_ignore_ascii_case("Wrapper"),
            is_led: false,
            is_viewed: false,
            has_creatives: false,
            has_media: false,
        }
    }
}

/// The linear creative that is open, and where tracking events would go.
struct Linear {
    at: usize,
    has_events: bool,
    clicks: Clicks,
}

/// How far the clicks of a linear creative are.
#[derive(PartialEq, Eq)]
enum Clicks {
    /// Not met.
    Out,
    /// In the document's element for them, behind where they lead.
    Open,
    /// Ours are there.
    Done,
}

struct Work<'w> {
    trackers: &'w Trackers<'w>,
    markup: &'w str,
    out: &'w mut String,
    copied: usize,
    /// Version 4, whose schema has the tracking events first.
    is_modern: bool,
    /// An ad of the document has an element for it already.
    has_viewable: bool,
    /// A creative of the document has an element for clicks already.
    has_clicks: bool,
    /// And one for events.
    has_events: bool,
    inserted: Inserted,
}

impl Work<'_> {
    fn open(&mut self, ad: &mut Ad, linear: &mut Option<Linear>, tag: &Tag<'_>) {
        let is = |name: &str| tag.name.eq_ignore_ascii_case(name);
        if (is("Impression") || is("Creatives")) && !ad.is_led {
            self.lead(ad, tag.start);
        }
        self.view(ad, tag);
        if !self.asks_of_linears() {
            return;
        }
        if let Some(linear) = linear {
            self.click(linear, tag);
        }
        if is("Creatives") {
            ad.has_creatives = true;
            if tag.empty && ad.is_wrapper {
                self.widen(tag);
                self.creative();
                self.out.push_str("</Creatives>");
                ad.has_media = true;
            }
        } else if is("Linear") {
            ad.has_media = true;
            if tag.empty {
                // One that is open still is never closed: its place is gone.
                *linear = None;
                self.widen(tag);
                self.tracking_events();
                self.video_clicks();
                self.out.push_str("</Linear>");
            } else {
                *linear = Some(Linear {
                    at: tag.end,
                    has_events: self.trackers.events.is_empty(),
                    clicks: if self.trackers.clicks.is_empty() {
                        Clicks::Done
                    } else {
                        Clicks::Out
                    },
                });
            }
        } else if is("NonLinearAds") || is("NonLinear") {
            ad.has_media = true;
        } else if is("TrackingEvents")
            && let Some(linear) = linear
            && !linear.has_events
        {
            linear.has_events = true;
            if tag.empty {
                self.widen(tag);
                self.events();
                self.out.push_str("</TrackingEvents>");
            } else {
                self.copy(tag.end);
                self.events();
            }
        }
    }

    /// Puts what tells of viewability into the ad's own element for it, or behind its impressions.
    fn view(&mut self, ad: &mut Ad, tag: &Tag<'_>) {
        if ad.is_viewed || !self.is_modern || self.trackers.viewable.is_empty() {
            return;
        }
        let is = |name: &str| tag.name.eq_ignore_ascii_case(name);
        let viewable = self.trackers.viewable;
        if is(VIEWABLE) {
            if tag.empty {
                self.widen(tag);
                self.urls("Viewable", viewable);
                self.close_tag(VIEWABLE);
            } else {
                self.copy(tag.end);
                self.urls("Viewable", viewable);
            }
        } else if ad.is_led && !self.has_viewable && !is("Impression") && !is("Pricing") {
            self.copy(tag.start);
            self.out.push('<');
            self.out.push_str(VIEWABLE);
            self.out.push('>');
            self.urls("Viewable", viewable);
            self.close_tag(VIEWABLE);
        } else {
            return;
        }
        ad.is_viewed = true;
    }

    const fn asks_of_linears(&self) -> bool {
        !self.trackers.events.is_empty() || !self.trackers.clicks.is_empty()
    }

    /// Puts clicks into the creative's own element for them, where the schema of its version has them; or, before
    /// its media in 2 and 3, into one that is made.
    fn click(&mut self, linear: &mut Linear, tag: &Tag<'_>) {
        let is = |name: &str| tag.name.eq_ignore_ascii_case(name);
        let clicks = self.trackers.clicks;
        match linear.clicks {
            Clicks::Out if is(CLICKS) && tag.empty => {
                self.events_first(linear);
                self.widen(tag);
                self.urls("ClickTracking", clicks);
                self.close_tag(CLICKS);
                linear.clicks = Clicks::Done;
            }
            Clicks::Out if is(CLICKS) && self.is_modern => {
                self.events_first(linear);
                self.copy(tag.end);
                self.urls("ClickTracking", clicks);
                linear.clicks = Clicks::Done;
            }
            Clicks::Out if is(CLICKS) => linear.clicks = Clicks::Open,
            Clicks::Out if is("MediaFiles") && !self.is_modern && !self.has_clicks => {
                self.events_first(linear);
                self.copy(tag.start);
                self.video_clicks();
                linear.clicks = Clicks::Done;
            }
            Clicks::Open if is("CustomClick") => {
                self.events_first(linear);
                self.copy(tag.start);
                self.urls("ClickTracking", clicks);
                linear.clicks = Clicks::Done;
            }
            Clicks::Out | Clicks::Open | Clicks::Done => {}
        }
    }

    /// Writes the events while their place is still ahead, unless the document may have some for them to go to.
    fn events_first(&mut self, linear: &mut Linear) {
        if !linear.has_events && !self.has_events {
            self.copy(linear.at);
            self.tracking_events();
            linear.has_events = true;
        }
    }

    fn video_clicks(&mut self) {
        if self.trackers.clicks.is_empty() {
            return;
        }
        self.out.push('<');
        self.out.push_str(CLICKS);
        self.out.push('>');
        self.urls("ClickTracking", self.trackers.clicks);
        self.close_tag(CLICKS);
    }

    fn close_tag(&mut self, name: &str) {
        for piece in ["</", name, ">"] {
            self.out.push_str(piece);
        }
    }

    fn close(
        &mut self,
        ad: &mut Ad,
        linear: &mut Option<Linear>,
        name: &str,
        start: usize,
        end: usize,
    ) {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let asks = self.asks_of_linears();
        if is("Linear") {
            if let Some(linear) = linear.take() {
                if !linear.has_events {
                    // Clicks may stand behind that place already.
                    self.copy(if linear.at < self.copied {
                        start
                    } else {
                        linear.at
                    });
                    self.tracking_events();
                }
                if linear.clicks != Clicks::Done {
                    self.copy(start);
                    self.video_clicks();
                }
            }
        } else if is(CLICKS)
            && let Some(linear) = linear
            && linear.clicks == Clicks::Open
        {
            self.events_first(linear);
            self.copy(start);
            self.urls("ClickTracking", self.trackers.clicks);
            linear.clicks = Clicks::Done;
        } else if let Some(linear) = linear
            && !linear.has_events
            && (is("Icons") || (!self.is_modern && (is("Duration") || is("CreativeExtensions"))))
        {
            linear.at = end;
        } else if is("Creatives") && asks && ad.is_wrapper && !ad.has_media {
            self.copy(start);
            self.creative();
            ad.has_media = true;
        } else if is_ad(name) {
            if !ad.is_led {
                self.lead(ad, start);
            }
            if asks && ad.is_wrapper && !ad.has_creatives {
                self.copy(start);
                self.out.push_str("<Creatives>");
                self.creative();
                self.out.push_str("</Creatives>");
            }
        }
    }

    /// Copies what comes before `at`, unless it is there already.
    fn copy(&mut self, at: usize) {
        if let Some(text) = self.markup.get(self.copied..at) {
            self.out.push_str(text);
            self.copied = at;
        }
    }

    /// Copies an empty element as a start tag.
    fn widen(&mut self, tag: &Tag<'_>) {
        self.copy(tag.start);
        let text = self.markup.get(tag.start..tag.end).unwrap_or_default();
        let open = text.trim_end_matches('>').trim_end_matches('/').trim_end();
        self.out.push_str(open);
        self.out.push('>');
        self.copied = tag.end;
    }

    /// Impressions and errors.
    fn lead(&mut self, ad: &mut Ad, at: usize) {
        self.copy(at);
        ad.is_led = true;
        self.inserted.ads += 1;
        for (name, urls) in [
            ("Error", self.trackers.errors),
            ("Impression", self.trackers.impressions),
        ] {
            self.urls(name, urls);
        }
    }

    /// An element for each URL.
    fn urls(&mut self, name: &str, urls: &[&str]) {
        for url in urls {
            for piece in ["<", name, "><![CDATA[", &cdata(url), "]]></", name, ">"] {
                self.out.push_str(piece);
            }
        }
    }

    fn events(&mut self) {
        self.inserted.linears += 1;
        for (event, url) in self.trackers.events {
            let event = quick_xml::escape::escape(*event);
            for piece in [
                "<Tracking event=\"",
                &event,
                "\"><![CDATA[",
                &cdata(url),
                "]]></Tracking>",
            ] {
                self.out.push_str(piece);
            }
        }
    }

    fn tracking_events(&mut self) {
        if self.trackers.events.is_empty() {
            return;
        }
        self.out.push_str("<TrackingEvents>");
        self.events();
        self.out.push_str("</TrackingEvents>");
    }

    fn creative(&mut self) {
        self.out.push_str("<Creative><Linear>");
        self.tracking_events();
        self.video_clicks();
        self.out.push_str("</Linear></Creative>");
    }
}
