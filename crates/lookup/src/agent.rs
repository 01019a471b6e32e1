//! A user agent's text.
//!
//! Browser, system and versions come from woothee; what it does not know (television sets, models, tablets)
//! is read here.

use std::sync::Arc;

use openrtb::enums::DeviceType;
use woothee::parser::{Parser, WootheeResult};

use crate::device::Device;
use crate::{maker, screen};

/// What the text says; nothing for a program that is no browser.
pub(crate) fn read(ua: &str) -> Device {
    let read = Parser::new().parse(ua).unwrap_or_default();
    if read.category == "crawler" {
        return Device::default();
    }
    if let Some(set) = screen::of_agent(ua) {
        return Device {
            kind: Some(set.kind),
            make: set.make.map(Arc::from),
            model: set.model.map(Arc::from),
            os: set.os.map(Arc::from),
            os_version: set.os_version.map(Arc::from),
            browser: None,
            browser_version: None,
        };
    }
    let (os, os_version) = system(&read);
    let model = model(ua, &read);
    let browser = browser(&read);
    Device {
        kind: kind(ua, &read, model),
        make: model.and_then(maker::of).map(Arc::from),
        model: model.map(Arc::from),
        os: os.map(Arc::from),
        os_version: os_version.map(Arc::from),
        browser_version: browser.and(known(read.version)).map(Arc::from),
        browser: browser.map(Arc::from),
    }
}

fn known(text: &str) -> Option<&str> {
    (!text.is_empty() && text != "UNKNOWN").then_some(text)
}

fn system<'a>(read: &'a WootheeResult<'_>) -> (Option<&'a str>, Option<&'a str>) {
    let version = known(&read.os_version);
    match read.os {
        "iPhone" | "iPad" | "iPod" | "iOS" => (Some("iOS"), version),
        "Mac OSX" | "Mac OS Classic" => (Some("macOS"), version),
        "Windows UNKNOWN Ver" => (Some("Windows"), None),
        "Windows Phone OS" => (Some("Windows Phone"), version),
        os => match os.strip_prefix("Windows ") {
            // The version of Windows is in the name; the other one is the kernel's.
            Some(named) => (Some("Windows"), Some(named)),
            None => (known(os), version),
        },
    }
}

fn browser<'a>(read: &WootheeResult<'a>) -> Option<&'a str> {
    match known(read.name)? {
        "SamsungBrowser" => Some("Samsung Internet"),
        // A view inside an app: which app, the app's own attributes say.
        "Webview" => None,
        name => (read.browser_type == "browser").then_some(name),
    }
}

fn kind(ua: &str, read: &WootheeResult<'_>, model: Option<&str>) -> Option<DeviceType> {
    if let Some(kind) = model.and_then(screen::of_model) {
        return Some(kind);
    }
    match (read.os, read.category) {
        ("iPad", _) => Some(DeviceType::TABLET),
        // Android's browsers say Mobile on phones, and on phones only.
        ("Android", _) if !ua.contains("Mobile") => Some(DeviceType::TABLET),
        (_, "smartphone" | "mobilephone") => Some(DeviceType::PHONE),
        (_, "pc") => Some(DeviceType::PERSONAL_COMPUTER),
        (_, "appliance") => Some(DeviceType::CONNECTED_DEVICE),
        _ => None,
    }
}

/// Apple says the family alone; on Android the model stands behind the system's version.
fn model<'a>(ua: &'a str, read: &WootheeResult<'a>) -> Option<&'a str> {
    match read.os {
        "iPhone" | "iPad" | "iPod" => Some(read.os),
        "Android" => {
            let (_, rest) = ua.split_once("Android")?;
            let inside = rest.split(')').next()?;
            let fields = inside.split(';').skip(1).map(str::trim);
            let field = fields
                .filter(|field| !is_locale(field) && !matches!(*field, "wv" | "U" | "Mobile" | ""))
                .map(|field| field.split(" Build/").next().unwrap_or(field).trim())
                .next()?;
            // K is what the frozen user agent says of every device.
            (field != "K" && !field.is_empty()).then_some(field)
        }
        _ => None,
    }
}

