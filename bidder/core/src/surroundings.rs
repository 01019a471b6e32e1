//! What the server found out besides the request: it fills what the request does not say.

use std::sync::Arc;

use contracts::catalog::Degrees;
use serde::{Deserialize, Serialize};

/// What is known besides the request; empty where nothing is.
///
/// The request's own values win.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Surroundings<'a> {
    /// The device, read from client hints, and from the user agent where they say nothing (C-140).
    pub device: KnownDevice<'a>,
    /// The place of the IP address.
    pub place: Place<'a>,
    /// Name of the caller's account: the exchange or SSP.
    pub source: Option<&'a str>,
    /// The request as it was received, for terms that look at a place of it.
    pub body: Option<&'a [u8]>,
}

/// A device as its headers tell it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct KnownDevice<'a> {
    /// AdCOM device type.
    pub device_type: Option<i32>,
    /// Maker.
    pub make: Option<&'a str>,
    /// Model.
    pub model: Option<&'a str>,
    /// Operating system.
    pub os: Option<&'a str>,
    /// Its version.
    pub os_version: Option<&'a str>,
    /// Browser.
    pub browser: Option<&'a str>,
}

/// A place as a database of IP addresses tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Place<'a> {
    /// Country, ISO 3166-1.
    pub country: Option<&'a str>,
    /// Region, ISO 3166-2.
    pub region: Option<&'a str>,
    /// City, by name.
    pub city: Option<&'a str>,
    /// Metropolitan area.
    pub metro: Option<&'a str>,
    /// Postal code.
    pub postal_code: Option<&'a str>,
    /// Latitude and longitude: the middle of the place, not of the device (C-141).
    pub middle: Option<(Degrees, Degrees)>,
}

/// What was found out, kept for as long as the decision and its record need it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Around {
    /// AdCOM device type.
    pub device_type: Option<i32>,
    /// Maker.
    pub make: Option<Arc<str>>,
    /// Model.
    pub model: Option<Arc<str>>,
    /// Operating system.
    pub os: Option<Arc<str>>,
    /// Its version.
    pub os_version: Option<Arc<str>>,
    /// Browser.
    pub browser: Option<Arc<str>>,
    /// Country, ISO 3166-1.
    pub country: Option<Arc<str>>,
    /// Region, ISO 3166-2.
    pub region: Option<Arc<str>>,
    /// City, by name.
    pub city: Option<Arc<str>>,
    /// Metropolitan area.
    pub metro: Option<Arc<str>>,
    /// Postal code.
    pub postal_code: Option<Arc<str>>,
    /// Latitude and longitude in millionths of a degree.
    pub middle: Option<(i32, i32)>,
}

impl Around {
    /// As the decision sees it, with who asked and the request as it was received.
    #[must_use]
    pub fn of<'a>(&'a self, source: Option<&'a str>, body: &'a [u8]) -> Surroundings<'a> {
        let middle = self.middle.and_then(|(latitude, longitude)| {
            Degrees::from_micros(latitude).zip(Degrees::from_micros(longitude))
        });
        Surroundings {
            device: KnownDevice {
                device_type: self.device_type,
                make: self.make.as_deref(),
                model: self.model.as_deref(),
                os: self.os.as_deref(),
                os_version: self.os_version.as_deref(),
                browser: self.browser.as_deref(),
            },
            place: Place {
                country: self.country.as_deref(),
                region: self.region.as_deref(),
                city: self.city.as_deref(),
                metro: self.metro.as_deref(),
                postal_code: self.postal_code.as_deref(),
                middle,
            },
            source,
            body: Some(body),
        }
    }
}
