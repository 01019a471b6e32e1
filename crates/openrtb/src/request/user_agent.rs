//! Client hints.

use crate::enums::UserAgentSource;
use crate::json::Str;
use crate::list::List;
use crate::object::object;

object! {
    /// Structured user agent (OpenRTB 2.6 §3.2.29).
    pub struct UserAgent<'a> of "OpenRTB 2.6 §3.2.29" {
        /// Browsers.
        browsers: Vec<BrandVersion<'a>> = "browsers",
        /// Operating system.
        platform: Option<Box<BrandVersion<'a>>> = "platform",
        /// Whether a mobile version is wanted.
        mobile: Option<bool> = "mobile",
        /// Processor architecture.
        architecture: Option<Str<'a>> = "architecture",
        /// Bitness of the processor.
        bitness: Option<Str<'a>> = "bitness",
        /// Model of the device.
        model: Option<Str<'a>> = "model",
        /// Where the hints come from; absent is 0.
        source: Option<UserAgentSource> = "source",
    }
}

object! {
    /// A brand and its version (OpenRTB 2.6 §3.2.30).
    pub struct BrandVersion<'a> of "OpenRTB 2.6 §3.2.30" {
        /// Brand. Required.
        brand: Option<Str<'a>> = "brand",
        /// Version, most significant part first.
        version: List<Str<'a>> = "version",
    }
    required: [brand],
}
