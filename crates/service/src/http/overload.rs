//! When a worker's run queue has grown old, bid requests are shed until it is young again, and the newest are begun first
//! (R21, R23).

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use super::{
    moment::Moment,
    waiting::{Turn, Waiting},
};
use crate::metrics::Gauge;

/// How often the age of the run queue is measured: in peace, and while it sheds.
const TICK: Duration = Duration::from_millis(5);
const SHORT_TICK: Duration = Duration::from_millis(1);
/// The timer wheel itself rounds up to the next millisecond.
const ROUNDING: Duration = Duration::from_millis(1);
/// How long every measurement must be above the target before anything is shed (CoDel's interval).
const STANDING: Duration = Duration::from_millis(100);
/// A queue so many times as old as the target is not waited for: at several times the capacity it would be ten times as old
/// once the interval is over.
const LONG: u32 = 5;
/// Requests within that time below which a late tick says more about the machine than about load.
const BUSY: u64 = 50;
/// Shedding in thousandths: what one late tick adds, what one good tick removes, and the most. Their
/// ratio is the share of ticks that are late while the load stays: one in twenty-one.
const MORE: u32 = 20;
const LESS: u32 = 1;
const MOST: u32 = 980;

/// How many bid requests one worker sheds because its run queue has grown old.
///
/// A request that is ready waits as long as the queue is old, and no handler sees that time. A timer
/// waits in the same queue, so its lateness is the age. When every tick of the last 100 ms was late, or one by five times the
/// target, a share of the bid requests is shed at once, which grows with each late tick and shrinks with each
/// good one, so that the queue stays short; and until that share is found, whoever waited longer than
/// the target is shed too: its answer would be late, and the queue is emptied at the cost of refusals.
/// Only the worker's own work counts: others who want its core make ticks late, too, and refusing requests would not bring
/// the core back.
///
/// Who is not shed waits until it is called, the newest first ([`Waiting`]); that somebody was not called
/// within the target makes a tick late, too.
#[derive(Debug)]
pub(super) struct Overload {
    /// Zero turns it off.
    target: Duration,
    gauge: Gauge,
    made: Instant,
    shed_permille: AtomicU32,
    /// Spreads the share evenly: sheds whenever the sum passes a thousand.
    spread: AtomicU32,
    requests: AtomicU64,
    /// What the last tick measured, in microseconds.
    age: AtomicU64,
    /// When the next tick is due, in microseconds since `made`: while it is overdue the queue is that old, if the worker has
    /// worked as long since the last, when it had worked so many microseconds.
    due: AtomicU64,
    worked: AtomicU64,
    /// What every request has waited for at least, in microseconds.
    waited: AtomicU64,
    /// Who is not shed and not begun.
    waiting: Waiting,
}

impl Overload {
    pub(super) fn new(target: Duration, gauge: Gauge) -> Self {
        Self {
            target,
            gauge,
            made: Instant::now(),
            shed_permille: AtomicU32::new(0),
            spread: AtomicU32::new(0),
            requests: AtomicU64::new(0),
            age: AtomicU64::new(0),
            due: AtomicU64::new(u64::MAX),
            worked: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            waiting: Waiting::default(),
        }
    }

    /// Whether the bid request that just reached its worker is to be shed.
    pub(super) fn sheds(&self, now: Instant) -> bool {
        self.requests.fetch_add(1, Relaxed);
        let share = self.shed_permille.load(Relaxed);
        if share == 0 {
            return false;
        }
        let before = self.spread.fetch_add(share, Relaxed) % 1_000;
        before + share >= 1_000 || self.age(now) > self.target
    }

    /// How old the run queue is now, at least.
    fn age(&self, now: Instant) -> Duration {
        let age = Duration::from_micros(self.age.load(Relaxed));
        let overdue = self.micros(now).saturating_sub(self.due.load(Relaxed));
        let overdue = Duration::from_micros(overdue);
        if age.max(overdue) <= self.target {
            return age;
        }
        let worked = micros(Moment::with(now).worked).saturating_sub(self.worked.load(Relaxed));
        age.max(overdue.min(Duration::from_micros(worked)))
    }

    /// Waits for the turn of a bid request that was not shed when it reached its worker, and is whole now; whether it has
    /// come in time.
    pub(super) async fn is_begun(&self) -> bool {
        let is_over = self.shed_permille.load(Relaxed) == 0 && !self.waiting.is_any();
        is_over || self.waiting.turn(Moment::now()).await == Turn::Begun
    }

    /// Calls those who wait, until dropped.
    pub(super) async fn call(&self) {
        self.waiting.call(self.target).await;
    }

    /// How long a request of this moment has certainly waited before its worker saw it.
    pub(super) fn waited(&self) -> Duration {
        Duration::from_micros(self.waited.load(Relaxed))
    }

