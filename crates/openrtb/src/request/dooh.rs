//! The out-of-home screen.

use super::{Content, Publisher};
use crate::enums::VenueTaxonomy;
use crate::json::Str;
use crate::object::object;

object! {
    /// The out-of-home screen or network (OpenRTB 2.6 §3.2.32).
    pub struct Dooh<'a> of "OpenRTB 2.6 §3.2.32" {
        /// Id of the screen or network at the exchange.
        id: Option<Str<'a>> = "id",
        /// Its name.
        name: Option<Str<'a>> = "name",
        /// Venue, in `venuetypetax`.
        venuetype: Vec<Str<'a>> = "venuetype",
        /// Taxonomy of the venue; absent is 1.
        venuetypetax: Option<VenueTaxonomy> = "venuetypetax",
        /// Venue as the standard's samples spell it (C-150).
        venuetypeid: Vec<Str<'a>> = "venuetypeid",
        /// Taxonomy as the samples spell it.
        venuetax: Option<VenueTaxonomy> = "venuetax",
        /// The publisher.
        publisher: Option<Box<Publisher<'a>>> = "publisher",
        /// Domain of the owner.
        domain: Option<Str<'a>> = "domain",
        /// Keywords, separated by commas.
        keywords: Option<Str<'a>> = "keywords",
        /// The content shown.
        content: Option<Box<Content<'a>>> = "content",
    }
    tracked: true,
}
