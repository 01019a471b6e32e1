//! What the exchange's creative registry says about creatives of DSPs, and which of them a seller takes.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use units::PartnerId;

/// Where a creative of a DSP stands in the exchange's review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nobody has decided yet.
    Pending,
    /// May be shown.
    Approved,
    /// Not to be shown.
    Blocked,
}

/// Which creatives of DSPs a seller takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreativePolicy {
    /// Any: the registry is not asked.
    Any,
    /// All but those that are blocked (loss 202).
    #[default]
    NotBlocked,
    /// Only approved ones; what is pending or not known loses with 201.
    ApprovedOnly,
}

/// One line of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreativeVerdict {
    /// Whose creative it is: `crid` is a name of this DSP's alone.
    pub partner: PartnerId,
    /// Its `crid`; empty where its bids say none.
    #[serde(default)]
    pub crid: String,
    /// Its `adid`, where it has no `crid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adid: Option<String>,
    /// The markup that was reviewed, or the picture and advertiser in its place; absent: whatever comes under this
    /// name. A line with the markup at hand goes before one of its picture, and that before one without.
    #[serde(default)]
    pub markup: Option<MarkupHash>,
    /// Where it stands.
    pub verdict: Verdict,
}

/// What names markup in the registry: SHA-256 of it, less what changes from one impression to the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarkupHash([u8; 32]);

impl MarkupHash {
    /// The name of markup as a DSP sent it, macros not replaced. The query of every URL in it is left out:
    /// there stand the ids and tokens of one bid. A DSP that puts them elsewhere has to be judged by `crid`.
    #[must_use]
    pub fn of(markup: &str) -> Self {
        let mut hash = Sha256::new();
        each_kept(markup, |part| hash.update(part.as_bytes()));
        Self(hash.finalize().into())
    }

    /// The name of a creative whose markup is not there yet (X-93): its picture (`iurl`), less the query, and the
    /// domains of its advertiser (`adomain`), in the order and in whatever case the DSP says them.
    #[must_use]
    pub fn of_preview<'d>(iurl: &str, adomain: impl IntoIterator<Item = &'d str>) -> Self {
        let mut hash = Sha256::new();
        // No text has this byte, so that no markup has the name of a picture.
        hash.update([0xff]);
        each_kept(iurl, |part| hash.update(part.as_bytes()));
        for domain in adomain {
            hash.update([0xff]);
            for byte in domain.bytes() {
                hash.update([byte.to_ascii_lowercase()]);
            }
        }
        Self(hash.finalize().into())
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// At most `most` bytes of the text that is hashed, from its beginning, for those who judge it.
    #[must_use]
    pub fn sample(markup: &str, most: usize) -> String {
        let mut sample = String::with_capacity(markup.len().min(most));
        let mut is_cut = false;
        each_kept(markup, |part| {
            let room = part.floor_char_boundary(most - sample.len());
            if !is_cut {
                sample.push_str(part.get(..room).unwrap_or_default());
            }
            is_cut |= room < part.len();
        });
        sample
    }
}

/// The parts of markup between the queries of its URLs.
fn each_kept<'m>(markup: &'m str, mut part: impl FnMut(&'m str)) {
    let mut rest = markup;
    while let Some((kept, behind)) = next_query(rest) {
        part(kept);
        rest = behind;
    }
    part(rest);
}

/// What stands before the next URL's query, its `?` included, and what follows the query.
fn next_query(markup: &str) -> Option<(&str, &str)> {
    let bytes = markup.as_bytes();
    let mut from = 0;
    loop {
        // JSON writers escape slashes.
        let slashes = bytes
            .get(from..)?
            .windows(2)
            .position(|pair| pair == b"//" || pair == b"\\/")?;
        let url = from + slashes;
        let ends = |byte: &u8| {
            byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b')' | b']')
        };
        let length = bytes.get(url..)?.iter().position(ends);
        let end = length.map_or(bytes.len(), |length| url + length);
        let query = bytes.get(url..end)?.iter().position(|byte| *byte == b'?');
        if let Some(query) = query {
            let (kept, behind) = (markup.get(..=url + query)?, markup.get(end..)?);
            return Some((kept, behind));
        }
        from = end;
    }
}

impl fmt::Display for MarkupHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for MarkupHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MarkupHash({self})")
    }
}

