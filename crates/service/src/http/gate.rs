//! Who is let in: open connections, requests in work, and the age of the run queue (R21–R25).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::{Class, Limits};
use crate::metrics::Gauge;

/// Where notices and operations still get in when bids no longer do: a tenth is theirs (R24).
const RESERVED_SHARE: u32 = 10;

/// How often the age of the run queue is measured.
const TICK: Duration = Duration::from_millis(5);
/// How long every measurement must be above the target before anything is shed (CoDel's interval).
const STANDING: Duration = Duration::from_millis(100);
/// Requests within that time below which a late tick says more about the machine than about load.
const BUSY: u64 = 50;
/// Shedding in thousandths: what one late tick adds, what one good tick removes, and the most.
const MORE: u32 = 20;
const LESS: u32 = 10;
const MOST: u32 = 980;

/// What a service has open and in work, over all of its workers.
#[derive(Debug)]
pub struct Gate {
    connections: AtomicU32,
    in_flight: AtomicU32,
    connections_gauge: Gauge,
    in_flight_gauge: Gauge,
}

impl Gate {
    pub(crate) fn new(connections_gauge: Gauge, in_flight_gauge: Gauge) -> Self {
        Self {
            connections: AtomicU32::new(0),
            in_flight: AtomicU32::new(0),
            connections_gauge,
            in_flight_gauge,
        }
    }

    /// Requests in work at this moment.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// Open connections at this moment.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.connections.load(Relaxed)
    }

    pub(super) fn connect(self: &Arc<Self>, limits: &Limits) -> Option<Connected> {
        let before = self.connections.fetch_add(1, Relaxed);
        // Made first, so that a refusal gives its place back by being dropped.
        let connected = Connected(Arc::clone(self));
        self.connections_gauge.set_u32(before.saturating_add(1));
        (before < limits.max_connections).then_some(connected)
    }

    pub(super) fn enter(self: &Arc<Self>, class: Class, limits: &Limits) -> Option<Entered> {
        let most = match class {
            Class::Bid | Class::Api => {
                limits.max_in_flight - limits.max_in_flight.div_ceil(RESERVED_SHARE)
            }
            Class::Notice | Class::Ops => limits.max_in_flight,
        };
        let before = self.in_flight.fetch_add(1, Relaxed);
        let entered = Entered(Arc::clone(self));
        self.in_flight_gauge.set_u32(before.saturating_add(1));
        (before < most.max(1)).then_some(entered)
    }
}

/// A connection's place; dropped with it.
#[must_use]
pub(super) struct Connected(Arc<Gate>);

impl Drop for Connected {
    fn drop(&mut self) {
        let before = self.0.connections.fetch_sub(1, Relaxed);
        self.0.connections_gauge.set_u32(before.saturating_sub(1));
    }
}

/// A request's place; dropped when its answer is ready.
#[must_use]
pub(super) struct Entered(Arc<Gate>);

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.0.in_flight.fetch_sub(1, Relaxed);
        self.0.in_flight_gauge.set_u32(before.saturating_sub(1));
    }
}

/// How many bid requests one worker sheds because its run queue has grown old.
///
/// A request that is ready waits as long as the queue is old, and no handler sees that time. A timer
/// that should fire every 5 ms waits in the same queue, so its lateness is the age. While every tick
/// of the last 100 ms was late, the shed share grows, and it shrinks with every tick in time.
#[derive(Debug, Default)]
pub(super) struct Overload {
    shed_permille: AtomicU32,
    /// Spreads the share evenly: sheds whenever the sum passes a thousand.
    spread: AtomicU32,
    requests: AtomicU64,
}

impl Overload {
    /// Whether the bid request that just arrived is to be shed.
    pub(super) fn sheds(&self) -> bool {
        self.requests.fetch_add(1, Relaxed);
        let share = self.shed_permille.load(Relaxed);
        if share == 0 {
            return false;
        }
        let before = self.spread.fetch_add(share, Relaxed) % 1_000;
        before + share >= 1_000
    }

