//! Every metric of the exchange, registered once, nearly all of them on the RTB side; labels come from closed sets.

mod repairs;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exchange_core::Loss;
use exchange_core::routing::NotAsked;
use exchange_core::supply::Unauthorised;
use exchange_core::traffic::Invalid;
use openrtb::Repairs;
use service::Metrics;
use service::metrics::{Counter, Gauge, Histogram, buckets};

use repairs::RepairCounters;

/// Handles of what the RTB side counts.
#[derive(Debug, Clone)]
pub(crate) struct RtbMetrics {
    registry: Metrics,
    notices: Notices,
    /// What pages report, at the listener that they call.
    reports: Notices,
    request_repairs: RepairCounters,
    response_repairs: RepairCounters,
    auctions: [Counter; 4],
    /// From arrival to answer.
    pub duration: Histogram,
    losses: Vec<(Loss, Counter)>,
    invalid_traffic: [(Invalid, Counter); 2],
    unauthorised: [(Unauthorised, Counter); 3],
    /// Gross of what SSPs billed, in billionths of the payout currency's unit.
    pub billed: Counter,
    /// Gross of what was shown on our own placements, likewise; at the listener that their pages call.
    pub shown: Counter,
    /// Seconds since the catalog was last known to be current.
    pub catalog_age: Gauge,
    /// Version of the catalog in use.
    pub catalog_version: Gauge,
    /// Records that found their queue full.
    pub records_dropped: Counter,
    /// Looking up what DSPs call a user.
    pub redis_call: Histogram,
    /// Creatives in bids that nobody has judged.
    pub sightings: SightingCounters,
    /// Entries of the outbox waiting for their DSP.
    pub outbox_waiting: Gauge,
    /// `gavel_events_durable`
    pub events_durable: Gauge,
}

/// Notices of one kind and outcome.
type NoticeCounter = (&'static str, &'static str, Counter);

/// Notices of one listener, by kind and outcome; both are from closed sets.
#[derive(Debug, Clone)]
struct Notices {
    registry: Metrics,
    known: Arc<Mutex<Vec<NoticeCounter>>>,
}

impl Notices {
    /// With these pairs, which are shown before the first is counted.
    fn new(registry: &Metrics, pairs: &[(&'static str, &'static str)]) -> Self {
        let notices = Self {
            registry: registry.clone(),
            known: Arc::default(),
        };
        for (kind, outcome) in pairs {
            notices.add(kind, outcome, 0);
        }
        notices
    }

    /// The registry is asked once for each pair.
    fn add(&self, kind: &'static str, outcome: &'static str, count: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., counter)) = known.iter().find(|it| (it.0, it.1) == (kind, outcome)) {
            counter.add(count);
            return;
        }
        let counter = self.registry.counter(
            "gavel_notices_total",
            "Notices taken and passed on, by kind and outcome.",
            &[("kind", kind), ("outcome", outcome)],
        );
        counter.add(count);
        known.push((kind, outcome, counter));
    }
}

/// Gross of billed impressions, as one listener counts it.
fn revenue(registry: &Metrics) -> Counter {
    registry.counter(
        "gavel_revenue_nanos_total",
        "Gross of billed impressions, in billionths of the payout currency's unit.",
        &[],
    )
}

/// What became of creatives in bids that nobody has judged.
#[derive(Debug, Clone)]
pub(crate) struct SightingCounters {
    /// They wait for a verdict at the control plane.
    pub reported: Counter,
    /// The control plane did not keep them.
    pub refused: Counter,
    /// They found their queue full.
    pub dropped: Counter,
}

impl SightingCounters {
    fn new(registry: &Metrics) -> Self {
        let outcome = |outcome| {
            let help = "Creatives in bids that nobody has judged, by what became of the report.";
            let labels = [("outcome", outcome)];
            registry.counter("gavel_sightings_total", help, &labels)
        };
        Self {
            reported: outcome("reported"),
            refused: outcome("refused"),
            dropped: outcome("dropped"),
        }
    }
}

/// How an auction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Somebody won.
    Won,
    /// Nobody did.
    NoBid,
    /// Turned away under overload.
    Shed,
    /// The request could not be read.
    Invalid,
}