impl std::str::FromStr for MarkupHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let mut hash = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 2 * hash.len() {
            return Err(NotAHash);
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = char::from(*digit).to_digit(16).ok_or(NotAHash)?;
                *byte = (*byte << 4) | u8::try_from(value).map_err(|_| NotAHash)?;
            }
        }
        Ok(Self(hash))
    }
}

/// A text that is no [`MarkupHash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 64 hexadecimal digits")]
pub struct NotAHash;

impl Serialize for MarkupHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MarkupHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_with_the_impression_does_not_change_the_name() {
        #[rustfmt::skip]
        let cases = [
            ("the same", "<b>x</b>", "<b>x</b>", true),
            ("another text", "<b>x</b>", "<b>y</b>", false),
            ("a token in a query", "<img src='https://t.example/i?t=1'>", "<img src='https://t.example/i?t=2'>", true),
            ("another path", "<img src='https://t.example/i?t=1'>", "<img src='https://t.example/j?t=1'>", false),
            ("another host", "<img src='https://t.example/i?t=1'>", "<img src='https://u.example/i?t=1'>", false),
            ("what follows the query counts", "<img src='https://t.example/i?t=1'><i>", "<img src='https://t.example/i?t=1'><b>", false),
            ("a question outside of a URL counts", "<b>now? yes</b>", "<b>now? no</b>", false),
            ("two URLs", "https://a.example/?1 //b.example/?2 c", "https://a.example/?3 //b.example/?4 c", true),
            ("JSON", r#"{"u":"https:\/\/a.example\/i?t=1"}"#, r#"{"u":"https:\/\/a.example\/i?t=2"}"#, true),
            ("CDATA", "<![CDATA[https://a.example/?t=1]]></I>", "<![CDATA[https://a.example/?t=2]]></J>", false),
            ("beyond ASCII", "//é.example/ü?ö=1 é", "//é.example/ü?ä é", true),
        ];
        for (says, one, other, same) in cases {
            let equal = MarkupHash::of(one) == MarkupHash::of(other);
            assert_eq!(equal, same, "{says}: {one} {other}");
        }
    }

    #[test]
    fn what_stands_in_for_markup_names_its_picture_and_advertiser() {
        let one =
            MarkupHash::of_preview("https://p.example/7.png?b=1", ["shop.example", "b.example"]);
        #[rustfmt::skip]
        let cases = [
            ("another query", "https://p.example/7.png?b=2", &["shop.example", "b.example"][..], true),
            ("in capitals", "https://p.example/7.png?", &["Shop.Example", "b.example"], true),
            ("another picture", "https://p.example/8.png?b=1", &["shop.example", "b.example"], false),
            ("another advertiser", "https://p.example/7.png?b=1", &["shop.example"], false),
            ("where one domain ends", "https://p.example/7.png?b=1", &["shop.exampleb", ".example"], false),
        ];
        for (says, iurl, adomain, same) in cases {
            let other = MarkupHash::of_preview(iurl, adomain.iter().copied());
            assert_eq!(one == other, same, "{says}");
        }
        let alone = MarkupHash::of_preview("https://p.example/7.png", []);
        assert_ne!(
            alone,
            MarkupHash::of("https://p.example/7.png"),
            "no markup"
        );
    }

    #[test]
    fn a_sample_is_the_beginning_of_what_is_hashed() {
        let markup = "<img src='https://t.example/i?t=1&u=2'>é</img>";
        let whole = "<img src='https://t.example/i?'>é</img>";
        assert_eq!(MarkupHash::sample(markup, 100), whole);
        assert_eq!(MarkupHash::of(whole), MarkupHash::of(markup));
        for most in 0..=whole.len() {
            let sample = MarkupHash::sample(markup, most);
            assert!(
                whole.starts_with(&sample) && most - sample.len() < 2,
                "{most}: {sample}"
            );
        }
    }

    #[test]
    fn a_hash_is_written_in_hexadecimal() {
        let hash = MarkupHash::of("<b>x</b>");
        assert_eq!(hash.to_string().len(), 64);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let line = r#"{"partner":"dsp","crid":"c","verdict":"blocked"}"#;
        let line: CreativeVerdict = serde_json::from_str(line).unwrap();
        assert_eq!((line.markup, line.verdict), (None, Verdict::Blocked));
        for bad in ["", "0", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(bad.parse::<MarkupHash>(), Err(NotAHash), "{bad}");
        }
    }
}
