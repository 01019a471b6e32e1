//! Every metric of the bidder; handles are registered once, labels come from closed sets.

use bidder_core::no_bid::NoBid;
use contracts::notice::NoticeKind;
use openrtb::Repairs;
use recording::Counters;
use service::metrics::{Counter, Gauge, Histogram, buckets};

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeOutcome {
    Accepted,
    /// `AUDIT`: acknowledged, and nothing recorded.
    Audit,
    Duplicate,
    Unreadable,
    Forged,
    Expired,
    LogAway,
}

impl NoticeOutcome {
    const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Audit,
        Self::Duplicate,
        Self::Unreadable,
        Self::Forged,
        Self::Expired,
        Self::LogAway,
    ];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Audit => "audit",
            Self::Duplicate => "duplicate",
            Self::Unreadable => "unreadable",
            Self::Forged => "forged",
            Self::Expired => "expired",
            Self::LogAway => "log_away",
        }
    }
}

/// The name of a notice's kind.
pub(crate) const fn kind_label(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Win => "win",
        NoticeKind::Bill => "bill",
        NoticeKind::Loss => "loss",
        NoticeKind::Impression => "impression",
        NoticeKind::Click => "click",
        NoticeKind::View => "view",
        NoticeKind::Conversion => "conversion",
    }
}

const KINDS: [NoticeKind; 7] = [
    NoticeKind::Win,
    NoticeKind::Bill,
    NoticeKind::Loss,
    NoticeKind::Impression,
    NoticeKind::Click,
    NoticeKind::View,
    NoticeKind::Conversion,
];

/// Events of a video that players report to us.
pub(crate) const VIDEO_EVENTS: [&str; 6] = [
    "start",
    "firstQuartile",
    "midpoint",
    "thirdQuartile",
    "complete",
    "error",
];

/// What became of a minimum to win that a seller told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    Queued,
    /// Empty, a macro left as it was, or a price that contradicts the notice.
    Unusable,
    Dropped,
}

impl Heard {
    const ALL: [Self; 3] = [Self::Queued, Self::Unusable, Self::Dropped];

    const fn label(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Unusable => "unusable",
            Self::Dropped => "dropped",
        }
    }
}

/// Handles of shared lists; which list is not among the labels, since ids are no closed set: the log names it.
pub(crate) struct ListMetrics {
    pub(crate) here: Gauge,
    pub(crate) missing: Gauge,
    pub(crate) behind: Gauge,
    pub(crate) entries: Gauge,
    pub(crate) bytes: Gauge,
    pub(crate) waiting: Gauge,
    pub(crate) fetched: Counter,
    pub(crate) failed: Counter,
}

impl ListMetrics {
    fn register(metrics: &service::Metrics) -> Self {
        let gauge = |name, help| metrics.gauge(name, help, &[]);
        let state = |state| {
            let help = "Shared lists that the catalog names: here in its version, in an older one, or not at all.";
            metrics.gauge("gavel_shared_lists", help, &[("state", state)])
        };
        let fetch = |outcome| {
            let help = "Attempts to fetch a shared list from the control plane.";
            let labels = [("outcome", outcome)];
            metrics.counter("gavel_shared_list_fetches_total", help, &labels)
        };
        Self {
            here: state("current"),
            behind: state("older"),
            missing: state("missing"),
            entries: gauge(
                "gavel_shared_list_entries",
                "Distinct entries of the shared lists that are here.",
            ),
            bytes: gauge(
                "gavel_shared_list_bytes",
                "Memory that the table of shared lists takes.",
            ),
            waiting: gauge(
                "gavel_shared_list_wait_seconds",
                "For how long a shared list has not been here in the catalog's version; 0 when all are.",
            ),
            fetched: fetch("fetched"),
            failed: fetch("failed"),
        }
    }
}

/// Where the user of a request was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserFound {
    /// In the process.
    Memory,
    /// In Redis.
    Redis,
    /// None of the ids has a profile.
    Unknown,
    /// Redis did not answer in time, or was not asked.
    Unread,
}

