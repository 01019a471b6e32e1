//! What the law asks for.

use crate::enums::GppSection;
use crate::json::Str;
use crate::object::object;

object! {
    /// Regulations in force; an absent flag is unknown, not "no" (OpenRTB 2.6 §3.2.3, C-160).
    pub struct Regs<'a> of "OpenRTB 2.6 §3.2.3" {
        /// Whether the US children's privacy act applies.
        coppa: Option<bool> = "coppa",
        /// Whether the European data protection regulation applies.
        gdpr: Option<bool> = "gdpr",
        /// The US privacy string.
        us_privacy: Option<Str<'a>> = "us_privacy",
        /// The Global Privacy Platform string.
        gpp: Option<Str<'a>> = "gpp",
        /// Sections of `gpp` that are in force.
        gpp_sid: Vec<GppSection> = "gpp_sid",
    }
    tracked: true,
}
