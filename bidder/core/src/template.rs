//! Markup rendered ahead: text with the places that only a bid can fill.

use crate::index::Size;

/// A piece of markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(Box<str>),
    /// Width of the bid in pixels.
    Width,
    /// Height of the bid in pixels.
    Height,
    /// Size of the headline in pixels, by the bid's size.
    HeadlinePixels,
    /// Id of the bid.
    BidId,
    /// Version of the VAST document, such as `4.2`.
    VastVersion,
    /// URL of the click tracker.
    Click,
    /// URL of the impression tracker.
    Impression,
    /// URL of the tracker of a video's event, such as `firstQuartile`.
    VideoEvent(&'static str),
}

/// Markup of one creative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// What fills the places of a template.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// Base of tracker URLs, without a slash at its end.
    pub public_url: &'a str,
    /// Size of the bid.
    pub size: Size,
    /// Id of the bid.
    pub bid_id: &'a str,
    /// Version of the VAST document.
    pub vast_version: &'a str,
    /// Token of the click tracker.
    pub click: &'a str,
    /// Token of the impression tracker.
    pub impression: &'a str,
    /// Token of the view and video trackers.
    pub view: &'a str,
}

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

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends the filled markup to `out`.
    pub fn fill(&self, with: &Filling<'_>, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Width => push_number(with.size.w, out),
                Part::Height => push_number(with.size.h, out),
                Part::HeadlinePixels => push_number(headline_pixels(with.size), out),
                Part::BidId => out.push_str(with.bid_id),
                Part::VastVersion => out.push_str(with.vast_version),
                Part::Click => push_url(with.public_url, "/t/click", with.click, out),
                Part::Impression => {
                    push_url(with.public_url, "/t/impression", with.impression, out);
                }
                Part::VideoEvent(event) => {
                    out.push_str(with.public_url);
                    out.push_str("/t/video/");
                    out.push_str(event);
                    out.push_str("?t=");
                    out.push_str(with.view);
                }
            }
        }
    }
}

/// Appends a tracker's URL. Tokens are base64url, so that the URL needs no escaping anywhere.
pub fn push_url(public_url: &str, path: &str, token: &str, out: &mut String) {
    for piece in [public_url, path, "?t=", token] {
        out.push_str(piece);
    }
}

/// Appends a number in decimal.
pub fn push_number(number: u32, out: &mut String) {
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
    out.extend(digits.iter().skip(from).map(|digit| char::from(*digit)));
}

/// A headline fills about a sixth of the smaller side, between what can be read and what looks absurd.
fn headline_pixels(size: Size) -> u32 {
    (size.w.min(size.h * 3) / 12).clamp(11, 40)
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

    #[test]
    fn places_are_filled() {
        let mut template = Template::default();
        template
            .text("<a href=\"")
            .part(Part::Click)
            .text("\" style=\"width:")
            .part(Part::Width)
            .text("px\">")
            .text(&escaped("<Sale> & \"more\""))
            .text("</a>");
        let mut out = String::new();
        let filling = Filling {
            public_url: "http://b",
            size: Size { w: 300, h: 250 },
            bid_id: "",
            vast_version: "",
            click: "C",
            impression: "I",
            view: "V",
        };
        template.fill(&filling, &mut out);
        assert_eq!(
            out,
            "<a href=\"http://b/t/click?t=C\" style=\"width:300px\">&lt;Sale&gt; &amp; &quot;more&quot;</a>"
        );
    }

    #[test]
    fn numbers_in_decimal() {
        for number in [0, 7, 10, 250, u32::MAX] {
            let mut out = String::new();
            push_number(number, &mut out);
            assert_eq!(out, number.to_string());
        }
    }
}
