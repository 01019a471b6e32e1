//! A place.

use crate::enums::{IpLocationService, LocationType};
use crate::json::Str;
use crate::object::object;

object! {
    /// A place (OpenRTB 2.6 §3.2.19).
    pub struct Geo<'a> of "OpenRTB 2.6 §3.2.19" {
        /// Latitude in degrees, south negative.
        lat: Option<f64> = "lat",
        /// Longitude in degrees, west negative.
        lon: Option<f64> = "lon",
        /// Longitude as the standard's samples spell it (C-150).
        long: Option<f64> = "long",
        /// Where the position comes from.
        kind: Option<LocationType> = "type",
        /// Accuracy in metres.
        accuracy: Option<i32> = "accuracy",
        /// Seconds since the position was fixed.
        lastfix: Option<i32> = "lastfix",
        /// Service that located the address.
        ipservice: Option<IpLocationService> = "ipservice",
        /// Country, ISO 3166-1 alpha-3.
        country: Option<Str<'a>> = "country",
        /// Region, ISO 3166-2; a two-letter state in the USA.
        region: Option<Str<'a>> = "region",
        /// Region, FIPS 10-4.
        regionfips104: Option<Str<'a>> = "regionfips104",
        /// Google metro code.
        metro: Option<Str<'a>> = "metro",
        /// City, UN/LOCODE.
        city: Option<Str<'a>> = "city",
        /// Postal code.
        zip: Option<Str<'a>> = "zip",
        /// Minutes from UTC.
        utcoffset: Option<i32> = "utcoffset",
    }
    tracked: true,
}
