//! What the server found out besides the request: it fills what the request does not say.

use contracts::catalog::Degrees;
use serde::Serialize;

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