    /// Watches the queue until dropped.
    pub(super) async fn watch(&self) {
        if self.target.is_zero() {
            return;
        }
        let mut standing = Standing::default();
        loop {
            let tick = if standing.share > 0 { SHORT_TICK } else { TICK };
            let set = Moment::now();
            let due = set.at + tick;
            self.due.store(self.micros(due + ROUNDING), Relaxed);
            self.worked.store(micros(set.worked), Relaxed);
            tokio::time::sleep(tick).await;
            let now = Moment::now();
            let late = now.at.saturating_duration_since(due);
            let late = late.saturating_sub(ROUNDING);
            let age = late.min(now.since(set));
            let oldest = age.max(self.waiting.longest(now));
            standing.tick(oldest, self.target, self.requests.load(Relaxed), now.at);
            self.shed_permille.store(standing.share, Relaxed);
            self.age.store(micros(age), Relaxed);
            // Deadlines count whatever it was that a request waited for; its wait for its turn is known of each.
            let waited = if standing.is_old {
                late
            } else {
                Duration::ZERO
            };
            self.waited.store(micros(waited), Relaxed);
            self.gauge.set(late.max(oldest).as_secs_f64());
        }
    }

    fn micros(&self, at: Instant) -> u64 {
        micros(at.saturating_duration_since(self.made))
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// The rule of [`Overload`], without its clock.
#[derive(Debug, Default)]
struct Standing {
    /// Since when every tick was late, and the count of requests at the tick before.
    since: Option<(Instant, u64)>,
    /// The count of requests at the last tick.
    before: u64,
    share: u32,
    /// Whether the last tick was late, and so under load.
    is_old: bool,
}

impl Standing {
    fn tick(&mut self, age: Duration, target: Duration, requests: u64, now: Instant) {
        self.is_old = false;
        let before = std::mem::replace(&mut self.before, requests);
        if age <= target {
            self.since = None;
            self.share = self.share.saturating_sub(LESS);
            return;
        }
        let (since, then) = *self.since.get_or_insert((now, before));
        let is_long = age >= target.saturating_mul(LONG);
        let stands = is_long || now.saturating_duration_since(since) >= STANDING;
        let is_load = requests.saturating_sub(then) >= BUSY;
        self.is_old = is_load;
        if self.share > 0 || (stands && is_load) {
            self.share = (self.share + MORE).min(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    const TARGET: Duration = Duration::from_millis(5);
    const YOUNG: Duration = Duration::from_millis(1);
    const OLD: Duration = Duration::from_millis(6);

    fn overload() -> Overload {
        let gauge = Metrics::new().gauge("gavel_a", "a", &[]);
        Overload::new(TARGET, gauge)
    }

    #[test]
    fn r_23_only_a_standing_queue_under_load_sheds_and_it_stops_when_the_queue_is_young() {
        let start = Instant::now();
        let at = |tick: u32| start + TICK * tick;
        let mut standing = Standing::default();
        for tick in 0..19 {
            standing.tick(OLD, TARGET, u64::from(tick) * 100, at(tick));
            assert_eq!(standing.share, 0, "not yet standing");
        }
        standing.tick(YOUNG, TARGET, 2_000, at(19));
        assert_eq!(standing.share, 0, "one young tick starts anew");
        for tick in 20..120 {
            standing.tick(OLD, TARGET, u64::from(tick) * 100, at(tick));
        }
        assert_eq!(standing.share, MOST);
        assert!(standing.is_old, "deadlines count what they waited");
        let mut ticks = 0;
        while standing.share > 0 {
            standing.tick(YOUNG, TARGET, 20_000, at(120) + SHORT_TICK * ticks);
            ticks += 1;
        }
        assert!(!standing.is_old);
        // A short tick is two milliseconds with the timer's rounding.
        assert!(ticks < 1_000, "R21: back within two seconds");

        let mut sudden = Standing::default();
        sudden.tick(TARGET * LONG, TARGET, BUSY - 1, at(0));
        assert_eq!(sudden.share, 0, "a slow machine is no load");
        sudden.tick(YOUNG, TARGET, BUSY, at(1));
        sudden.tick(TARGET * LONG, TARGET, BUSY * 2, at(2));
        assert_eq!(sudden.share, MORE, "so old a queue stands");

        let mut alone = Standing::default();
        for tick in 0..100 {
            alone.tick(OLD, TARGET, 10, at(tick));
            assert_eq!(alone.share, 0, "a slow machine is no load");
        }
    }

    #[test]
    fn the_share_is_spread_evenly() {
        let overload = overload();
        let now = Instant::now();
        assert!((0..100).all(|_| !overload.sheds(now)));
        overload.shed_permille.store(250, Relaxed);
        let shed = (0..1_000).filter(|_| overload.sheds(now)).count();
        assert_eq!(shed, 250);
    }

    #[test]
    fn r_23_while_it_sheds_nobody_who_waited_longer_than_the_target_is_answered() {
        let overload = overload();
        let now = Instant::now();
        overload.age.store(micros(OLD), Relaxed);
        assert!(!overload.sheds(now), "an old queue that does not stand");
        overload.shed_permille.store(1, Relaxed);
        assert!((0..100).all(|_| overload.sheds(now)), "measured");
        overload.age.store(0, Relaxed);
        assert!(!overload.sheds(now));
        let later = now + OLD * 2;
        overload.due.store(overload.micros(now), Relaxed);
        overload.worked.store(u64::MAX, Relaxed);
        assert!(!overload.sheds(later), "overdue, and others had the core");
        // More than any test has worked is not needed: since the last tick it worked at least this much.
        overload.worked.store(0, Relaxed);
        while Moment::now().worked <= OLD {
            std::hint::spin_loop();
        }
        assert!(overload.sheds(later), "overdue");
    }
}
