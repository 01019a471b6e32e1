//! How many impressions one display is, and how often it changes.

use crate::enums::{QtySource, RefreshTrigger};
use crate::json::Str;
use crate::object::object;
use units::{CpmMicros, Multiplier};

object! {
    /// The audience of one display (OpenRTB 2.6 §3.2.31).
    pub struct Qty<'a> of "OpenRTB 2.6 §3.2.31" {
        /// Impressions per display, in millionths. Required.
        multiplier: Option<Multiplier> = "multiplier",
        /// Who measured.
        sourcetype: Option<QtySource> = "sourcetype",
        /// The measurement vendor, required when `sourcetype` is 1 (C-50).
        vendor: Option<Str<'a>> = "vendor",
    }
    required: [multiplier],
}

object! {
    /// Refreshing of the placement (OpenRTB 2.6 §3.2.33).
    pub struct Refresh<'a> of "OpenRTB 2.6 §3.2.33" {
        /// What makes it refresh.
        refsettings: Vec<RefSettings<'a>> = "refsettings",
        /// Refreshes since the page was loaded (C-147).
        count: Option<i32> = "count",
    }
}

object! {
    /// One way of refreshing (OpenRTB 2.6 §3.2.34).
    pub struct RefSettings<'a> of "OpenRTB 2.6 §3.2.34" {
        /// What triggers it; absent is 0.
        reftype: Option<RefreshTrigger> = "reftype",
        /// Shortest interval in seconds.
        minint: Option<i32> = "minint",
    }
}

object! {
    /// A floor for a range of durations (OpenRTB 2.6 §3.2.35).
    pub struct DurFloors<'a> of "OpenRTB 2.6 §3.2.35" {
        /// Shortest duration in seconds, itself included.
        mindur: Option<i32> = "mindur",
        /// Longest duration in seconds, itself included.
        maxdur: Option<i32> = "maxdur",
        /// Minimum bid as CPM for these durations.
        bidfloor: Option<CpmMicros> = "bidfloor",
    }
}
