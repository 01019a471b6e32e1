//! Offered as native ad.

use crate::enums::{ApiFramework, CreativeAttribute};
use crate::json::{Reader, Str};
use crate::markup::Markup;
use crate::native::is_object;
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
    check: readable,
}

/// A placement whose request nobody can read is none (C-66): no answer to it could be checked (C-92).
#[allow(
    clippy::needless_pass_by_ref_mut,
    reason = "every check has this signature"
)]
fn readable(native: &mut Native<'_>, r: &mut Reader<'_>) -> bool {
    match &native.request {
        // What comes as an object has been read; what was measured was looked into before.
        Some(Markup::Text(text)) if !r.limits().is_measured() => is_object(text),
        Some(_) | None => true,
    }
}
