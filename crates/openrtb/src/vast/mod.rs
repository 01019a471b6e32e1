//! Just enough of VAST: what it is, how long, and where to put one more impression tracker.
//!
//! Markup of strangers is often not well formed, so it is scanned and never parsed into a tree.

mod scan;

use crate::enums::Protocol;
use scan::{Scanner, Token};

/// What a VAST or DAAST document says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vast<'m> {
    /// Whether the root is `DAAST` rather than `VAST`.
    pub is_daast: bool,
    /// The root's `version`.
    pub version: Option<&'m str>,
    /// Whether the first ad is a wrapper.
    pub is_wrapper: bool,
    /// Ads, inline and wrapped; none is a document without an answer.
    pub ads: usize,
    /// The first `<Duration>` in milliseconds.
    pub duration_ms: Option<u32>,
}

impl<'m> Vast<'m> {
    /// Looks at markup; `None` when its first element is neither `VAST` nor `DAAST`.
    #[must_use]
    pub fn inspect(markup: &'m str) -> Option<Self> {
        let mut scanner = Scanner::new(markup);
        let mut vast = scanner.find_map(|token| match token {
            Token::Open {
                name, attributes, ..
            } => Some(Self::root(name, attributes)),
            Token::Text(_) | Token::Close { .. } => None,
        })??;
        let mut in_duration = false;
        for token in scanner {
            match token {
                Token::Open { name, .. } => {
                    let wrapper = name.eq_ignore_ascii_case("Wrapper");
                    if wrapper || name.eq_ignore_ascii_case("InLine") {
                        vast.is_wrapper |= wrapper && vast.ads == 0;
                        vast.ads += 1;
                    }
                    in_duration = name.eq_ignore_ascii_case("Duration");
                }
                Token::Text(text) if in_duration && vast.duration_ms.is_none() => {
                    vast.duration_ms = duration_ms(text.trim());
                }
                Token::Close { .. } => in_duration = false,
                Token::Text(_) => {}
            }
        }
        Some(vast)
    }

    fn root(name: &str, attributes: &'m str) -> Option<Self> {
        let is_daast = name.eq_ignore_ascii_case("DAAST");
        (is_daast || name.eq_ignore_ascii_case("VAST")).then(|| Self {
            is_daast,
            version: scan::attribute(attributes, "version"),
            is_wrapper: false,
            ads: 0,
            duration_ms: None,
        })
    }

    /// The duration in whole seconds, a begun one counted in full; comparable with `bid.dur`.
    #[must_use]
    pub fn seconds(&self) -> Option<i32> {
        i32::try_from(self.duration_ms?.div_ceil(1000)).ok()
    }

    /// The protocol of the document, for `protocols` (C-80); `None` for an unknown version.
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        let (inline, wrapper) = match (self.is_daast, self.version?.trim()) {
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
        Some(if self.is_wrapper { wrapper } else { inline })
    }
}

/// `HH:MM:SS` with an optional fraction.
fn duration_ms(text: &str) -> Option<u32> {
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
    let digits: String = fraction.chars().chain("00".chars()).take(3).collect();
    whole.checked_mul(1000)?.checked_add(digits.parse().ok()?)
}

/// Appends the document to `out` with one more `<Impression>` in every inline ad and wrapper;
/// returns how many there are.
///
/// It goes before the ad's first impression, where every version of the schema allows it, or
/// else before the end of the ad.
pub fn add_impression(markup: &str, url: &str, out: &mut String) -> usize {
    let mut added = 0;
    let mut copied = 0;
    let mut open = false;
    for token in Scanner::new(markup) {
        let at = match token {
            Token::Open {
                name, start, empty, ..
            } => {
                if is_ad(name) {
                    open = !empty;
                    continue;
                }
                if !open || !name.eq_ignore_ascii_case("Impression") {
                    continue;
                }
                start
            }
            Token::Close { name, start } if open && is_ad(name) => start,
            Token::Close { .. } | Token::Text(_) => continue,
        };
        open = false;
        added += 1;
        out.push_str(markup.get(copied..at).unwrap_or_default());
        out.push_str("<Impression><![CDATA[");
        out.push_str(&url.replace("]]>", "]]]]><![CDATA[>"));
        out.push_str("]]></Impression>");
        copied = at;
    }
    out.push_str(markup.get(copied..).unwrap_or_default());
    added
}

