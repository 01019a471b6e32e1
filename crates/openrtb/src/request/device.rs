//! The device.

use super::{Geo, UserAgent};
use crate::enums::{ConnectionType, DeviceType};
use crate::json::Str;
use crate::object::object;

object! {
    /// The device that shows the ad (OpenRTB 2.6 §3.2.18).
    pub struct Device<'a> of "OpenRTB 2.6 §3.2.18" {
        /// Where the device is now (C-141).
        geo: Option<Box<Geo<'a>>> = "geo",
        /// Whether "do not track" is set.
        dnt: Option<bool> = "dnt",
        /// Whether ad tracking is limited.
        lmt: Option<bool> = "lmt",
        /// User agent string, raw.
        ua: Option<Str<'a>> = "ua",
        /// User agent by client hints, truer than `ua` (C-140).
        sua: Option<Box<UserAgent<'a>>> = "sua",
        /// IPv4 address.
        ip: Option<Str<'a>> = "ip",
        /// IPv6 address.
        ipv6: Option<Str<'a>> = "ipv6",
        /// Kind of device.
        devicetype: Option<DeviceType> = "devicetype",
        /// Make.
        make: Option<Str<'a>> = "make",
        /// Model.
        model: Option<Str<'a>> = "model",
        /// Operating system.
        os: Option<Str<'a>> = "os",
        /// Its version.
        osv: Option<Str<'a>> = "osv",
        /// Hardware version.
        hwv: Option<Str<'a>> = "hwv",
        /// Height of the screen in pixels.
        h: Option<i32> = "h",
        /// Width of the screen in pixels.
        w: Option<i32> = "w",
        /// Pixels per inch.
        ppi: Option<i32> = "ppi",
        /// Physical pixels per device independent pixel.
        pxratio: Option<f64> = "pxratio",
        /// Whether JavaScript runs.
        js: Option<bool> = "js",
        /// Whether banner scripts may ask for the position.
        geofetch: Option<bool> = "geofetch",
        /// Version of Flash.
        flashver: Option<Str<'a>> = "flashver",
        /// Language, ISO 639-1.
        language: Option<Str<'a>> = "language",
        /// Language, BCP 47; excludes `language` (C-43).
        langb: Option<Str<'a>> = "langb",
        /// Carrier.
        carrier: Option<Str<'a>> = "carrier",
        /// Mobile country and network code with a dash, `310-005`.
        mccmnc: Option<Str<'a>> = "mccmnc",
        /// Kind of connection.
        connectiontype: Option<ConnectionType> = "connectiontype",
        /// Advertising id; all zeros is absent (C-142).
        ifa: Option<Str<'a>> = "ifa",
        /// Hashed device id (deprecated).
        didsha1: Option<Str<'a>> = "didsha1",
        /// Hashed device id (deprecated).
        didmd5: Option<Str<'a>> = "didmd5",
        /// Hashed platform id (deprecated).
        dpidsha1: Option<Str<'a>> = "dpidsha1",
        /// Hashed platform id (deprecated).
        dpidmd5: Option<Str<'a>> = "dpidmd5",
        /// Hashed MAC address (deprecated).
        macsha1: Option<Str<'a>> = "macsha1",
        /// Hashed MAC address (deprecated).
        macmd5: Option<Str<'a>> = "macmd5",
    }
    tracked: true,
}
