//! What a worker runs auctions with, and how each leaves it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use eventlog::EventLog;
use recording::Records;
use service::Ops;
use units::{AuctionId, UnixMillis};

use super::calls::Calls;
use super::facts::Facts;
use super::recorder::Recorder;
use super::sale::Source;
use super::summary::{self, Arrived};
use crate::exchange::Exchange;
use crate::identity::Identity;
use crate::metrics::Outcome;
use crate::records::Auctions;
use crate::sightings::{Sightings, Watch};
use crate::upstream::Upstream;

/// What one worker runs auctions with. Lives on its core.
#[derive(Clone)]
pub(crate) struct AuctionContext {
    /// What all workers share.
    pub exchange: Arc<Exchange>,
    /// This worker's connections to DSPs.
    pub upstream: Upstream,
    /// The durable log.
    pub log: EventLog,
    /// What users are known by.
    pub identity: Identity,
    /// The listener's that the auctions come in by: it counts what is shed.
    pub(super) ops: Ops,
    pub(crate) calls: Rc<Calls>,
    pub(crate) recorder: Recorder,
    /// Where auctions are left that can be settled again.
    pub(super) recording: Records<Auctions>,
    /// What looks for creatives that nobody has judged.
    pub(super) watch: Rc<Watch>,
}

impl AuctionContext {
    /// What a worker runs auctions with. Must be called on its runtime: it starts the tasks that record.
    #[must_use]
    pub(crate) fn start(
        exchange: &Arc<Exchange>,
        recording: &Records<Auctions>,
        sightings: &Sightings,
        upstream: Upstream,
        log: EventLog,
        identity: Identity,
        ops: Ops,
    ) -> Self {
        Self {
            exchange: Arc::clone(exchange),
            calls: Rc::new(Calls::new(exchange, &upstream)),
            recorder: Recorder::new(exchange),
            recording: recording.clone(),
            watch: Rc::new(Watch::new(sightings)),
            upstream,
            log,
            identity,
            ops,
        }
    }

    /// The same for auctions that come in by another listener.
    pub(crate) fn of_listener(&self, ops: Ops) -> Self {
        Self {
            ops,
            ..self.clone()
        }
    }

    /// Counts and records an auction; called when its answer is ready.
    pub(super) fn finish(&self, outcome: Outcome, arrival: Instant, facts: Box<Facts>) {
        let took = arrival.elapsed();
        self.exchange.metrics.auction(outcome, took);
        self.exchange.stats.auction(outcome, took);
        self.recorder.record(facts);
    }

    /// Records an auction that was turned away before it was read.
    pub(super) fn shed(&self, auction: AuctionId, now: UnixMillis, reason: &str) {
        let source = Source::Ssp {
            account: None,
            browser: false,
            speaks_25: false,
        };
        let arrived = Arrived {
            auction,
            at: now,
            arrival: Instant::now(),
            source: &source,
        };
        let memory = self.recorder.memory();
        let facts = summary::without_auction(memory, &arrived, Outcome::Shed, "", reason);
        self.finish(Outcome::Shed, arrived.arrival, facts);
    }
}