impl Outcome {
    /// The four.
    pub(crate) const ALL: [Self; 4] = [Self::Won, Self::NoBid, Self::Shed, Self::Invalid];

    /// The name in records and metrics.
    #[must_use]
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::NoBid => "no_bid",
            Self::Shed => "shed",
            Self::Invalid => "invalid",
        }
    }
}

/// What one DSP counts.
#[derive(Debug, Clone)]
pub(crate) struct DspMetrics {
    responses: [Counter; 5],
    not_asked: [(NotAsked, Counter); NotAsked::ALL.len()],
    latency: Histogram,
    /// 0 closed, 1 half-open, 2 open.
    pub breaker: Gauge,
    /// The share of requests that throttling lets through.
    pub share: Gauge,
    /// What the network takes of a call.
    pub network: Gauge,
}

const RESPONSES: [&str; 5] = ["bid", "no_bid", "timeout", "shed", "error"];

impl RtbMetrics {
    /// Registers everything.
    #[must_use]
    pub(crate) fn new(registry: &Metrics, ssp: &Metrics) -> Self {
        let counter = |name, help| registry.counter(name, help, &[]);
        let gauge = |name, help| registry.gauge(name, help, &[]);
        Self {
            auctions: Outcome::ALL.map(|outcome| {
                registry.counter(
                    "gavel_auctions_total",
                    "Auctions, by how they ended.",
                    &[("outcome", outcome.label())],
                )
            }),
            duration: registry.histogram(
                "gavel_auction_duration_seconds",
                "From the request's arrival to our answer.",
                &[],
                buckets::BID,
            ),
            losses: Loss::ALL
                .into_iter()
                .map(|loss| {
                    let labels = [("reason", loss.label())];
                    let help = "Bids that lost, by reason.";
                    (loss, registry.counter("gavel_losses_total", help, &labels))
                })
                .collect(),
            invalid_traffic: Invalid::ALL.map(|reason| {
                let labels = [("reason", reason.label())];
                let help = "Requests that were not auctioned because no person is thought to look.";
                let name = "gavel_invalid_traffic_total";
                (reason, registry.counter(name, help, &labels))
            }),
            unauthorised: Unauthorised::ALL.map(|reason| {
                let labels = [("reason", reason.label())];
                let help =
                    "Requests that were not auctioned because their seller is not authorised.";
                let name = "gavel_unauthorised_total";
                (reason, registry.counter(name, help, &labels))
            }),
            billed: revenue(registry),
            shown: revenue(ssp),
            catalog_age: gauge(
                "gavel_catalog_age_seconds",
                "Since the catalog was last known to be current.",
            ),
            catalog_version: gauge("gavel_catalog_version", "Version of the catalog in use."),
            records_dropped: counter(
                "gavel_records_dropped_total",
                "Auction records that found their queue full.",
            ),
            redis_call: registry.histogram(
                "gavel_redis_call_duration_seconds",
                "Calls of the user state on an auction's path.",
                &[],
                buckets::BID,
            ),
            sightings: SightingCounters::new(registry),
            outbox_waiting: gauge(
                "gavel_outbox_waiting",
                "Billing notices that their DSP has not taken yet.",
            ),
            events_durable: gauge(
                "gavel_events_durable",
                "1 while the events Redis says that it keeps what it acknowledged; 0 where it does not, or does not tell.",
            ),
            request_repairs: RepairCounters::of_requests(registry),
            response_repairs: RepairCounters::of_responses(registry),
            registry: registry.clone(),
            notices: Notices::new(registry, &[("bill", "accepted")]),
            reports: Notices::new(ssp, &[("impression", "accepted")]),
        }
    }

    /// Counts an auction.
    pub(crate) fn auction(&self, outcome: Outcome, took: Duration) {
        let index = Outcome::ALL.iter().position(|other| *other == outcome);
        if let Some(counter) = index.and_then(|index| self.auctions.get(index)) {
            counter.inc();
        }
        self.duration.observe(took);
    }

    /// Counts a request that no person is thought to be behind.
    pub(crate) fn invalid_traffic(&self, reason: Invalid) {
        if let Some((_, counter)) = self.invalid_traffic.iter().find(|(it, _)| *it == reason) {
            counter.inc();
        }
    }

