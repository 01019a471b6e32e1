//! The person at the device.

use super::Geo;
use crate::enums::{AgentType, MatchMethod};
use crate::json::Str;
use crate::object::object;

object! {
    /// The person at the device (OpenRTB 2.6 §3.2.20).
    pub struct User<'a> of "OpenRTB 2.6 §3.2.20" {
        /// The exchange's id of the user.
        id: Option<Str<'a>> = "id",
        /// The buyer's id of the user (C-143).
        buyeruid: Option<Str<'a>> = "buyeruid",
        /// Year of birth (deprecated).
        yob: Option<i32> = "yob",
        /// `M`, `F` or `O` (deprecated).
        gender: Option<Str<'a>> = "gender",
        /// Keywords, separated by commas.
        keywords: Option<Str<'a>> = "keywords",
        /// Keywords as an array; excludes `keywords` (C-44).
        kwarray: Vec<Str<'a>> = "kwarray",
        /// Data of the bidder from the exchange's cookie; passed unchanged (C-135).
        customdata: Option<Str<'a>> = "customdata",
        /// Where home is (C-141).
        geo: Option<Box<Geo<'a>>> = "geo",
        /// Data about the user.
        data: Vec<Data<'a>> = "data",
        /// TCF consent string (C-162).
        consent: Option<Str<'a>> = "consent",
        /// Extended ids (C-144).
        eids: Vec<Eid<'a>> = "eids",
    }
    tracked: true,
}

object! {
    /// Data from one provider (OpenRTB 2.6 §3.2.21).
    pub struct Data<'a> of "OpenRTB 2.6 §3.2.21" {
        /// Id of the provider.
        id: Option<Str<'a>> = "id",
        /// Name of the provider.
        name: Option<Str<'a>> = "name",
        /// Segments.
        segment: Vec<Segment<'a>> = "segment",
        /// External ids of the content.
        cids: Vec<Str<'a>> = "cids",
    }
}

object! {
    /// A segment (OpenRTB 2.6 §3.2.22).
    pub struct Segment<'a> of "OpenRTB 2.6 §3.2.22" {
        /// Id of the segment.
        id: Option<Str<'a>> = "id",
        /// Name of the segment.
        name: Option<Str<'a>> = "name",
        /// Its value.
        value: Option<Str<'a>> = "value",
    }
}

object! {
    /// Ids from one source (OpenRTB 2.6 §3.2.27).
    pub struct Eid<'a> of "OpenRTB 2.6 §3.2.27" {
        /// Domain of who put the id here.
        inserter: Option<Str<'a>> = "inserter",
        /// Domain of the source.
        source: Option<Str<'a>> = "source",
        /// Domain of who matched it; absent is the source.
        matcher: Option<Str<'a>> = "matcher",
        /// How it was matched.
        mm: Option<MatchMethod> = "mm",
        /// The ids.
        uids: Vec<Uid<'a>> = "uids",
    }
}

object! {
    /// One id (OpenRTB 2.6 §3.2.28).
    pub struct Uid<'a> of "OpenRTB 2.6 §3.2.28" {
        /// The id.
        id: Option<Str<'a>> = "id",
        /// What it stands for.
        atype: Option<AgentType> = "atype",
    }
}
