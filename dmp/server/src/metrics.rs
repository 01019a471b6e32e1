//! What the DMP counts; registered once, at start. Labels are closed sets.

use service::metrics::{Counter, Gauge, Histogram, buckets};

/// Handles on every metric of the DMP.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    /// Events that count.
    pub(crate) events_accepted: Counter,
    /// Events that count for nothing.
    pub(crate) events_ignored: Counter,
    /// Events of erased users.
    pub(crate) events_dropped: Counter,
    /// Profiles written.
    pub(crate) profiles_written: Counter,
    /// Users erased.
    pub(crate) erasures: Counter,
    /// Memberships that began.
    pub(crate) segments_gained: Counter,
    /// Memberships that ended.
    pub(crate) segments_lost: Counter,
    /// Exchanges that were told what we call a browser.
    pub(crate) syncs_told: Counter,
    /// Exchanges that were not, for want of consent.
    pub(crate) syncs_refused: Counter,
    /// Reading and replacing one user.
    pub(crate) redis_call: Histogram,
    /// Share of the state's memory that is used; 0 without a limit.
    pub(crate) redis_memory: Gauge,
    /// Version of the catalog in use.
    pub(crate) catalog_version: Gauge,
    /// Since the control plane was last heard of.
    pub(crate) catalog_age: Gauge,
}

impl Metrics {
    pub(crate) fn register(all: &service::Metrics) -> Self {
        let events = |outcome| {
            all.counter(
                "gavel_dmp_events_total",
                "Events of users, by outcome.",
                &[("outcome", outcome)],
            )
        };
        let changes = |change| {
            all.counter(
                "gavel_dmp_segment_changes_total",
                "Memberships of segments that began and ended.",
                &[("change", change)],
            )
        };
        let syncs = |outcome| {
            all.counter(
                "gavel_dmp_syncs_total",
                "Browsers on their way to an exchange, by whether it was told our id.",
                &[("outcome", outcome)],
            )
        };
        Self {
            syncs_told: syncs("told"),
            syncs_refused: syncs("no_consent"),
            events_accepted: events("accepted"),
            events_ignored: events("ignored"),
            events_dropped: events("dropped"),
            profiles_written: all.counter(
                "gavel_dmp_profiles_written_total",
                "Profiles written by PUT.",
                &[],
            ),
            erasures: all.counter("gavel_dmp_erasures_total", "Users erased.", &[]),
            segments_gained: changes("gained"),
            segments_lost: changes("lost"),
            redis_call: all.histogram(
                "gavel_redis_call_duration_seconds",
                "Duration of a call to Redis.",
                &[],
                buckets::CALL,
            ),
            redis_memory: all.gauge(
                "gavel_redis_memory_ratio",
                "Used share of the state's memory limit; alarm at 0.8.",
                &[],
            ),
            catalog_version: all.gauge(
                "gavel_catalog_version",
                "Version of the catalog in use.",
                &[],
            ),
            catalog_age: all.gauge(
                "gavel_catalog_age_seconds",
                "Seconds since the control plane last answered the catalog feed.",
                &[],
            ),
        }
    }
}
