//! What a request and its user say, as normalised texts per dimension of targeting, and a few measures.

mod dimension;
mod of_user;
mod places;

use std::fmt::Write as _;
use std::sync::Arc;

use contracts::catalog::Degrees;
use contracts::profile::Profile;
use units::{UnixMillis, country};

pub use dimension::{Dimension, domain, flag, is_of_taxonomy, push_taxonomy};
pub use of_user::UserFacts;

use crate::eligibility::schedule::WeekHour;
use crate::index::Size;
use crate::targeting::Version;
use dimension::lower;
use places::Places;

/// A segment of the user, and when and how often the user was seen in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// When the segment's rule last held.
    pub last_seen: UnixMillis,
    /// How often it was seen.
    pub count: u32,
}

/// The values of each dimension; its memory is kept from request to request.
#[derive(Debug, Clone)]
pub struct Facts {
    text: String,
    spans: [Vec<(usize, usize)>; Dimension::ALL.len()],
    /// A bit per dimension of which something is known, be it that there is nothing.
    known: u64,
    /// Where values of the whole request stand.
    places: Places,
    /// In the order of the segments' values.
    visits: Vec<Visit>,
    /// A user's interests and segments, where they were taken apart before.
    user: Option<Arc<UserFacts>>,
    /// Sizes that the imp offers.
    pub sizes: Vec<Size>,
    /// The operating system's version.
    pub os_version: Option<Version>,
    /// Latitude and longitude of the device.
    pub place: Option<(Degrees, Degrees)>,
    /// The hour of the week where the user is.
    pub user_hour: Option<WeekHour>,
    /// The instant of the decision.
    pub now: UnixMillis,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            text: String::new(),
            spans: std::array::from_fn(|_| Vec::new()),
            known: 0,
            places: Places::default(),
            visits: Vec::new(),
            user: None,
            sizes: Vec::new(),
            os_version: None,
            place: None,
            user_hour: None,
            now: UnixMillis(0),
        }
    }
}

/// More values than this of one dimension are ignored, so that no request costs much.
const MOST: usize = 512;

