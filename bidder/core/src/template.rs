//! Markup rendered ahead: text that is escaped for JSON already, with the places that only a bid can fill.

use openrtb::JsonWriter;

use crate::index::Size;

/// A piece of markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(Box<str>),
    /// Text that stands only where the ad can be measured by OMID.
    Verification(Box<str>),
    /// The bid's size, as declarations of CSS.
    Box,
    /// Size of the headline in pixels, by the bid's size.
    HeadlinePixels,
    /// Id of the bid.
    BidId,
    /// Version of the VAST document, such as `4.2`.
    VastVersion,
    /// URL of the click tracker, which leads to the landing page.
    Click,
    /// URL of the click tracker that answers with a pixel, where the click leads elsewhere.
    ClickPixel,
    /// URL of the impression tracker.
    Impression,
    /// URL of the tracker of a video's event, such as `firstQuartile`.
    VideoEvent(&'static str),
    /// URL that is told why a video could not be played.
    VideoError,
}

/// Markup of one creative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// What fills the places of a template.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// Base of tracker URLs, without a slash at its end; it needs no escaping ([`plain_url`]).
    pub public_url: &'a str,
    /// Size of the bid; of a flexible one, the ratio.
    pub size: Size,
    /// Least width in pixels of a flexible size.
    pub flexible: Option<u32>,
    /// Id of the bid.
    pub bid_id: &'a str,
    /// Version of the VAST document.
    pub vast_version: &'a str,
    /// Whether the ad can be measured by OMID.
    pub measured: bool,
    /// Token of the click tracker.
    pub click: &'a str,
    /// Token of the impression tracker.
    pub impression: &'a str,
    /// Token of the view and video trackers.
    pub view: &'a str,
}

/// Path of the click tracker.
pub const CLICK: &str = "/t/click";
/// Path of the impression tracker.
pub const IMPRESSION: &str = "/t/impression";
/// Path of the view tracker.
pub const VIEW: &str = "/t/view";
/// Path of the trackers of a video's events, before the event's name.
const VIDEO: &str = "/t/video/";
/// What a player fills in (VAST 4.2 §2.3.6.3).
const ERROR_CODE: &str = "&code=[ERRORCODE]";

impl Template {
    /// Appends text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        if let Some(Part::Text(last)) = self.0.last_mut() {
            *last = [last, text].concat().into();
        } else if !text.is_empty() {
            self.0.push(Part::Text(text.into()));
        }
        self
    }

    /// Appends a place.
    pub fn part(&mut self, part: Part) -> &mut Self {
        self.0.push(part);
        self
    }

    /// Appends another template.
    pub fn append(&mut self, other: Self) -> &mut Self {
        for part in other.0 {
            if let Part::Text(text) = &part {
                self.text(text);
            } else {
                self.part(part);
            }
        }
        self
    }

    /// Appends text in which `name` stands for a place.
    pub fn text_with(&mut self, text: &str, name: &str, part: &Part) -> &mut Self {
        let mut pieces = text.split(name);
        if let Some(first) = pieces.next() {
            self.text(first);
        }
        for piece in pieces {
            self.part(part.clone()).text(piece);
        }
        self
    }

    /// Whether a text that always stands in it has a word, in whatever case.
    #[must_use]
    pub fn contains(&self, word: &str) -> bool {
        let holds = |text: &str| {
            let mut windows = text.as_bytes().windows(word.len());
            windows.any(|it| it.eq_ignore_ascii_case(word.as_bytes()))
        };
        self.0
            .iter()
            .any(|part| matches!(part, Part::Text(text) if holds(text)))
    }

    /// The same, escaped to stand within a JSON string.
    #[must_use]
    pub fn escaped_for_json(mut self) -> Self {
        for part in &mut self.0 {
            if let Part::Text(text) | Part::Verification(text) = part {
                *text = json_escaped(text).into();
            }
        }
        self.0.shrink_to_fit();
        self
    }

    /// Appends the filled markup to `out`.
    pub fn fill(&self, with: &Filling<'_>, out: &mut Vec<u8>) {
        for part in &self.0 {
            match part {
                Part::Text(text) => push(text, out),
                Part::Verification(text) if with.measured => push(text, out),
                Part::Verification(_) => {}
                Part::Box => push_box(with, out),
                Part::HeadlinePixels => push_number(headline_pixels(with), out),
                Part::BidId => push(with.bid_id, out),
                Part::VastVersion => push(with.vast_version, out),
                Part::Click => push_url(with.public_url, CLICK, with.click, out),
                Part::ClickPixel => {
                    push_url(with.public_url, CLICK, with.click, out);
                    push("&redirect=0", out);
                }
                Part::Impression => push_url(with.public_url, IMPRESSION, with.impression, out),
                Part::VideoEvent(event) => push_event(with, event, out),
                Part::VideoError => {
                    push_event(with, "error", out);
                    push(ERROR_CODE, out);
                }
            }
        }
    }
}

