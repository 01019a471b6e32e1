//! What ingest and the ledger measure.

use service::Metrics;
use service::metrics::{Counter, Gauge};

/// Handles, registered at start.
#[derive(Debug, Clone)]
pub struct IngestMetrics {
    /// `gavel_ledger_imbalance_nanos`
    pub(super) imbalance: Gauge,
    /// `gavel_ledger_audited_seconds`
    pub(super) audited: Gauge,
    /// `gavel_event_lag_seconds`
    pub(super) lag: Gauge,
    /// `gavel_spend_nanos_total`
    pub(super) spend: Counter,
    /// `gavel_cap_confirm_lag_seconds`
    pub(super) cap_lag: Gauge,
    /// `gavel_quarantined_events_total`
    pub(super) quarantined: Counter,
    /// `gavel_notices_applied_total`, by outcome
    pub(super) billed: Counter,
    pub(super) released: Counter,
    pub(super) duplicate: Counter,
    pub(super) late_funded: Counter,
    pub(super) late_unfunded: Counter,
}

impl IngestMetrics {
    /// Registers the handles.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let applied = |outcome| {
            metrics.counter(
                "gavel_notices_applied_total",
                "Notices that the ledger applied, by what became of them.",
                &[("outcome", outcome)],
            )
        };
        Self {
            imbalance: metrics.gauge(
                "gavel_ledger_imbalance_nanos",
                "What the ledger's postings, accounts, leases and reservations disagree by; must be 0.",
                &[],
            ),
            audited: metrics.gauge(
                "gavel_ledger_audited_seconds",
                "When the ledger was last compared with itself, in seconds since 1970; 0 before the first time.",
                &[],
            ),
            lag: metrics.gauge(
                "gavel_event_lag_seconds",
                "Age of the oldest money event that is not applied.",
                &[],
            ),
            spend: metrics.counter(
                "gavel_spend_nanos_total",
                "Charges settled, in billionths of each campaign's currency.",
                &[],
            ),
            cap_lag: metrics.gauge(
                "gavel_cap_confirm_lag_seconds",
                "Age of the oldest impression that is not yet stamped for frequency caps.",
                &[],
            ),
            quarantined: metrics.counter(
                "gavel_quarantined_events_total",
                "Log entries that could not be applied.",
                &[],
            ),
            billed: applied("billed"),
            released: applied("released"),
            duplicate: applied("duplicate"),
            late_funded: applied("late_funded"),
            late_unfunded: applied("late_unfunded"),
        }
    }
}
