//! The outermost object of a request.

use super::{App, Device, Dooh, Imp, Regs, Site, Source, User};
use crate::enums::{AuctionType, CategoryTaxonomy};
use crate::json::Str;
use crate::list::List;
use crate::object::object;
use crate::splice::Outline;
use units::Currency;

object! {
    /// The outermost object of a bid request (OpenRTB 2.6 §3.2.1).
    pub struct BidRequest<'a> of "OpenRTB 2.6 §3.2.1" {
        /// Id of the request, given by the exchange. Required; may differ per recipient.
        id: Option<Str<'a>> = "id",
        /// The impressions offered; those that cannot be used are left out (C-66).
        imp: Vec<Imp<'a>> = "imp",
        /// The web site, if the impressions are on one. At most one of `site`, `app`, `dooh` (C-40).
        site: Option<Box<Site<'a>>> = "site",
        /// The application, if the impressions are in one.
        app: Option<Box<App<'a>>> = "app",
        /// The out-of-home screen, if the impressions are on one.
        dooh: Option<Box<Dooh<'a>>> = "dooh",
        /// The device that shows the impressions.
        device: Option<Box<Device<'a>>> = "device",
        /// The person at the device.
        user: Option<Box<User<'a>>> = "user",
        /// Test mode: the auction is run but never billed.
        test: Option<bool> = "test",
        /// How the auction is held; absent is 2.
        at: Option<AuctionType> = "at",
        /// Milliseconds until bids must have arrived, network latency included.
        tmax: Option<i32> = "tmax",
        /// Buyer seats that may bid; empty is all.
        wseat: Vec<Str<'a>> = "wseat",
        /// Buyer seats that may not bid.
        bseat: Vec<Str<'a>> = "bseat",
        /// Whether the impressions are all there are in the context (B-62).
        allimps: Option<bool> = "allimps",
        /// Currencies allowed, ISO 4217; empty is USD only.
        cur: List<Currency> = "cur",
        /// Languages allowed, ISO 639-1.
        wlang: Vec<Str<'a>> = "wlang",
        /// Languages allowed, BCP 47; excludes `wlang` (C-42).
        wlangb: Vec<Str<'a>> = "wlangb",
        /// Categories allowed, in `cattax`; excludes `bcat` (C-42).
        acat: Vec<Str<'a>> = "acat",
        /// Categories blocked, in `cattax`.
        bcat: Vec<Str<'a>> = "bcat",
        /// Taxonomy of `acat` and `bcat`; absent is 1.
        cattax: Option<CategoryTaxonomy> = "cattax",
        /// Advertiser domains blocked.
        badv: Vec<Str<'a>> = "badv",
        /// Advertised apps blocked.
        bapp: Vec<Str<'a>> = "bapp",
        /// The source of the impressions.
        source: Option<Box<Source<'a>>> = "source",
        /// Regulations in force.
        regs: Option<Box<Regs<'a>>> = "regs",
    }
    tracked: true,
    keeps:
        /// Where the members of the tracked objects stand in the text; nothing for a request made in
        /// Rust, which is written by its model and not spliced.
        outline: Outline,
}
