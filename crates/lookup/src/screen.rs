//! Television sets, boxes and tablets, told by words of their own.

use openrtb::enums::DeviceType;

/// A set or a box.
pub(crate) struct Set<'a> {
    pub(crate) kind: DeviceType,
    pub(crate) make: Option<&'a str>,
    pub(crate) model: Option<&'a str>,
    pub(crate) os: Option<&'a str>,
    pub(crate) os_version: Option<&'a str>,
}

/// A word in user agents, and what says it: kind, maker, system, and what stands before the version.
type Sign = (
    &'static str,
    DeviceType,
    Option<&'static str>,
    Option<&'static str>,
    &'static str,
);

const TV: DeviceType = DeviceType::CONNECTED_TV;
const BOX: DeviceType = DeviceType::SET_TOP_BOX;

#[rustfmt::skip]
const SIGNS: &[Sign] = &[
    ("SMART-TV", TV, Some("Samsung"), Some("Tizen"), "Tizen "),
    ("SmartHub", TV, Some("Samsung"), None, ""),
    ("Web0S", TV, Some("LG"), Some("webOS"), ""),
    ("NetCast", TV, Some("LG"), Some("NetCast"), ""),
    ("Roku/", BOX, Some("Roku"), Some("Roku OS"), "DVP-"),
    ("AppleTV", BOX, Some("Apple"), Some("tvOS"), "tvOS "),
    ("Apple TV", BOX, Some("Apple"), Some("tvOS"), "tvOS "),
    ("BRAVIA", TV, Some("Sony"), Some("Android"), "Android "),
    ("VIDAA", TV, Some("Hisense"), Some("VIDAA"), "VIDAA/"),
    ("CrKey", BOX, Some("Google"), None, ""),
    ("GoogleTV", TV, None, Some("Android"), "Android "),
    ("Android TV", TV, None, Some("Android"), "Android "),
    ("HbbTV", TV, None, None, ""),
    ("SmartTV", TV, None, None, ""),
    ("Smart TV", TV, None, None, ""),
    ("Xbox", DeviceType::CONNECTED_DEVICE, Some("Microsoft"), None, ""),
    ("PlayStation", DeviceType::CONNECTED_DEVICE, Some("Sony"), None, ""),
    ("Nintendo", DeviceType::CONNECTED_DEVICE, Some("Nintendo"), None, ""),
];

/// What the words of a user agent say of a set; `None` when it is none.
pub(crate) fn of_agent(ua: &str) -> Option<Set<'_>> {
    if let Some(model) = word(ua, "AFT").filter(|word| word.len() > 3) {
        return Some(Set {
            kind: BOX,
            make: Some("Amazon"),
            model: Some(model),
            os: Some("Fire OS"),
            os_version: None,
        });
    }
    let (_, kind, make, os, before) = SIGNS.iter().find(|(sign, ..)| ua.contains(sign))?;
    let version = (!before.is_empty())
        .then(|| ua.split_once(before))
        .flatten()
        .map(|(_, rest)| {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
            rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
        })
        .filter(|version| !version.is_empty());
    Some(Set {
        kind: *kind,
        make: *make,
        model: None,
        os: *os,
        os_version: version,
    })
}

/// The word that begins so.
fn word<'a>(ua: &'a str, beginning: &str) -> Option<&'a str> {
    ua.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .find(|word| word.starts_with(beginning))
}

/// The kind of a model whose name tells it.
pub(crate) fn of_model(model: &str) -> Option<DeviceType> {
    let tablets = ["iPad", "SM-T", "SM-X", "SM-P", "KF", "Lenovo TB", "Tab "];
    if tablets.iter().any(|it| model.starts_with(it)) || model.contains("Tablet") {
        return Some(DeviceType::TABLET);
    }
    (model.starts_with("AFT")).then_some(BOX)
}