    /// Counts a request whose seller may not sell.
    pub(crate) fn unauthorised(&self, reason: Unauthorised) {
        if let Some((_, counter)) = self.unauthorised.iter().find(|(it, _)| *it == reason) {
            counter.inc();
        }
    }

    /// Counts a lost bid.
    pub(crate) fn loss(&self, loss: Loss) {
        if let Some((_, counter)) = self.losses.iter().find(|(other, _)| *other == loss) {
            counter.inc();
        }
    }

    /// Counts a notice; `kind` and `outcome` are from closed sets. What pages and players report is counted at
    /// the listener that they call.
    pub(crate) fn notice(&self, kind: &'static str, outcome: &'static str) {
        match kind {
            "impression" | "click" | "view" => self.reports.add(kind, outcome, 1),
            _ => self.notices.add(kind, outcome, 1),
        }
    }

    /// Counts a lookup of what DSPs call a user; `outcome` is from a closed set.
    pub(crate) fn match_lookup(&self, outcome: &'static str) {
        let help = "Lookups of what DSPs call the user of a request, by outcome.";
        let name = "gavel_match_lookups_total";
        self.registry
            .counter(name, help, &[("outcome", outcome)])
            .inc();
    }

    /// Counts a call of a browser to the sync page or back from a DSP; `outcome` is from a closed set.
    pub(crate) fn id_sync(&self, outcome: &'static str) {
        let help = "Calls of browsers about what DSPs call them, by outcome.";
        self.registry
            .counter("gavel_id_syncs_total", help, &[("outcome", outcome)])
            .inc();
    }

    /// Counts an event that a player reported; `event` is from a closed set.
    pub(crate) fn video_event(&self, event: &'static str) {
        self.registry
            .counter(
                "gavel_video_events_total",
                "Events that players reported.",
                &[("event", event)],
            )
            .inc();
    }

    /// Counts what was tolerated in a request (C-24); `source` is an account's name.
    pub(crate) fn request_repairs(&self, source: &str, repairs: &Repairs) {
        self.request_repairs.add(source, repairs);
    }

    /// Counts what was tolerated in a DSP's response (C-24).
    pub(crate) fn response_repairs(&self, dsp: &str, repairs: &Repairs) {
        self.response_repairs.add(dsp, repairs);
    }

    /// The counters of one DSP.
    #[must_use]
    pub(crate) fn dsp(&self, dsp: &str) -> DspMetrics {
        DspMetrics {
            responses: RESPONSES.map(|outcome| {
                self.registry.counter(
                    "gavel_dsp_responses_total",
                    "What DSPs answered.",
                    &[("dsp", dsp), ("outcome", outcome)],
                )
            }),
            not_asked: NotAsked::ALL.map(|reason| {
                let counter = self.registry.counter(
                    "gavel_dsp_not_asked_total",
                    "Auctions that DSPs were not asked in, by reason.",
                    &[("dsp", dsp), ("reason", reason.label())],
                );
                (reason, counter)
            }),
            breaker: self.registry.gauge(
                "gavel_dsp_breaker_state",
                "Circuit breaker of a DSP: 0 closed, 1 half-open, 2 open.",
                &[("dsp", dsp)],
            ),
            share: self.registry.gauge(
                "gavel_dsp_admitted_ratio",
                "Share of requests that a DSP gets by how its answers were lately.",
                &[("dsp", dsp)],
            ),
            network: self.registry.gauge(
                "gavel_dsp_network_seconds",
                "What the network takes of a call of a DSP.",
                &[("dsp", dsp)],
            ),
            latency: self.registry.histogram(
                "gavel_dsp_latency_seconds",
                "How long DSPs took.",
                &[("dsp", dsp)],
                buckets::BID,
            ),
        }
    }
}

impl DspMetrics {
    /// Counts an auction that it was not asked in.
    pub(crate) fn not_asked(&self, reason: NotAsked) {
        if let Some((_, counter)) = self.not_asked.iter().find(|(other, _)| *other == reason) {
            counter.inc();
        }
    }

    /// Counts an answer, by its label.
    pub(crate) fn response(&self, outcome: &str, took: Duration) {
        let index = RESPONSES.iter().position(|other| *other == outcome);
        if let Some(counter) = index.and_then(|index| self.responses.get(index)) {
            counter.inc();
        }
        self.latency.observe(took);
    }
}
