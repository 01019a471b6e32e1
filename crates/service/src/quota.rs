//! What one caller may ask of us: a rate, requests in work, a switch (R24, S5).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use crate::http::ShedReason;

/// Permits that may be taken at once: those of a tenth of a second, and at least so many, but no more than those
/// of a second.
const LEAST_BURST: u64 = 10;
const BURST_SHARE: u64 = 10;
const SECOND_NANOS: u64 = 1_000_000_000;

/// The limits of one caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Requests per second; zero for any number.
    pub qps: u32,
    /// Requests in work at once; zero for any number.
    pub in_flight: u32,
    /// Whether it is served at all.
    pub active: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            qps: 0,
            in_flight: 0,
            active: true,
        }
    }
}

/// One caller's limits and what it uses of them, shared by all workers. Terms change while it runs.
#[derive(Debug)]
pub struct Quota {
    made: Instant,
    active: AtomicBool,
    qps: AtomicU32,
    most_in_flight: AtomicU32,
    in_flight: AtomicU32,
    /// When the next permit is due at the even rate (GCRA), in nanoseconds since `made`.
    due: AtomicU64,
}

/// A caller's request in work; given back when dropped.
#[must_use]
#[derive(Debug)]
pub struct QuotaPlace(Arc<Quota>);

impl Quota {
    /// An unused quota.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        Self {
            made: Instant::now(),
            active: AtomicBool::new(terms.active),
            qps: AtomicU32::new(terms.qps),
            most_in_flight: AtomicU32::new(terms.in_flight),
            in_flight: AtomicU32::new(0),
            due: AtomicU64::new(0),
        }
    }

    /// The terms in force.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            qps: self.qps.load(Relaxed),
            in_flight: self.most_in_flight.load(Relaxed),
            active: self.active.load(Relaxed),
        }
    }

    /// Puts other terms in force, from the next request on.
    pub fn change(&self, terms: Terms) {
        self.active.store(terms.active, Relaxed);
        self.qps.store(terms.qps, Relaxed);
        self.most_in_flight.store(terms.in_flight, Relaxed);
    }

    /// The caller's requests in work at this moment.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// Lets a request in.
    ///
    /// # Errors
    /// Why it is turned away.
    pub fn enter(self: &Arc<Self>, now: Instant) -> Result<QuotaPlace, ShedReason> {
        let terms = self.terms();
        if !terms.active {
            return Err(ShedReason::SourceOff);
        }
        let before = self.in_flight.fetch_add(1, Relaxed);
        // Made first, so that a refusal gives its place back by being dropped.
        let place = QuotaPlace(Arc::clone(self));
        if terms.in_flight > 0 && before >= terms.in_flight {
            return Err(ShedReason::SourceInFlight);
        }
        if !self.take(terms.qps, now) {
            return Err(ShedReason::Quota);
        }
        Ok(place)
    }

    fn take(&self, qps: u32, now: Instant) -> bool {
        let Some(interval) = SECOND_NANOS.checked_div(u64::from(qps)) else {
            return true;
        };
        let qps = u64::from(qps);
        let burst = (qps / BURST_SHARE).max(LEAST_BURST).min(qps.max(1));
        let tolerance = interval.saturating_mul(burst - 1);
        let since = now.saturating_duration_since(self.made).as_nanos();
        let now = u64::try_from(since).unwrap_or(u64::MAX);
        self.due
            .fetch_update(Relaxed, Relaxed, |due| {
                // A schedule of an older, slower rate does not hold up a newer one for longer than its burst.
                let due = due.max(now).min(now.saturating_add(tolerance + interval));
                (due - now <= tolerance).then(|| due.saturating_add(interval))
            })
            .is_ok()
    }
}

impl Drop for QuotaPlace {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn quota(terms: Terms) -> Arc<Quota> {
        Arc::new(Quota::new(terms))
    }

    #[test]
    fn r_24_a_caller_gets_its_burst_then_its_rate() {
        let quota = quota(Terms {
            qps: 100,
            ..Terms::default()
        });
        let start = Instant::now();
        let taken = |at: Duration| {
            (0..1_000)
                .filter(|_| quota.enter(start + at).is_ok())
                .count()
        };
        assert_eq!(taken(Duration::ZERO), 10, "a tenth of a second's worth");
        assert_eq!(taken(Duration::from_millis(50)), 5, "five more in 50 ms");
        assert_eq!(
            taken(Duration::from_secs(60)),
            10,
            "a long rest refills the burst and no more"
        );
        quota.change(Terms {
            qps: 1_000,
            ..Terms::default()
        });
        assert_eq!(
            taken(Duration::from_secs(61)),
            100,
            "other terms hold at once"
        );
        assert_eq!(quota.in_flight(), 0, "refusals hold no place");
    }

    #[test]
    fn r_24_a_small_quota_is_not_passed_in_any_second_by_more_than_its_burst() {
        for (qps, at_once, in_five_seconds) in [(1, 1, 5), (5, 5, 29), (9, 9, 53), (20, 10, 109)] {
            let quota = quota(Terms {
                qps,
                ..Terms::default()
            });
            let start = Instant::now();
            let taken = |millis: u64| quota.enter(start + Duration::from_millis(millis)).is_ok();
            let first = (0..100).filter(|_| taken(0)).count();
            assert_eq!(first, at_once, "{qps} a second, at once");
            let rest = (1..5_000).filter(|millis| taken(*millis)).count();
            assert_eq!(first + rest, in_five_seconds, "{qps} a second, in five");
        }
    }

    #[test]
    fn r_24_a_caller_has_so_many_in_work_and_no_more() {
        let quota = quota(Terms {
            in_flight: 2,
            ..Terms::default()
        });
        let now = Instant::now();
        let held: Vec<_> = (0..2).map(|_| quota.enter(now).unwrap()).collect();
        assert_eq!(quota.enter(now).err(), Some(ShedReason::SourceInFlight));
        drop(held);
        assert!(quota.enter(now).is_ok());
    }

    #[test]
    fn s_5_the_switch_holds_from_the_next_request() {
        let quota = quota(Terms::default());
        let now = Instant::now();
        assert!(quota.enter(now).is_ok());
        quota.change(Terms {
            active: false,
            ..Terms::default()
        });
        assert_eq!(quota.enter(now).err(), Some(ShedReason::SourceOff));
    }
}