fn push(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
}

fn push_event(with: &Filling<'_>, event: &str, out: &mut Vec<u8>) {
    push(with.public_url, out);
    push(VIDEO, out);
    push_url(event, "", with.view, out);
}

/// Pixels where the size is fixed; else the whole width, and the height that follows from it.
fn push_box(with: &Filling<'_>, out: &mut Vec<u8>) {
    let Size { w, h } = with.size;
    if let Some(least) = with.flexible {
        push("width:100%;min-width:", out);
        push_number(least, out);
        push("px;aspect-ratio:", out);
        push_number(w, out);
        push("/", out);
        push_number(h, out);
    } else {
        push("width:", out);
        push_number(w, out);
        push("px;height:", out);
        push_number(h, out);
        push("px", out);
    }
}

/// Appends a tracker's URL. Tokens are base64url, so that the URL needs no escaping anywhere.
pub fn push_url(public_url: &str, path: &str, token: &str, out: &mut Vec<u8>) {
    for piece in [public_url, path, "?t=", token] {
        push(piece, out);
    }
}

/// A URL without the characters that need escaping in JSON, HTML or XML: they are percent-encoded.
#[must_use]
pub fn plain_url(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for character in url.chars() {
        match character {
            '"' => out.push_str("%22"),
            '\\' => out.push_str("%5C"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '&' => out.push_str("%26"),
            '\'' => out.push_str("%27"),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

/// Appends a number in decimal.
pub fn push_number(number: u32, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 10];
    let mut rest = number;
    let mut from = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        from = at;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(from));
}

/// A headline fills about a sixth of the smaller side, between what can be read and what looks absurd.
fn headline_pixels(with: &Filling<'_>) -> u32 {
    let Size { w, h } = with.size;
    let (w, h) = match with.flexible {
        Some(least) => (least, least.saturating_mul(h) / w.max(1)),
        None => (w, h),
    };
    (w.min(h.saturating_mul(3)) / 12).clamp(11, 40)
}

/// The text escaped to stand within a JSON string.
#[must_use]
pub fn json_escaped(text: &str) -> String {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    JsonWriter::new(&mut quoted).text_value(text);
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    String::from_utf8_lossy(inner).into_owned()
}

/// Appends text escaped for HTML and XML, element content and attributes alike.
pub fn push_escaped(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

/// The text escaped for HTML and XML.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_escaped(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &Template, flexible: Option<u32>, measured: bool) -> String {
        let filling = Filling {
            public_url: "http://b",
            size: Size { w: 300, h: 250 },
            flexible,
            bid_id: "",
            vast_version: "",
            measured,
            click: "C",
            impression: "I",
            view: "V",
        };
        let mut out = Vec::new();
        template.fill(&filling, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn places_are_filled() {
        let mut template = Template::default();
        template
            .text("<a href=\"")
            .part(Part::Click)
            .text("\" style=\"")
            .part(Part::Box)
            .text("\">")
            .text(&escaped("<Sale> & \"more\""))
            .text("</a>")
            .part(Part::Verification("<script>".into()));
        assert_eq!(
            filled(&template, None, false),
            "<a href=\"http://b/t/click?t=C\" style=\"width:300px;height:250px\">&lt;Sale&gt; &amp; &quot;more&quot;</a>"
        );
        let flexible = filled(&template, Some(120), true);
        assert!(
            flexible.contains("\"width:100%;min-width:120px;aspect-ratio:300/250\""),
            "{flexible}"
        );
        assert!(flexible.ends_with("<script>"), "{flexible}");
    }

    #[test]
    fn what_is_escaped_ahead_is_read_back() {
        let mut template = Template::default();
        template
            .text("<a href=\"")
            .part(Part::VideoError)
            .text("\">\\\n\u{1}春");
        let plain = filled(&template, None, false);
        let inside = filled(&template.escaped_for_json(), None, false);
        let read: String = serde_json::from_str(&format!("\"{inside}\"")).unwrap();
        assert_eq!(read, plain);
        assert!(
            plain.contains("http://b/t/video/error?t=V&code=[ERRORCODE]"),
            "{plain}"
        );
    }

    #[test]
    fn urls_of_ours_need_no_escaping() {
        let url = plain_url("https://b.example/a\"<b>&'\\\n");
        assert_eq!(url, "https://b.example/a%22%3Cb%3E%26%27%5C");
        assert_eq!(escaped(&url), url);
        assert_eq!(json_escaped(&url), url);
    }

    #[test]
    fn numbers_in_decimal() {
        for number in [0, 7, 10, 250, u32::MAX] {
            let mut out = Vec::new();
            push_number(number, &mut out);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }
}