fn is_ad(name: &str) -> bool {
    name.eq_ignore_ascii_case("InLine") || name.eq_ignore_ascii_case("Wrapper")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INLINE: &str = "<?xml version=\"1.0\"?><!-- <VAST version=\"9\"> --><VAST version='4.2'><Ad id=\"1\"><InLine><AdSystem>x</AdSystem><Impression><![CDATA[https://a/]]></Impression><Creatives><Creative><Linear><Duration> 00:00:15.5 </Duration></Linear></Creative></Creatives></InLine></Ad></VAST>";

    #[test]
    fn documents_tell_what_they_are() {
        struct Case(&'static str, &'static str, Option<(i32, Option<i32>)>);
        let cases = [
            Case("C-80 inline, C-81 fraction", INLINE, Some((13, Some(16)))),
            Case(
                "C-80 wrapper",
                "<VAST version=\"3.0\"><Ad><Wrapper><VASTAdTagURI>u</VASTAdTagURI></Wrapper></Ad></VAST>",
                Some((6, None)),
            ),
            Case(
                "C-80 DAAST",
                "<DAAST version=\"1.0\"><Ad><InLine><Duration>00:00:30</Duration></InLine></Ad></DAAST>",
                Some((9, Some(30))),
            ),
            Case("unknown version", "<VAST version=\"7\"/>", Some((0, None))),
            Case(
                "namespace",
                "<v:VAST version=\"2.0\"><v:Ad><v:InLine></v:InLine></v:Ad></v:VAST>",
                Some((2, None)),
            ),
            Case("banner", "<div><VAST version=\"3.0\"></div>", None),
            Case("text", "VAST", None),
            Case(
                "broken off",
                "<VAST version=\"4.0\"><Ad><InLine><Duration>00:01:00",
                Some((7, Some(60))),
            ),
        ];
        for Case(id, markup, want) in cases {
            let seen = Vast::inspect(markup)
                .map(|vast| (vast.protocol().unwrap_or_default().0, vast.seconds()));
            assert_eq!(seen, want, "{id}");
        }
    }

    #[test]
    fn one_more_impression_in_every_ad() {
        let mut out = String::new();
        assert_eq!(add_impression(INLINE, "https://t/?a=1&b=]]>", &mut out), 1);
        let tracker = "<Impression><![CDATA[https://t/?a=1&b=]]]]><![CDATA[>]]></Impression>";
        assert_eq!(
            out,
            INLINE.replacen("<Impression>", &format!("{tracker}<Impression>"), 1)
        );
        let two = "<VAST><Ad><Wrapper></Wrapper></Ad><Ad><InLine><Error/></InLine></Ad></VAST>";
        let mut out = String::new();
        assert_eq!(add_impression(two, "u", &mut out), 2);
        assert_eq!(
            out.matches("<Impression><![CDATA[u]]></Impression></")
                .count(),
            2
        );
        let mut out = String::new();
        assert_eq!(add_impression("<VAST/>", "u", &mut out), 0);
        assert_eq!(out, "<VAST/>");
    }

    proptest! {
        #[test]
        fn any_markup_is_looked_at(markup in "(<|>|/|\"|=|VAST|Ad|InLine|<!--|-->|<!\\[CDATA\\[|\\]\\]>|Duration|\\PC){0,60}") {
            let _ = Vast::inspect(&markup);
            let mut out = String::new();
            let added = add_impression(&markup, "u", &mut out);
            prop_assert_eq!(out.len(), markup.len() + added * "<Impression><![CDATA[u]]></Impression>".len());
        }
    }
}