impl UserFound {
    const ALL: [Self; 4] = [Self::Memory, Self::Redis, Self::Unknown, Self::Unread];

    const fn label(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
            Self::Unknown => "unknown",
            Self::Unread => "unread",
        }
    }
}

/// The bidder's handles.
pub(crate) struct Metrics {
    registry: service::Metrics,
    pub(crate) bid: Counter,
    pub(crate) no_bid: Counter,
    pub(crate) invalid: Counter,
    pub(crate) reasons: [Counter; NoBid::ALL.len()],
    pub(crate) duration: Histogram,
    notices: Vec<[Counter; NoticeOutcome::ALL.len()]>,
    video_events: [Counter; VIDEO_EVENTS.len()],
    pub(crate) redis_duration: Histogram,
    users: [Counter; UserFound::ALL.len()],
    pub(crate) catalog_age: Gauge,
    pub(crate) catalog_version: Gauge,
    pub(crate) line_items: Gauge,
    pub(crate) left_out: Gauge,
    pub(crate) quarantined: Gauge,
    pub(crate) redis_memory: Gauge,
    pub(crate) events_durable: Gauge,
    pub(crate) leases_dropped: Counter,
    pub(crate) lease_batches_failed: Counter,
    pub(crate) wins: Counter,
    pub(crate) impressions: Counter,
    pub(crate) spend_nanos: Counter,
    pub(crate) shading_saved_nanos: Counter,
    pub(crate) shading_scopes: Gauge,
    heard: [Counter; Heard::ALL.len()],
    pub(crate) records: Counters,
    pub(crate) lists: ListMetrics,
}

impl Metrics {
    pub(crate) fn register(metrics: &service::Metrics) -> Self {
        let outcome = |outcome| {
            let help = "Bid requests, by what they got.";
            metrics.counter("gavel_bid_requests_total", help, &[("outcome", outcome)])
        };
        let notice = |kind: NoticeKind| {
            NoticeOutcome::ALL.map(|outcome| {
                let labels = [("kind", kind_label(kind)), ("outcome", outcome.label())];
                metrics.counter(
                    "gavel_notices_total",
                    "Notices and trackers, by what became of them.",
                    &labels,
                )
            })
        };
        let plain = |name, help| metrics.counter(name, help, &[]);
        Self {
            records: crate::records::counters(metrics),
            lists: ListMetrics::register(metrics),
            registry: metrics.clone(),
            bid: outcome("bid"),
            no_bid: outcome("no_bid"),
            invalid: outcome("invalid"),
            reasons: NoBid::ALL.map(|reason| {
                let labels = [("reason", reason.label())];
                metrics.counter(
                    "gavel_no_bids_total",
                    "Requests without a bid, by reason.",
                    &labels,
                )
            }),
            duration: metrics.histogram(
                "gavel_bid_request_duration_seconds",
                "From a bid request's headers to its answer.",
                &[],
                buckets::BID,
            ),
            notices: KINDS.map(notice).into(),
            video_events: VIDEO_EVENTS.map(|event| {
                metrics.counter(
                    "gavel_video_events_total",
                    "Events that players reported.",
                    &[("event", event)],
                )
            }),
            redis_duration: metrics.histogram(
                "gavel_redis_call_duration_seconds",
                "Calls of the user state on the bid path.",
                &[],
                buckets::BID,
            ),
            users: UserFound::ALL.map(|found| {
                let labels = [("found", found.label())];
                let help = "Users of bid requests that may be recognised, by where their profile was found.";
                metrics.counter("gavel_bid_users_total", help, &labels)
            }),
            catalog_age: metrics.gauge(
                "gavel_catalog_age_seconds",
                "Since the publisher last confirmed the catalog.",
                &[],
            ),
            catalog_version: metrics.gauge(
                "gavel_catalog_version",
                "Version of the catalog in use.",
                &[],
            ),
            line_items: metrics.gauge("gavel_bidder_line_items", "Line items that can bid.", &[]),
            left_out: metrics.gauge(
                "gavel_bidder_line_items_left_out",
                "Line items that a fault keeps from bidding.",
                &[],
            ),
            quarantined: metrics.gauge(
                "gavel_catalog_quarantined_records",
                "Records of the catalog in use that were left out because they cannot be read.",
                &[],
            ),
            redis_memory: metrics.gauge(
                "gavel_redis_memory_ratio",
                "Used share of the user state's memory limit; 0 without one.",
                &[],
            ),
            events_durable: metrics.gauge(
                "gavel_events_durable",
                "1 while the events Redis says that it keeps what it acknowledged; 0 where it does not, or does not tell.",
                &[],
            ),
            leases_dropped: plain(
                "gavel_leases_dropped_total",
                "Grants that must not be used.",
            ),
            lease_batches_failed: plain(
                "gavel_lease_batches_failed_total",
                "Batches of lease asks without an answer.",
            ),
            wins: plain("gavel_bidder_wins_total", "Win notices accepted here."),
            impressions: plain(
                "gavel_bidder_impressions_total",
                "Billing events accepted here.",
            ),
            spend_nanos: plain(
                "gavel_bidder_charged_nanos_total",
                "Charges accepted here, in billionths of USD; the ledger's own number is gavel_spend_nanos_total.",
            ),
            shading_saved_nanos: plain(
                "gavel_shading_saved_nanos_total",
                "Stated minus shaded bid of impressions accepted here, in billionths of USD.",
            ),
            shading_scopes: metrics.gauge(
                "gavel_shading_scopes",
                "Places and publishers whose minimums to win are told apart.",
                &[],
            ),
            heard: Heard::ALL.map(|what| {
                let labels = [("outcome", what.label())];
                let help = "Minimums to win that sellers told, by what became of them.";
                metrics.counter("gavel_shading_minimums_total", help, &labels)
            }),
        }
    }

