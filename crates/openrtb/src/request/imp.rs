//! What is offered.

use super::unusable::is_currency;
use super::{Audio, Banner, Native, Pmp, Qty, Refresh, Video};
use crate::enums::ServerSideInsertion;
use crate::json::Reader;
use crate::json::Str;
use crate::lenient::Name;
use crate::object::object;
use units::{CpmMicros, Currency};

object! {
    /// One impression offered (OpenRTB 2.6 §3.2.4).
    pub struct Imp<'a> of "OpenRTB 2.6 §3.2.4" {
        /// Id within the request, unique there. Required (C-64).
        id: Option<Str<'a>> = "id",
        /// Measurements of the placement.
        metric: Vec<Metric<'a>> = "metric",
        /// Offered as banner.
        banner: Option<Box<Banner<'a>>> = "banner",
        /// Offered as video.
        video: Option<Box<Video<'a>>> = "video",
        /// Offered as audio.
        audio: Option<Box<Audio<'a>>> = "audio",
        /// Offered as native ad.
        native: Option<Box<Native<'a>>> = "native",
        /// Deals that apply.
        pmp: Option<Box<Pmp<'a>>> = "pmp",
        /// Name of the SDK or player that renders the ad.
        displaymanager: Option<Str<'a>> = "displaymanager",
        /// Version of it.
        displaymanagerver: Option<Str<'a>> = "displaymanagerver",
        /// Whether the ad is interstitial or full screen.
        instl: Option<bool> = "instl",
        /// Id of the placement.
        tagid: Option<Str<'a>> = "tagid",
        /// Minimum bid as CPM in `bidfloorcur`.
        bidfloor: Option<CpmMicros> = "bidfloor",
        /// Currency of all floors inside this impression; absent is USD (C-63).
        bidfloorcur: Option<Currency> = "bidfloorcur",
        /// Whether a click opens the native browser.
        clickbrowser: Option<bool> = "clickbrowser",
        /// Whether markup must be secure; absent is unknown (C-146).
        secure: Option<bool> = "secure",
        /// Names of iframe busters supported.
        iframebuster: Vec<Str<'a>> = "iframebuster",
        /// Whether the user is rewarded.
        rwdd: Option<bool> = "rwdd",
        /// Who inserts the ad.
        ssai: Option<ServerSideInsertion> = "ssai",
        /// Seconds that may pass until the impression.
        exp: Option<i32> = "exp",
        /// How many impressions one display is.
        qty: Option<Box<Qty<'a>>> = "qty",
        /// Time of the display in milliseconds since the epoch (C-150).
        dt: Option<f64> = "dt",
        /// How the placement refreshes.
        refresh: Option<Box<Refresh<'a>>> = "refresh",
    }
    required: [id],
    tracked: true,
    check: usable,
}

object! {
    /// A measurement of the placement (OpenRTB 2.6 §3.2.5).
    pub struct Metric<'a> of "OpenRTB 2.6 §3.2.5" {
        /// Kind of measurement. Required.
        kind: Option<Str<'a>> = "type",
        /// Its value, for probabilities 0.0 to 1.0 (C-67). Required.
        value: Option<f64> = "value",
        /// Who measured; `EXCHANGE` for the exchange.
        vendor: Option<Str<'a>> = "vendor",
    }
    required: [kind, value],
}

/// An impression needs a way to be filled (C-65), and floors that can be told (C-32) in a currency that is one (C-28).
fn usable(imp: &mut Imp<'_>, r: &mut Reader<'_>) -> bool {
    const CURRENCY: &Name = &Name {
        object: "Imp",
        field: "bidfloorcur",
    };
    let is_priced = is_currency(imp.bidfloorcur, r, CURRENCY, imp.span);
    let unreadable = std::mem::take(&mut r.unreadable_price);
    let offered =
        imp.banner.is_some() || imp.video.is_some() || imp.audio.is_some() || imp.native.is_some();
    offered && is_priced && !unreadable
}
