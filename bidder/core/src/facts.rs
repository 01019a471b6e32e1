//! What a request and its user say, as normalised texts per dimension of targeting.

use std::fmt::Write as _;

use contracts::profile::Profile;

use units::country;

/// A key of targeting whose rule is a list of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// `device.geo.country`, alpha-3.
    Country,
    /// `device.geo.region`, with and without its country.
    Region,
    /// `device.geo.city`.
    City,
    /// `device.devicetype`, by name.
    DeviceType,
    /// `device.os`.
    Os,
    /// The site's domain and the domains above it.
    Domain,
    /// The app's bundle.
    Bundle,
    /// Content categories of taxonomy 1, and their tier-1 parents.
    Category,
    /// The device's language, ISO 639-1.
    Language,
    /// The user's gender.
    Gender,
    /// The user's age in years.
    Age,
    /// The user's interests.
    Interest,
    /// The user's segments.
    Segment,
    /// Deals that the imp offers.
    Deal,
}

impl Dimension {
    /// All dimensions, those of the whole request first and that of one imp last.
    pub const ALL: [Self; 14] = [
        Self::Country,
        Self::Region,
        Self::City,
        Self::DeviceType,
        Self::Os,
        Self::Domain,
        Self::Bundle,
        Self::Category,
        Self::Language,
        Self::Gender,
        Self::Age,
        Self::Interest,
        Self::Segment,
        Self::Deal,
    ];

    /// The form in which values of this dimension are compared, appended to `out`.
    pub fn normalise(self, text: &str, out: &mut String) {
        let text = text.trim();
        match self {
            Self::Country => match country::alpha_3(text) {
                Some(code) => out.push_str(code),
                None => lower(text, out),
            },
            Self::Domain => lower(domain(text), out),
            Self::Deal => out.push_str(text),
            Self::Language => lower(text.split(['-', '_']).next().unwrap_or(text), out),
            Self::Region
            | Self::City
            | Self::DeviceType
            | Self::Os
            | Self::Bundle
            | Self::Category
            | Self::Gender
            | Self::Age
            | Self::Interest
            | Self::Segment => lower(text, out),
        }
    }
}

/// A domain without scheme, path, leading `www.` and trailing dot (C-29).
#[must_use]
pub fn domain(text: &str) -> &str {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next().unwrap_or(text);
    let text = text.strip_suffix('.').unwrap_or(text);
    match text.get(..4) {
        Some(www) if www.eq_ignore_ascii_case("www.") => text.get(4..).unwrap_or(text),
        Some(_) | None => text,
    }
}

fn lower(text: &str, out: &mut String) {
    if text.is_ascii() {
        let from = out.len();
        out.push_str(text);
        if let Some(added) = out.get_mut(from..) {
            added.make_ascii_lowercase();
        }
    } else {
        out.extend(text.chars().flat_map(char::to_lowercase));
    }
}

/// The values of each dimension; its memory is kept from request to request.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    text: String,
    spans: [Vec<(usize, usize)>; Dimension::ALL.len()],
}

/// More values than this of one dimension are ignored, so that no request costs much.
const MOST: usize = 512;

impl Facts {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.text.clear();
        self.spans.iter_mut().for_each(Vec::clear);
    }

    /// Forgets one dimension's values.
    pub fn forget(&mut self, dimension: Dimension) {
        self.span_mut(dimension).clear();
    }

    /// Adds a value; an empty one is unknown and not added.
    pub fn push(&mut self, dimension: Dimension, text: &str) {
        let from = self.text.len();
        dimension.normalise(text, &mut self.text);
        self.close(dimension, from);
    }

    /// Adds a domain and all domains above it: a targeted domain covers its subdomains.
    pub fn push_domain(&mut self, text: &str) {
        let mut rest = domain(text.trim());
        while !rest.is_empty() {
            self.push(Dimension::Domain, rest);
            rest = rest.split_once('.').map_or("", |(_, above)| above);
        }
    }

    /// Adds a category of taxonomy 1 and its tier-1 parent.
    pub fn push_category(&mut self, text: &str) {
        self.push(Dimension::Category, text);
        if let Some((tier1, _)) = text.split_once('-') {
            self.push(Dimension::Category, tier1);
        }
    }

    /// Adds a region, alone and with its country: `CA` in the USA is also `US-CA`.
    pub fn push_region(&mut self, region: &str, country: Option<&str>) {
        self.push(Dimension::Region, region);
        if let Some((_, short)) = region.split_once('-') {
            self.push(Dimension::Region, short);
        } else if let Some(alpha2) = country
            .and_then(country::alpha_3)
            .and_then(country::alpha_2)
        {
            let from = self.text.len();
            lower(alpha2, &mut self.text);
            self.text.push('-');
            lower(region.trim(), &mut self.text);
            self.close(Dimension::Region, from);
        }
    }

    /// Adds the user's age.
    pub fn push_age(&mut self, years: u8) {
        let from = self.text.len();
        let _ = write!(self.text, "{years}");
        self.close(Dimension::Age, from);
    }

    /// Adds what a profile says. Called only where identity may be used.
    pub fn push_profile(&mut self, profile: &Profile) {
        if let Some(age) = profile.demographics.age {
            self.push_age(age);
        }
        if let Some(gender) = &profile.demographics.gender {
            self.push(Dimension::Gender, gender);
        }
        for interest in &profile.interests {
            self.push(Dimension::Interest, interest);
        }
        for segment in &profile.segments {
            self.push(Dimension::Segment, segment.id.as_str());
        }
    }

    /// The values of one dimension.
    pub fn values(&self, dimension: Dimension) -> impl Iterator<Item = &str> + Clone {
        let spans = self
            .spans
            .get(dimension as usize)
            .map_or(&[][..], Vec::as_slice);
        spans
            .iter()
            .filter_map(|(from, to)| self.text.get(*from..*to))
    }

    fn close(&mut self, dimension: Dimension, from: usize) {
        let to = self.text.len();
        if from < to && self.span_mut(dimension).len() < MOST {
            self.span_mut(dimension).push((from, to));
        } else {
            self.text.truncate(from);
        }
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
        facts.push_category("IAB3-1");
        facts.push(Dimension::Country, "us");
        facts.push_region("CA", Some("USA"));
        facts.push_region("US-NY", None);
        facts.push(Dimension::Language, "zh-Hans");
        facts.push(Dimension::Interest, "Технологии");
        facts.push(Dimension::City, "  ");
        facts.push_age(27);
        let cases: [(&str, Dimension, &[&str]); 8] = [
            (
                "C-29",
                Dimension::Domain,
                &["news.example.com", "example.com", "com"],
            ),
            ("C-30", Dimension::Category, &["iab3-1", "iab3"]),
            ("C-28", Dimension::Country, &["USA"]),
            ("C-28", Dimension::Region, &["ca", "us-ca", "us-ny", "ny"]),
            ("C-28", Dimension::Language, &["zh"]),
            ("other alphabets", Dimension::Interest, &["технологии"]),
            ("C-20 empty is unknown", Dimension::City, &[]),
            ("age", Dimension::Age, &["27"]),
        ];
        for (id, dimension, want) in cases {
            assert_eq!(facts.values(dimension).collect::<Vec<_>>(), want, "{id}");
        }
        facts.clear();
        assert_eq!(facts.values(Dimension::Domain).count(), 0);
    }
}
