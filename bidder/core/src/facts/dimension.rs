//! The dimensions of targeting, and the form in which their values are compared.

use contracts::catalog::{Flag, Key};
use units::country;

/// A key of targeting whose rule is a list of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// `device.geo.country`, alpha-3.
    Country,
    /// `device.geo.region`, with and without its country.
    Region,
    /// `device.geo.city`.
    City,
    /// `device.geo.metro`.
    Metro,
    /// `device.geo.zip`, with and without its country.
    PostalCode,
    /// `device.devicetype`, by name.
    DeviceType,
    /// `device.os`, else the platform of `device.sua`.
    Os,
    /// `device.make`.
    Make,
    /// `device.model`, else that of `device.sua`.
    Model,
    /// The browsers of `device.sua`.
    Browser,
    /// `device.carrier` and `device.mccmnc`.
    Carrier,
    /// `device.connectiontype`, by name.
    ConnectionType,
    /// The device's language, ISO 639-1.
    Language,
    /// The site's domain and the domains above it.
    Domain,
    /// The app's bundle.
    Bundle,
    /// Content categories and, in taxonomy 1, their tier-1 parents; of another taxonomy behind its number.
    Category,
    /// Keywords of the site, app, content and user.
    Keyword,
    /// `publisher.id` of the site, app or screen.
    Publisher,
    /// Name of the caller's account.
    Exchange,
    /// `dooh.venuetype`, with the venues that hold it.
    VenueType,
    /// Shared lists that hold the domain, bundle or postal code.
    List,
    /// The user's gender.
    Gender,
    /// The user's age in years.
    Age,
    /// The user's interests.
    Interest,
    /// The user's segments.
    Segment,
    /// `pos` of the banner or video, by name.
    Position,
    /// `video.plcmt`, by name.
    PlacementType,
    /// `instl`.
    Interstitial,
    /// `rwdd`.
    Rewarded,
    /// `video.skip`.
    Skippable,
    /// Whether the imp has a `podid`.
    InPod,
    /// Sizes that the imp offers.
    Size,
    /// Media that the imp offers.
    Format,
    /// Deals that the imp offers.
    Deal,
}

impl Dimension {
    /// All dimensions, those of the whole request first and those of one imp behind them.
    pub const ALL: [Self; 34] = [
        Self::Country,
        Self::Region,
        Self::City,
        Self::Metro,
        Self::PostalCode,
        Self::DeviceType,
        Self::Os,
        Self::Make,
        Self::Model,
        Self::Browser,
        Self::Carrier,
        Self::ConnectionType,
        Self::Language,
        Self::Domain,
        Self::Bundle,
        Self::Category,
        Self::Keyword,
        Self::Publisher,
        Self::Exchange,
        Self::VenueType,
        Self::List,
        Self::Gender,
        Self::Age,
        Self::Interest,
        Self::Segment,
        Self::Position,
        Self::PlacementType,
        Self::Interstitial,
        Self::Rewarded,
        Self::Skippable,
        Self::InPod,
        Self::Size,
        Self::Format,
        Self::Deal,
    ];

    /// Whether its values may differ from imp to imp.
    #[must_use]
    pub const fn is_of_imp(self) -> bool {
        self as usize >= Self::Position as usize
    }

    /// Whether its values are a list of the user's profile.
    #[must_use]
    pub const fn is_list_of_user(self) -> bool {
        matches!(self, Self::Interest | Self::Segment)
    }

    /// The dimension of a key; day parts are none.
    #[must_use]
    pub const fn of(key: Key) -> Option<Self> {
        Some(match key {
            Key::Gender => Self::Gender,
            Key::Interest => Self::Interest,
            Key::Segment => Self::Segment,
            Key::Country => Self::Country,
            Key::Region => Self::Region,
            Key::City => Self::City,
            Key::DeviceType => Self::DeviceType,
            Key::Os => Self::Os,
            Key::Size => Self::Size,
            Key::Format => Self::Format,
            Key::Domain => Self::Domain,
            Key::Bundle => Self::Bundle,
            Key::Category => Self::Category,
            Key::Language => Self::Language,
            Key::Daypart => return None,
            Key::Deal => Self::Deal,
            Key::Metro => Self::Metro,
            Key::PostalCode => Self::PostalCode,
            Key::Make => Self::Make,
            Key::Model => Self::Model,
            Key::Browser => Self::Browser,
            Key::Carrier => Self::Carrier,
            Key::ConnectionType => Self::ConnectionType,
            Key::Keyword => Self::Keyword,
            Key::Publisher => Self::Publisher,
            Key::Exchange => Self::Exchange,
            Key::Position => Self::Position,
            Key::PlacementType => Self::PlacementType,
            Key::VenueType => Self::VenueType,
            Key::List => Self::List,
        })
    }