    /// Watches the queue until dropped.
    pub(super) async fn watch(&self, target: Duration) {
        let mut standing = Standing::default();
        loop {
            let due = Instant::now() + TICK;
            tokio::time::sleep(TICK).await;
            let now = Instant::now();
            // The timer wheel itself rounds up to the next millisecond.
            let age = now
                .saturating_duration_since(due)
                .saturating_sub(Duration::from_millis(1));
            let share = standing.tick(age > target, self.requests.load(Relaxed), now);
            self.shed_permille.store(share, Relaxed);
        }
    }
}

/// The rule of [`Overload`], without its clock.
#[derive(Debug, Default)]
struct Standing {
    /// Since when every tick was late, and the count of requests then.
    since: Option<(Instant, u64)>,
    share: u32,
}

impl Standing {
    fn tick(&mut self, late: bool, requests: u64, now: Instant) -> u32 {
        if !late {
            self.since = None;
            self.share = self.share.saturating_sub(LESS + self.share / 10);
            return self.share;
        }
        let (since, then) = *self.since.get_or_insert((now, requests));
        let stands = now.saturating_duration_since(since) >= STANDING;
        let is_load = requests.saturating_sub(then) >= BUSY;
        if self.share > 0 || (stands && is_load) {
            self.share = (self.share + MORE).min(MOST);
        }
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    fn gate() -> Arc<Gate> {
        let metrics = Metrics::new();
        Arc::new(Gate::new(
            metrics.gauge("gavel_a", "a", &[]),
            metrics.gauge("gavel_b", "b", &[]),
        ))
    }

    #[test]
    fn r_24_bids_stop_at_nine_tenths_and_notices_at_ten() {
        let limits = Limits {
            max_in_flight: 10,
            ..Limits::default()
        };
        let gate = gate();
        let bids: Vec<_> = (0..12)
            .filter_map(|_| gate.enter(Class::Bid, &limits))
            .collect();
        assert_eq!(bids.len(), 9);
        assert!(gate.enter(Class::Api, &limits).is_none());
        let notice = gate.enter(Class::Notice, &limits);
        assert!(notice.is_some());
        assert!(gate.enter(Class::Notice, &limits).is_none());
        drop((bids, notice));
        assert_eq!(gate.in_flight(), 0, "every place is given back");
    }

    #[test]
    fn r_25_connections_beyond_the_most_are_refused() {
        let limits = Limits {
            max_connections: 2,
            ..Limits::default()
        };
        let gate = gate();
        let first = gate.connect(&limits);
        let second = gate.connect(&limits);
        assert!(gate.connect(&limits).is_none());
        drop(first);
        assert!(gate.connect(&limits).is_some());
        drop(second);
        assert_eq!(gate.connections(), 0);
    }

    #[test]
    fn r_23_only_a_standing_queue_under_load_sheds_and_it_stops_when_the_queue_is_young() {
        let start = Instant::now();
        let at = |tick: u32| start + TICK * tick;
        let mut standing = Standing::default();
        for tick in 0..19 {
            assert_eq!(
                standing.tick(true, u64::from(tick) * 100, at(tick)),
                0,
                "not yet standing"
            );
        }
        assert_eq!(
            standing.tick(false, 2_000, at(19)),
            0,
            "one young tick starts anew"
        );
        let mut share = 0;
        for tick in 20..120 {
            share = standing.tick(true, u64::from(tick) * 100, at(tick));
        }
        assert_eq!(share, MOST);
        let mut ticks = 120;
        while share > 0 {
            share = standing.tick(false, 20_000, at(ticks));
            ticks += 1;
        }
        assert!(ticks < 160, "back within 200 ms");

        let mut alone = Standing::default();
        for tick in 0..100 {
            assert_eq!(
                alone.tick(true, 10, at(tick)),
                0,
                "a slow machine is no load"
            );
        }
    }

    #[test]
    fn the_share_is_spread_evenly() {
        let overload = Overload::default();
        assert!((0..100).all(|_| !overload.sheds()));
        overload.shed_permille.store(250, Relaxed);
        let shed = (0..1_000).filter(|_| overload.sheds()).count();
        assert_eq!(shed, 250);
    }
}
