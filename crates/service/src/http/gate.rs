//! Who is let in: open connections and requests in work (R21, R24, R25).

use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
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
    arriving: AtomicU64,
    workers: AtomicU32,
    gauges: Gauges,
}

/// The same in metrics.
#[derive(Debug)]
pub(crate) struct Gauges {
    pub(crate) connections: Gauge,
    pub(crate) in_flight: Gauge,
    pub(crate) arriving: Gauge,
}

impl Gate {
    pub(crate) fn new(gauges: Gauges) -> Self {
        Self {
            connections: AtomicU32::new(0),
            in_flight: AtomicU32::new(0),
            arriving: AtomicU64::new(0),
            workers: AtomicU32::new(0),
            gauges,
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
        self.gauges.connections.set_u32(before.saturating_add(1));
        (before < limits.max_connections).then_some(connected)
    }

    /// Whether no place is left for a request of this class: its body need not be read (R22).
    pub(super) fn is_full(&self, class: Class, limits: &Limits) -> bool {
        self.in_flight() >= most(class, limits)
    }

    pub(super) fn enter(self: &Arc<Self>, class: Class, limits: &Limits) -> Option<Entered> {
        let before = self.in_flight.fetch_add(1, Relaxed);
        let entered = Entered(Arc::clone(self));
        self.gauges.in_flight.set_u32(before.saturating_add(1));
        (before < most(class, limits)).then_some(entered)
    }

    /// A body that arrives, of which nothing is kept yet.
    pub(super) fn arriving(self: &Arc<Self>) -> Arriving {
        Arriving {
            gate: Arc::clone(self),
            kept: 0,
        }
    }

    fn tell_arriving(&self, kept: u64) {
        let kept = i64::try_from(kept).unwrap_or(i64::MAX);
        self.gauges.arriving.set_i64(kept);
    }
}

/// How many places a class may fill.
fn most(class: Class, limits: &Limits) -> u32 {
    let places = match class {
        Class::Bid | Class::Api => {
            limits.max_in_flight - limits.max_in_flight.div_ceil(RESERVED_SHARE)
        }
        Class::Notice | Class::Ops => limits.max_in_flight,
    };
    places.max(1)
}

/// A connection's place; dropped with it.
#[must_use]
pub(super) struct Connected(Arc<Gate>);

impl Drop for Connected {
    fn drop(&mut self) {
        let before = self.0.connections.fetch_sub(1, Relaxed);
        self.0.gauges.connections.set_u32(before.saturating_sub(1));
    }
}

/// The bytes that are kept of a body while its rest is waited for; given back when dropped.
pub(super) struct Arriving {
    gate: Arc<Gate>,
    kept: u64,
}

impl Arriving {
    /// Counts what is kept of this body by now; whether there is room for it.
    pub(super) fn keep(&mut self, bytes: usize, limits: &Limits) -> bool {
        let more = (bytes as u64).saturating_sub(self.kept);
        if more == 0 {
            return true;
        }
        let kept = self.gate.arriving.fetch_add(more, Relaxed) + more;
        self.kept += more;
        self.gate.tell_arriving(kept);
        kept <= limits.max_arriving.0
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if self.kept > 0 {
            let before = self.gate.arriving.fetch_sub(self.kept, Relaxed);
            let left = before.saturating_sub(self.kept);
            self.gate.tell_arriving(left);
        }
    }
}

/// A request's place, taken when it is whole; dropped when its answer is ready.
#[must_use]
pub(super) struct Entered(Arc<Gate>);

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.0.in_flight.fetch_sub(1, Relaxed);
        self.0.gauges.in_flight.set_u32(before.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Bytes, metrics::Metrics};

    fn gate() -> Arc<Gate> {
        let metrics = Metrics::new();
        Arc::new(Gate::new(Gauges {
            connections: metrics.gauge("gavel_a", "a", &[]),
            in_flight: metrics.gauge("gavel_b", "b", &[]),
            arriving: metrics.gauge("gavel_c", "c", &[]),
        }))
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
        let is_full = [Class::Bid, Class::Api, Class::Notice].map(|it| gate.is_full(it, &limits));
        assert_eq!(is_full, [true, true, false]);
        assert!(gate.enter(Class::Api, &limits).is_none());
        let notice = gate.enter(Class::Notice, &limits);
        assert!(notice.is_some() && gate.is_full(Class::Notice, &limits));
        assert!(gate.enter(Class::Notice, &limits).is_none());
        drop((bids, notice));
        assert_eq!(gate.in_flight(), 0, "every place is given back");
    }

    #[test]
    fn r_27_so_much_is_kept_of_bodies_that_arrive_and_no_more() {
        let limits = Limits {
            max_arriving: Bytes(100),
            ..Limits::default()
        };
        let gate = gate();
        let [mut first, mut second] = [gate.arriving(), gate.arriving()];
        assert!(first.keep(60, &limits) && first.keep(60, &limits), "once");
        assert!(second.keep(40, &limits));
        let mut third = gate.arriving();
        assert!(third.keep(0, &limits), "nothing is kept of it");
        assert!(!third.keep(1, &limits));
        drop(third);
        assert!(!first.keep(61, &limits), "it grows");
        drop(first);
        assert!(second.keep(100, &limits), "what was given back is free");
        drop(second);
        assert_eq!(gate.arriving.load(Relaxed), 0);
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
