//! One spelling per value: what is saved is what is compared.

use contracts::catalog::Key;
use units::country;

use crate::web;

const GENDERS: &[&str] = &["M", "F", "O"];
const DEVICE_TYPES: &[&str] = &[
    "mobile",
    "desktop",
    "tablet",
    "ctv",
    "connected_device",
    "set_top_box",
    "ooh",
];
const FORMATS: &[&str] = &["banner", "video", "audio", "native"];
const CONNECTION_TYPES: &[&str] = &["ethernet", "wifi", "cellular", "2g", "3g", "4g", "5g"];
const POSITIONS: &[&str] = &[
    "above_the_fold",
    "locked",
    "below_the_fold",
    "header",
    "footer",
    "sidebar",
    "full_screen",
];
const PLACEMENT_TYPES: &[&str] = &[
    "instream",
    "accompanying_content",
    "interstitial",
    "standalone",
    "pause",
    "screensaver",
    "overlay",
    "squeezeback",
    "in_scene",
];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Spells a value of a key; `None` for what the key does not know.
pub(in crate::line_item) fn spell(key: Key, text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    match key {
        Key::Gender => one_of(&text.to_ascii_uppercase(), GENDERS),
        Key::Country => country::alpha_2(text).map(Into::into),
        Key::Region => Some(text.to_ascii_uppercase()),
        Key::DeviceType => one_of(&text.to_ascii_lowercase(), DEVICE_TYPES),
        Key::Size => web::size(text),
        Key::Format => one_of(&text.to_ascii_lowercase(), FORMATS),
        Key::Domain => web::domain(text),
        Key::Language => language(text),
        Key::Daypart => daypart(text),
        Key::PostalCode => Some(postal_code(text)),
        Key::ConnectionType => one_of(&text.to_ascii_lowercase(), CONNECTION_TYPES),
        Key::Position => one_of(&text.to_ascii_lowercase(), POSITIONS),
        Key::PlacementType => one_of(&text.to_ascii_lowercase(), PLACEMENT_TYPES),
        Key::VenueType => Some(text.to_ascii_lowercase()),
        Key::Interest
        | Key::Segment
        | Key::City
        | Key::Os
        | Key::Bundle
        | Key::Category
        | Key::Deal
        | Key::Metro
        | Key::Make
        | Key::Model
        | Key::Browser
        | Key::Carrier
        | Key::Keyword
        | Key::Publisher
        | Key::Exchange
        | Key::List => Some(text.to_owned()),
    }
}

/// A postal code as it is compared: capitals, no blanks.
pub(crate) fn postal_code(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_uppercase()
}

fn one_of(text: &str, known: &[&str]) -> Option<String> {
    known.contains(&text).then(|| text.to_owned())
}

fn language(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    (lower.len() == 2 && lower.bytes().all(|b| b.is_ascii_alphabetic())).then_some(lower)
}

/// `mon-fri 09-17` or `sat 00-24`: days, then hours of the day, end excluded.
fn daypart(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (days, hours) = lower.split_once(' ')?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let (from, to) = hours.trim().split_once('-')?;
    let hour = |text: &str| text.parse::<u8>().ok().filter(|hour| *hour <= 24);
    let legal = day(first)? <= day(last)? && hour(from)? < hour(to)?;
    legal.then(|| {
        format!(
            "{days} {:02}-{:02}",
            hour(from).unwrap_or(0),
            hour(to).unwrap_or(24)
        )
    })
}