    /// The dimension of a flag, whose values are [`flag`]'s.
    #[must_use]
    pub const fn of_flag(flag: Flag) -> Self {
        match flag {
            Flag::Interstitial => Self::Interstitial,
            Flag::Rewarded => Self::Rewarded,
            Flag::Skippable => Self::Skippable,
            Flag::InPod => Self::InPod,
        }
    }

    /// The form in which values of this dimension are compared, appended to `out`.
    pub fn normalise(self, text: &str, out: &mut String) {
        let text = trim(text);
        match self {
            Self::Country => match country::alpha_3(text) {
                Some(code) => out.push_str(code),
                None => lower(text, out),
            },
            Self::Domain => lower(domain(text), out),
            Self::Deal | Self::Publisher | Self::List => out.push_str(text),
            Self::Language => lower(text.split(['-', '_']).next().unwrap_or(text), out),
            Self::PostalCode => {
                for part in text.split_whitespace() {
                    lower(part, out);
                }
            }
            Self::Region
            | Self::City
            | Self::Metro
            | Self::DeviceType
            | Self::Os
            | Self::Make
            | Self::Model
            | Self::Browser
            | Self::Carrier
            | Self::ConnectionType
            | Self::Bundle
            | Self::Category
            | Self::Keyword
            | Self::Exchange
            | Self::VenueType
            | Self::Gender
            | Self::Age
            | Self::Interest
            | Self::Segment
            | Self::Position
            | Self::PlacementType
            | Self::Interstitial
            | Self::Rewarded
            | Self::Skippable
            | Self::InPod
            | Self::Size
            | Self::Format => lower(text, out),
        }
    }
}

/// The value of a flag.
#[must_use]
pub const fn flag(set: bool) -> &'static str {
    if set { "true" } else { "false" }
}

/// What stands before categories of a taxonomy: nothing before those of taxonomy 1 (C-30).
pub fn push_taxonomy(cattax: i32, out: &mut String) {
    use std::fmt::Write as _;
    if cattax != 1 {
        let _ = write!(out, "{cattax}:");
    }
}

/// Whether a value of [`Dimension::Category`] is of a taxonomy.
#[must_use]
pub fn is_of_taxonomy(value: &str, cattax: i32) -> bool {
    match value.split_once(':') {
        Some((taxonomy, _)) => taxonomy.parse() == Ok(cattax),
        None => cattax == 1,
    }
}

/// A domain without scheme, path, leading `www.` and trailing dot (C-29).
#[must_use]
pub fn domain(text: &str) -> &str {
    // Colon by colon: to look for all three is to prepare a search.
    let mut colons = text.match_indices(':');
    let text = colons
        .find_map(|(at, _)| text.get(at..)?.strip_prefix("://"))
        .unwrap_or(text);
    let text = text.split(['/', '?', '#']).next().unwrap_or(text);
    let text = text.strip_suffix('.').unwrap_or(text);
    match text.get(..4) {
        Some(www) if www.eq_ignore_ascii_case("www.") => text.get(4..).unwrap_or(text),
        Some(_) | None => text,
    }
}

/// `str::trim`, which nearly all values can do without: the ends are looked at before characters are read.
fn trim(text: &str) -> &str {
    let is_plain = |end: Option<&u8>| end.is_some_and(u8::is_ascii_graphic);
    if is_plain(text.as_bytes().first()) && is_plain(text.as_bytes().last()) {
        return text;
    }
    text.trim()
}

pub(super) fn lower(text: &str, out: &mut String) {
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