impl Facts {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.text.clear();
        self.spans.iter_mut().for_each(Vec::clear);
        self.known = 0;
        self.places.clear();
        self.visits.clear();
        self.user = None;
        self.sizes.clear();
        self.os_version = None;
        self.place = None;
        self.user_hour = None;
    }

    /// Forgets one dimension's values.
    pub fn forget(&mut self, dimension: Dimension) {
        self.span_mut(dimension).clear();
        self.known &= !(1 << dimension as u64);
    }

    /// Notes that the values of a dimension are known, even if there are none.
    pub const fn know(&mut self, dimension: Dimension) {
        self.known |= 1 << dimension as u64;
    }

    /// Whether anything is known of a dimension; a value that is there is.
    #[must_use]
    pub const fn is_known(&self, dimension: Dimension) -> bool {
        self.known >> dimension as u64 & 1 == 1
    }

    /// Adds a value; an empty one is unknown and not added.
    pub fn push(&mut self, dimension: Dimension, text: &str) {
        let from = self.text.len();
        dimension.normalise(text, &mut self.text);
        self.close(dimension, from);
    }

    /// Adds a value, if there is one.
    pub fn push_some(&mut self, dimension: Dimension, text: Option<&str>) {
        if let Some(text) = text {
            self.push(dimension, text);
        }
    }

    /// Adds a domain and all domains above it: a targeted domain covers its subdomains.
    pub fn push_domain(&mut self, text: &str) {
        let mut rest = domain(text.trim());
        while !rest.is_empty() {
            self.push(Dimension::Domain, rest);
            rest = rest.split_once('.').map_or("", |(_, above)| above);
        }
    }

    /// Adds a category and, in taxonomy 1, its tier-1 parent.
    pub fn push_category(&mut self, cattax: i32, text: &str) {
        let from = self.text.len();
        push_taxonomy(cattax, &mut self.text);
        let bare = self.text.len();
        Dimension::Category.normalise(text, &mut self.text);
        if self.text.len() == bare {
            self.text.truncate(from);
            return;
        }
        self.close(Dimension::Category, from);
        if cattax == 1
            && let Some((tier1, _)) = text.split_once('-')
        {
            self.push(Dimension::Category, tier1);
        }
    }

    /// Adds each of the keywords that commas part.
    pub fn push_keywords(&mut self, text: &str) {
        for word in text.split(',') {
            self.push(Dimension::Keyword, word);
        }
    }

    /// Adds a venue and the venues that hold it.
    pub fn push_venue(&mut self, text: &str) {
        let mut rest = Some(text.trim());
        while let Some(venue) = rest {
            self.push(Dimension::VenueType, venue);
            rest = venue.rsplit_once('.').map(|(above, _)| above);
        }
    }

    /// Adds a region, alone and with its country: `CA` in the USA is also `US-CA`.
    pub fn push_region(&mut self, region: &str, country: Option<&str>) {
        self.push(Dimension::Region, region);
        if let Some((_, short)) = region.split_once('-') {
            self.push(Dimension::Region, short);
        } else {
            self.push_with_country(Dimension::Region, region, country);
        }
    }

    /// Adds a postal code, alone and with its country: `10115` in Germany is also `DE-10115`.
    pub fn push_postal_code(&mut self, code: &str, country: Option<&str>) {
        self.push(Dimension::PostalCode, code);
        self.push_with_country(Dimension::PostalCode, code, country);
    }

    fn push_with_country(&mut self, dimension: Dimension, text: &str, country: Option<&str>) {
        let code = country.and_then(country::alpha_3);
        let Some(alpha2) = code.and_then(country::alpha_2) else {
            return;
        };
        let from = self.text.len();
        lower(alpha2, &mut self.text);
        self.text.push('-');
        let bare = self.text.len();
        dimension.normalise(text, &mut self.text);
        if self.text.len() == bare {
            self.text.truncate(from);
        }
        self.close(dimension, from);
    }

    /// Adds a value that `write` writes in the form in which it is compared.
    pub fn push_written(&mut self, dimension: Dimension, value: impl std::fmt::Display) {
        let from = self.text.len();
        let _ = write!(self.text, "{value}");
        self.close(dimension, from);
    }

    /// Adds what a profile says. Called only where identity may be used.
    pub fn push_profile(&mut self, profile: &Profile, known: Option<&Arc<UserFacts>>) {
        if let Some(age) = profile.demographics.age {
            self.push_written(Dimension::Age, age);
        }
        self.push_some(Dimension::Gender, profile.demographics.gender.as_deref());
        if let Some(known) = known {
            self.know(Dimension::Interest);
            self.know(Dimension::Segment);
            self.user = Some(Arc::clone(known));
        } else {
            self.push_lists(profile);
        }
    }

    /// Adds a profile's interests and segments.
    fn push_lists(&mut self, profile: &Profile) {
        self.know(Dimension::Interest);
        for interest in &profile.interests {
            self.push(Dimension::Interest, interest);
        }
        self.know(Dimension::Segment);
        for member in &profile.segments {
            let before = self.span_mut(Dimension::Segment).len();
            self.push(Dimension::Segment, member.id.as_str());
            if self.span_mut(Dimension::Segment).len() > before {
                self.visits.push(Visit {
                    last_seen: member.last_seen,
                    count: member.count,
                });
            }
        }
    }

    /// The user's facts, if values of this dimension are among them.
    fn of_user(&self, dimension: Dimension) -> Option<&UserFacts> {
        self.user.as_deref().filter(|_| dimension.is_list_of_user())
    }

    fn spans(&self, dimension: Dimension) -> (&str, &[(usize, usize)]) {
        match self.of_user(dimension) {
            Some(user) => user.spans(dimension),
            None => {
                let spans = self.spans.get(dimension as usize);
                (&self.text, spans.map_or(&[][..], Vec::as_slice))
            }
        }
    }

    /// The values of one dimension.
    pub fn values(&self, dimension: Dimension) -> impl Iterator<Item = &str> + Clone {
        let (text, spans) = self.spans(dimension);
        spans
            .iter()
            .filter_map(move |(from, to)| text.get(*from..*to))
    }

    /// Which values of a dimension's lists the user has, where those lists are the ones that the user's facts
    /// were taken apart for.
    pub(crate) fn numbers(&self, dimension: Dimension, lists: &Arc<()>) -> Option<&[u32]> {
        self.of_user(dimension)?.numbers(dimension, lists)
    }

    /// Whether a value is there.
    #[must_use]
    pub fn has(&self, dimension: Dimension, value: &str) -> bool {
        if dimension.is_of_imp() {
            return self.values(dimension).any(|it| it == value);
        }
        self.place_of(dimension, value).is_some()
    }

    /// How many values of a dimension there are.
    #[must_use]
    pub fn count(&self, dimension: Dimension) -> usize {
        self.spans(dimension).1.len()
    }

    /// When and how often the user was seen in a segment.
    #[must_use]
    pub fn visit(&self, segment: &str) -> Option<&Visit> {
        let place = self.place_of(Dimension::Segment, segment)?;
        match &self.user {
            Some(user) => user.visit(place),
            None => self.visits.get(place),
        }
    }

    fn place_of(&self, dimension: Dimension, value: &str) -> Option<usize> {
        let is = |place| self.value(dimension, place) == Some(value);
        let places = self
            .of_user(dimension)
            .map_or(&self.places, UserFacts::places);
        places.find(dimension, value, is)
    }

    /// One value of a dimension by its place.
    pub(crate) fn value(&self, dimension: Dimension, place: usize) -> Option<&str> {
        let (text, spans) = self.spans(dimension);
        let (from, to) = spans.get(place)?;
        text.get(*from..*to)
    }

    /// Keeps the value that was written from there on: once, and while there is room.
    fn close(&mut self, dimension: Dimension, from: usize) {
        let to = self.text.len();
        if from == to || self.count(dimension) >= MOST {
            self.text.truncate(from);
            return;
        }
        if !dimension.is_of_imp() {
            let value = self.text.get(from..to).unwrap_or_default();
            if self.place_of(dimension, value).is_some() {
                self.text.truncate(from);
                return;
            }
            let (text, spans) = (&self.text, &self.spans);
            let all = |each: &mut dyn FnMut(Dimension, &str, usize)| {
                let of_request = Dimension::ALL.into_iter().filter(|it| !it.is_of_imp());
                for dimension in of_request {
                    let spans = spans.get(dimension as usize).map_or(&[][..], Vec::as_slice);
                    for (place, (from, to)) in spans.iter().enumerate() {
                        each(dimension, text.get(*from..*to).unwrap_or_default(), place);
                    }
                }
            };
            let place = spans.get(dimension as usize).map_or(0, Vec::len);
            self.places.insert(dimension, value, place, all);
        }
        self.span_mut(dimension).push((from, to));
        self.know(dimension);
    }

    fn span_mut(&mut self, dimension: Dimension) -> &mut Vec<(usize, usize)> {
        // The array has a place for each of `Dimension::ALL`.
        &mut self.spans[dimension as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_normalised() {
        let mut facts = Facts::default();
        facts.push_domain("https://WWW.News.Example.com./politics");
        facts.push_category(1, "IAB3-1");
        facts.push_category(7, "JLBCU7");
        facts.push(Dimension::Country, "us");
        facts.push_region("CA", Some("USA"));
        facts.push_region("US-NY", None);
        facts.push(Dimension::Language, "zh-Hans");
        facts.push(Dimension::Interest, "Технологии");
        facts.push(Dimension::City, "  ");
        facts.push_written(Dimension::Age, 27);
        facts.push_postal_code("SW1A 1AA", Some("GBR"));
        facts.push_keywords("Cars, electric cars,,");
        facts.push_venue("transit.Airports.gates");
        let cases: [(&str, Dimension, &[&str]); 11] = [
            (
                "C-29",
                Dimension::Domain,
                &["news.example.com", "example.com", "com"],
            ),
            ("C-30", Dimension::Category, &["iab3-1", "iab3", "7:jlbcu7"]),
            ("C-28", Dimension::Country, &["USA"]),
            ("C-28", Dimension::Region, &["ca", "us-ca", "us-ny", "ny"]),
            ("C-28", Dimension::Language, &["zh"]),
            ("other alphabets", Dimension::Interest, &["технологии"]),
            ("C-20 empty is unknown", Dimension::City, &[]),
            ("age", Dimension::Age, &["27"]),
            (
                "blanks do not count",
                Dimension::PostalCode,
                &["sw1a1aa", "gb-sw1a1aa"],
            ),
            ("C-44", Dimension::Keyword, &["cars", "electric cars"]),
            (
                "a venue and what holds it",
                Dimension::VenueType,
                &["transit.airports.gates", "transit.airports", "transit"],
            ),
        ];
        for (id, dimension, want) in cases {
            assert_eq!(facts.values(dimension).collect::<Vec<_>>(), want, "{id}");
        }
        assert!(facts.is_known(Dimension::Age) && !facts.is_known(Dimension::City));
        facts.clear();
        assert_eq!(facts.values(Dimension::Domain).count(), 0);
    }
}
