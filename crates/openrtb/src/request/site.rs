//! The web site.

use super::{Content, Publisher};
use crate::enums::CategoryTaxonomy;
use crate::json::Str;
use crate::list::List;
use crate::object::object;

object! {
    /// The web site (OpenRTB 2.6 §3.2.13).
    pub struct Site<'a> of "OpenRTB 2.6 §3.2.13" {
        /// Id of the site at the exchange.
        id: Option<Str<'a>> = "id",
        /// Its name.
        name: Option<Str<'a>> = "name",
        /// Its domain.
        domain: Option<Str<'a>> = "domain",
        /// Taxonomy of the categories; absent is 1.
        cattax: Option<CategoryTaxonomy> = "cattax",
        /// Categories of the site.
        cat: List<Str<'a>> = "cat",
        /// Categories of the section.
        sectioncat: Vec<Str<'a>> = "sectioncat",
        /// Categories of the page or view.
        pagecat: Vec<Str<'a>> = "pagecat",
        /// URL of the page.
        page: Option<Str<'a>> = "page",
        /// URL that led to the page.
        referrer: Option<Str<'a>> = "ref",
        /// Search that led to the page.
        search: Option<Str<'a>> = "search",
        /// Whether the page is made for mobile devices.
        mobile: Option<bool> = "mobile",
        /// Whether there is a privacy policy.
        privacypolicy: Option<bool> = "privacypolicy",
        /// The publisher.
        publisher: Option<Box<Publisher<'a>>> = "publisher",
        /// The content shown.
        content: Option<Box<Content<'a>>> = "content",
        /// Keywords, separated by commas.
        keywords: Option<Str<'a>> = "keywords",
        /// Keywords as an array; excludes `keywords` (C-44).
        kwarray: Vec<Str<'a>> = "kwarray",
        /// Domain whose ads.txt tells the inventory's owner (C-149).
        inventorypartnerdomain: Option<Str<'a>> = "inventorypartnerdomain",
    }
    tracked: true,
}
