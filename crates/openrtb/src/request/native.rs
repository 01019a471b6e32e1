//! Offered as native ad.

use crate::enums::{ApiFramework, CreativeAttribute};
use crate::json::Str;
use crate::markup::Markup;
use crate::object::object;

object! {
    /// A native placement (OpenRTB 2.6 §3.2.9).
    pub struct Native<'a> of "OpenRTB 2.6 §3.2.9" {
        /// The native request, as text or as an object (C-90). Required.
        request: Option<Markup<'a>> = "request",
        /// Version of the native specification.
        ver: Option<Str<'a>> = "ver",
        /// APIs supported.
        api: Vec<ApiFramework> = "api",
        /// Creative attributes blocked.
        battr: Vec<CreativeAttribute> = "battr",
    }
    required: [request],
}
