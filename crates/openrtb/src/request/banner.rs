//! Offered as banner.

use crate::enums::{ApiFramework, BannerAdType, CreativeAttribute, ExpandableDirection, Position};
use crate::json::Str;
use crate::object::object;

object! {
    /// A banner placement (OpenRTB 2.6 §3.2.6).
    pub struct Banner<'a> of "OpenRTB 2.6 §3.2.6" {
        /// Sizes allowed.
        format: Vec<Format<'a>> = "format",
        /// Width in device independent pixels, when there is no `format` (C-70).
        w: Option<i32> = "w",
        /// Height in device independent pixels, when there is no `format`.
        h: Option<i32> = "h",
        /// Widest width (2.5, C-172).
        wmax: Option<i32> = "wmax",
        /// Greatest height (2.5).
        hmax: Option<i32> = "hmax",
        /// Narrowest width (2.5).
        wmin: Option<i32> = "wmin",
        /// Least height (2.5).
        hmin: Option<i32> = "hmin",
        /// Kinds of banner blocked.
        btype: Vec<BannerAdType> = "btype",
        /// Creative attributes blocked.
        battr: Vec<CreativeAttribute> = "battr",
        /// Where on the screen.
        pos: Option<Position> = "pos",
        /// Content types supported; empty is no restriction known (C-72).
        mimes: Vec<Str<'a>> = "mimes",
        /// Whether the banner is in the top frame.
        topframe: Option<bool> = "topframe",
        /// Directions in which it may expand.
        expdir: Vec<ExpandableDirection> = "expdir",
        /// APIs supported.
        api: Vec<ApiFramework> = "api",
        /// Id of the banner among companions (C-73).
        id: Option<Str<'a>> = "id",
        /// Of a companion: shown as end card rather than concurrently.
        vcm: Option<bool> = "vcm",
    }
}

object! {
    /// A size allowed (OpenRTB 2.6 §3.2.10).
    pub struct Format<'a> of "OpenRTB 2.6 §3.2.10" {
        /// Width in device independent pixels.
        w: Option<i32> = "w",
        /// Height in device independent pixels.
        h: Option<i32> = "h",
        /// Relative width, for a flexible size (C-71).
        wratio: Option<i32> = "wratio",
        /// Relative height.
        hratio: Option<i32> = "hratio",
        /// Least width of a flexible size.
        wmin: Option<i32> = "wmin",
    }
}
