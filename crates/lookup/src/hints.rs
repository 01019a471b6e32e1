//! Client hints (OpenRTB 2.6 §3.2.29, §3.2.30).

use std::sync::Arc;

use openrtb::UserAgent;
use openrtb::enums::DeviceType;

use crate::device::Device;
use crate::{maker, screen};

/// What the hints say.
pub(crate) fn read(hints: &UserAgent<'_>) -> Device {
    let platform = hints.platform.as_deref();
    let os = platform.and_then(|it| it.brand.as_deref()).map(system);
    let model = hints.model.as_deref().filter(|it| !it.is_empty());
    let browser = hints
        .browsers
        .iter()
        .filter_map(|it| Some((it.brand.as_deref()?, &it.version)))
        .filter_map(|(brand, version)| Some((browser(brand)?, version)))
        .max_by_key(|(name, _)| *name != "Chromium");
    Device {
        kind: kind(os, hints.mobile, model),
        make: model.and_then(maker::of).map(Arc::from),
        model: model.map(Arc::from),
        os: os.filter(|it| !it.is_empty()).map(Arc::from),
        os_version: platform.and_then(|it| dotted(&it.version)),
        browser: browser.map(|(name, _)| name.into()),
        browser_version: browser.and_then(|(_, version)| dotted(version)),
    }
}

fn dotted(version: &[openrtb::Str<'_>]) -> Option<Arc<str>> {
    let parts: Vec<&str> = version
        .iter()
        .map(|it| &**it)
        .filter(|it| !it.is_empty())
        .collect();
    (!parts.is_empty()).then(|| parts.join(".").into())
}

/// The platform's name as user agents are read, too.
fn system(brand: &str) -> &str {
    match brand {
        "Chrome OS" | "Chromium OS" => "ChromeOS",
        "Mac OS X" | "Mac OS" => "macOS",
        known => known,
    }
}

/// Brands that browsers add so that nobody relies on the list's order are left out.
fn browser(brand: &str) -> Option<&str> {
    let made_up = brand.contains("Not") && brand.contains("Brand");
    (!made_up).then_some(match brand {
        "Google Chrome" => "Chrome",
        "Microsoft Edge" => "Edge",
        "Samsung Internet" | "Samsung Browser" => "Samsung Internet",
        known => known,
    })
}

/// `mobile` tells phones from everything else; of a system that runs on one kind only the kind is known.
fn kind(os: Option<&str>, mobile: Option<bool>, model: Option<&str>) -> Option<DeviceType> {
    if let Some(kind) = model.and_then(screen::of_model) {
        return Some(kind);
    }
    match (os, mobile) {
        (_, Some(true)) => Some(DeviceType::PHONE),
        (Some("Windows" | "macOS" | "Linux" | "ChromeOS"), _) => {
            Some(DeviceType::PERSONAL_COMPUTER)
        }
        (Some("Android"), Some(false)) => Some(DeviceType::TABLET),
        _ => None,
    }
}