/// `en-us` or `zh-cn`, which older browsers put before the model.
fn is_locale(field: &str) -> bool {
    let bytes = field.as_bytes();
    bytes.len() == 5
        && matches!(bytes.get(2), Some(b'-' | b'_'))
        && bytes
            .iter()
            .filter(|byte| byte.is_ascii_alphabetic())
            .count()
            == 4
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = [Option<&'static str>; 6];
    const NOT: Option<&str> = None;

    #[test]
    fn user_agents_as_they_are_met() {
        struct Case(&'static str, &'static str, Option<DeviceType>, Seen);
        let cases = [
            Case(
                "a phone of Apple",
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
                Some(DeviceType::PHONE),
                [
                    Some("Apple"),
                    Some("iPhone"),
                    Some("iOS"),
                    Some("17.4"),
                    Some("Safari"),
                    Some("17.4"),
                ],
            ),
            Case(
                "a tablet of Apple",
                "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
                Some(DeviceType::TABLET),
                [
                    Some("Apple"),
                    Some("iPad"),
                    Some("iOS"),
                    Some("16.6"),
                    Some("Safari"),
                    Some("16.6"),
                ],
            ),
            Case(
                "a phone of Google",
                "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A.240205.004) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.6167.178 Mobile Safari/537.36",
                Some(DeviceType::PHONE),
                [
                    Some("Google"),
                    Some("Pixel 8"),
                    Some("Android"),
                    Some("14"),
                    Some("Chrome"),
                    Some("121.0.6167.178"),
                ],
            ),
            Case(
                "a phone of Samsung with its browser, and a locale before the model",
                "Mozilla/5.0 (Linux; U; Android 13; en-us; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
                Some(DeviceType::PHONE),
                [
                    Some("Samsung"),
                    Some("SM-S918B"),
                    Some("Android"),
                    Some("13"),
                    Some("Samsung Internet"),
                    Some("23.0"),
                ],
            ),
            Case(
                "a tablet with Android does not say Mobile",
                "Mozilla/5.0 (Linux; Android 13; SM-X900) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36",
                Some(DeviceType::TABLET),
                [
                    Some("Samsung"),
                    Some("SM-X900"),
                    Some("Android"),
                    Some("13"),
                    Some("Chrome"),
                    Some("118.0.0.0"),
                ],
            ),
            Case(
                "a frozen user agent names no model",
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36",
                Some(DeviceType::PHONE),
                [
                    NOT,
                    NOT,
                    Some("Android"),
                    Some("10"),
                    Some("Chrome"),
                    Some("124.0.0.0"),
                ],
            ),
            Case(
                "Windows",
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36 Edg/122.0.2365.66",
                Some(DeviceType::PERSONAL_COMPUTER),
                [
                    NOT,
                    NOT,
                    Some("Windows"),
                    Some("10"),
                    Some("Edge"),
                    Some("122.0.2365.66"),
                ],
            ),
            Case(
                "macOS",
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.3 Safari/605.1.15",
                Some(DeviceType::PERSONAL_COMPUTER),
                [
                    NOT,
                    NOT,
                    Some("macOS"),
                    Some("10.15.7"),
                    Some("Safari"),
                    Some("17.3"),
                ],
            ),
            Case(
                "Linux",
                "Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0",
                Some(DeviceType::PERSONAL_COMPUTER),
                [NOT, NOT, Some("Linux"), NOT, Some("Firefox"), Some("123.0")],
            ),
            Case(
                "a television set of Samsung",
                "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36",
                Some(DeviceType::CONNECTED_TV),
                [Some("Samsung"), NOT, Some("Tizen"), Some("7.0"), NOT, NOT],
            ),
            Case(
                "a television set of LG",
                "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager",
                Some(DeviceType::CONNECTED_TV),
                [Some("LG"), NOT, Some("webOS"), NOT, NOT, NOT],
            ),
            Case(
                "a stick of Amazon",
                "Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7242) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/70.0.3538.110 Mobile Safari/537.36",
                Some(DeviceType::SET_TOP_BOX),
                [
                    Some("Amazon"),
                    Some("AFTMM"),
                    Some("Fire OS"),
                    NOT,
                    NOT,
                    NOT,
                ],
            ),
            Case(
                "a Roku",
                "Roku/DVP-12.5 (12.5.0.4178-88)",
                Some(DeviceType::SET_TOP_BOX),
                [Some("Roku"), NOT, Some("Roku OS"), Some("12.5"), NOT, NOT],
            ),
            Case(
                "a crawler is no device",
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                None,
                [NOT; 6],
            ),
            Case("no browser", "curl/8.5.0", None, [NOT; 6]),
            Case("nothing", "", None, [NOT; 6]),
        ];
        for Case(says, ua, kind, want) in cases {
            let got = read(ua);
            let seen = [
                &got.make,
                &got.model,
                &got.os,
                &got.os_version,
                &got.browser,
                &got.browser_version,
            ];
            assert_eq!(seen.map(|it| it.as_deref()), want, "{says}");
            assert_eq!(got.kind, kind, "{says}");
        }
    }
}
