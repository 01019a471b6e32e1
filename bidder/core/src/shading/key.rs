//! Where an auction is held, as far as the price of winning differs.

use std::fmt;

use openrtb::BidRequest;
use serde::{Deserialize, Serialize};
use units::UnixMillis;

use crate::eligibility::Fit;

/// A publisher of a demand source, and what is shown there: a size, or a format where there is none.
///
/// It stands in win and loss URLs as twenty-four hexadecimal digits. It is not signed: whoever calls with a
/// token of ours may name another place, and so can teach a wrong price, which never leaves the bounds of
/// [`super::shade`]. No money follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    publisher: u64,
    shape: u32,
}

/// What prices are learned for, from the narrowest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A place in one hour of the day, UTC.
    Hour(Place, u8),
    /// All of a publisher.
    Publisher(u64),
    /// Everything.
    All,
}

impl Scope {
    /// Its name in explanations.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Hour(..) => "publisher, size and hour",
            Self::Publisher(_) => "publisher",
            Self::All => "everything",
        }
    }
}

const HOUR_MS: i64 = 3_600_000;

impl Place {
    /// The place of an ad on a request: the publisher's id, else the site's domain or the app's bundle.
    #[must_use]
    pub fn of(source: &str, request: &BidRequest<'_>, fit: &Fit) -> Self {
        let site = request
            .site
            .as_deref()
            .map(|it| (&it.publisher, it.domain.as_deref()));
        let app = request
            .app
            .as_deref()
            .map(|it| (&it.publisher, it.bundle.as_deref()));
        let dooh = request
            .dooh
            .as_deref()
            .map(|it| (&it.publisher, it.id.as_deref()));
        let context = site.or(app).or(dooh);
        let publisher = context.and_then(|(publisher, name)| {
            let id = publisher.as_deref().and_then(|it| it.id.as_deref());
            id.or(name)
        });
        let medium = fit.medium.mtype().unsigned_abs();
        let shape = fit.size.map_or(medium, |size| {
            (size.w.min(0xffff) << 16) | size.h.min(0xffff)
        });
        Self {
            publisher: fnv(&[source, publisher.unwrap_or_default()]),
            shape,
        }
    }

    /// Reads what [`fmt::Display`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 24 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        Some(Self {
            publisher: u64::from_str_radix(text.get(..16)?, 16).ok()?,
            shape: u32::from_str_radix(text.get(16..)?, 16).ok()?,
        })
    }

    /// The scopes that an auction at this place belongs to, the narrowest first.
    #[must_use]
    pub fn scopes(self, at: UnixMillis) -> [Scope; 3] {
        let hour = at.0.div_euclid(HOUR_MS).rem_euclid(24);
        [
            Scope::Hour(self, u8::try_from(hour).unwrap_or(0)),
            Scope::Publisher(self.publisher),
            Scope::All,
        ]
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:08x}", self.publisher, self.shape)
    }
}

/// FNV-1a: the same on every bidder, since a notice may come to another one than bid.
fn fnv(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eligibility::Medium;
    use crate::index::Size;
    use openrtb::Limits;

    fn place(source: &str, context: &str, size: Option<&str>) -> Place {
        let body = format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{}}}}],{context}}}"#);
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let fit = Fit {
            medium: Medium::Banner,
            size: size.and_then(Size::parse),
            length: None,
            protocol: None,
        };
        Place::of(source, &request, &fit)
    }

    #[test]
    fn places_differ_by_source_publisher_and_shape() {
        let usual = place(
            "ssp",
            r#""site":{"publisher":{"id":"p1"},"domain":"a.example"}"#,
            Some("300x250"),
        );
        let same = place(
            "ssp",
            r#""site":{"publisher":{"id":"p1"},"domain":"b.example"}"#,
            Some("300x250"),
        );
        assert_eq!(usual, same, "the publisher's id goes before the domain");
        let others = [
            place(
                "other",
                r#""site":{"publisher":{"id":"p1"}}"#,
                Some("300x250"),
            ),
            place(
                "ssp",
                r#""site":{"publisher":{"id":"p2"}}"#,
                Some("300x250"),
            ),
            place("ssp", r#""site":{"publisher":{"id":"p1"}}"#, Some("728x90")),
            place("ssp", r#""site":{"publisher":{"id":"p1"}}"#, None),
            place("ssp", r#""site":{"domain":"a.example"}"#, Some("300x250")),
            place("ssp", r#""app":{"bundle":"com.a"}"#, Some("300x250")),
        ];
        for other in others {
            assert_ne!(usual, other);
        }
        assert_eq!(Place::parse(&usual.to_string()), Some(usual));
    }

    #[test]
    fn a_hint_that_is_none_is_no_place() {
        for text in [
            "",
            "12",
            "zzzzzzzzzzzzzzzzzzzzzzzz",
            "+23456789012345678901234",
            "é3456789012345678901234",
        ] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
