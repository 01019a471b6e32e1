//! Who publishes and who made it.

use crate::enums::CategoryTaxonomy;
use crate::json::Str;
use crate::object::object;

object! {
    /// The publisher (OpenRTB 2.6 §3.2.15).
    pub struct Publisher<'a> of "OpenRTB 2.6 §3.2.15" {
        /// Id of the publisher, as in our sellers.json.
        id: Option<Str<'a>> = "id",
        /// Its name.
        name: Option<Str<'a>> = "name",
        /// Taxonomy of the categories; absent is 1.
        cattax: Option<CategoryTaxonomy> = "cattax",
        /// Categories.
        cat: Vec<Str<'a>> = "cat",
        /// Its domain.
        domain: Option<Str<'a>> = "domain",
    }
}

object! {
    /// The producer of the content (OpenRTB 2.6 §3.2.17).
    pub struct Producer<'a> of "OpenRTB 2.6 §3.2.17" {
        /// Id of the producer.
        id: Option<Str<'a>> = "id",
        /// Its name.
        name: Option<Str<'a>> = "name",
        /// Taxonomy of the categories; absent is 1.
        cattax: Option<CategoryTaxonomy> = "cattax",
        /// Categories.
        cat: Vec<Str<'a>> = "cat",
        /// Its domain.
        domain: Option<Str<'a>> = "domain",
    }
}

object! {
    /// The network that carries the content (OpenRTB 2.6 §3.2.23).
    pub struct Network<'a> of "OpenRTB 2.6 §3.2.23" {
        /// Id of the network.
        id: Option<Str<'a>> = "id",
        /// Its name.
        name: Option<Str<'a>> = "name",
        /// Its domain.
        domain: Option<Str<'a>> = "domain",
    }
}

object! {
    /// The channel that carries the content (OpenRTB 2.6 §3.2.24).
    pub struct Channel<'a> of "OpenRTB 2.6 §3.2.24" {
        /// Id of the channel.
        id: Option<Str<'a>> = "id",
        /// Its name.
        name: Option<Str<'a>> = "name",
        /// Its domain.
        domain: Option<Str<'a>> = "domain",
    }
}
