//! Who is let in: open connections and requests in work (R21, R24, R25).

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use super::{Class, Limits};
use crate::metrics::Gauge;

/// Where notices and operations still get in when bids no longer do: a tenth is theirs (R24).
const RESERVED_SHARE: u32 = 10;

/// What a service has open and in work, over all of its workers.
#[derive(Debug)]
pub struct Gate {
    connections: AtomicU32,
    in_flight: AtomicU32,
    workers: AtomicU32,
    connections_gauge: Gauge,
    in_flight_gauge: Gauge,
}

impl Gate {
    pub(crate) fn new(connections_gauge: Gauge, in_flight_gauge: Gauge) -> Self {
        Self {
            connections: AtomicU32::new(0),
            in_flight: AtomicU32::new(0),
            workers: AtomicU32::new(0),
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

    /// The number of one more worker that serves.
    pub(crate) fn next_worker(&self) -> u32 {
        self.workers.fetch_add(1, Relaxed)
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
}