    /// Counts a user by where it was found.
    pub(crate) fn user(&self, found: UserFound) {
        if let Some(counter) = self.users.get(found as usize) {
            counter.inc();
        }
    }

    /// Counts a minimum to win.
    pub(crate) fn heard(&self, what: Heard) {
        let place = Heard::ALL.iter().position(|it| *it == what);
        if let Some(counter) = place.and_then(|place| self.heard.get(place)) {
            counter.inc();
        }
    }

    pub(crate) fn notice(&self, kind: NoticeKind, outcome: NoticeOutcome) {
        let row = KINDS.iter().position(|it| *it == kind);
        let column = NoticeOutcome::ALL.iter().position(|it| *it == outcome);
        if let (Some(row), Some(column)) = (row, column)
            && let Some(counter) = self.notices.get(row).and_then(|it| it.get(column))
        {
            counter.inc();
        }
    }

    /// Counts a video's event; `false` for one that is not known.
    pub(crate) fn video_event(&self, event: &str) -> bool {
        let at = VIDEO_EVENTS.iter().position(|it| *it == event);
        let counter = at.and_then(|at| self.video_events.get(at));
        counter.inspect(|it| it.inc()).is_some()
    }

    /// Counts what was tolerated in a request (C-24); `source` is a name of the configuration.
    pub(crate) fn repaired(&self, source: &str, repairs: &Repairs) {
        for (kind, count) in repairs.by_kind() {
            let labels = [("source", source), ("kind", kind.label())];
            let help = "Deviations from the standard that were tolerated in requests.";
            let counter = self
                .registry
                .counter("gavel_request_repairs_total", help, &labels);
            counter.add(count);
        }
    }

    pub(crate) fn refused(&self, reason: NoBid) {
        self.no_bid.inc();
        if let Some(counter) = self.reasons.get(reason.index()) {
            counter.inc();
        }
    }
}
