//! The application.

use super::{Content, Publisher};
use crate::enums::CategoryTaxonomy;
use crate::json::Str;
use crate::object::object;

object! {
    /// The application (OpenRTB 2.6 §3.2.14).
    pub struct App<'a> of "OpenRTB 2.6 §3.2.14" {
        /// Id of the application at the exchange.
        id: Option<Str<'a>> = "id",
        /// Its name.
        name: Option<Str<'a>> = "name",
        /// Store id or package name.
        bundle: Option<Str<'a>> = "bundle",
        /// Domain of the application.
        domain: Option<Str<'a>> = "domain",
        /// Its URL in the store.
        storeurl: Option<Str<'a>> = "storeurl",
        /// Taxonomy of the categories; absent is 1.
        cattax: Option<CategoryTaxonomy> = "cattax",
        /// Categories of the application.
        cat: Vec<Str<'a>> = "cat",
        /// Categories of the section.
        sectioncat: Vec<Str<'a>> = "sectioncat",
        /// Categories of the page or view.
        pagecat: Vec<Str<'a>> = "pagecat",
        /// Version of the application.
        ver: Option<Str<'a>> = "ver",
        /// Whether there is a privacy policy.
        privacypolicy: Option<bool> = "privacypolicy",
        /// Whether it is a paid version.
        paid: Option<bool> = "paid",
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
