//! Where bid requests wait while their worker is overloaded: the newest is begun first (R23).

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use tokio::sync::{Notify, oneshot};

use super::moment::Moment;

/// The bid requests that an overloaded worker has seen and not begun.
///
/// Begun in their order they would all be answered late. Here whoever came last is next, and whoever has waited longer than
/// the target is turned away. One is begun each time that the worker has been through its run queue: what came meanwhile is
/// here by then, and what is in work goes on. All of them have a place among the requests in work, which bounds them.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// The oldest in front.
    line: Mutex<VecDeque<Waiter>>,
    /// Whether somebody is in it: looked at for every bid request.
    is_any: AtomicBool,
    came: Notify,
    /// The longest that one of those who left had waited, in microseconds, since that was asked for.
    longest: AtomicU64,
}

#[derive(Debug)]
struct Waiter {
    since: Moment,
    turn: oneshot::Sender<Turn>,
}

/// What becomes of who waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is answered.
    Begun,
    /// It waited too long.
    Shed,
}

impl Waiting {
    pub(super) fn is_any(&self) -> bool {
        self.is_any.load(Relaxed)
    }

    /// Waits for the turn of a request that came just now.
    pub(super) async fn turn(&self, since: Moment) -> Turn {
        let (turn, told) = oneshot::channel();
        self.line().push_back(Waiter { since, turn });
        self.is_any.store(true, Relaxed);
        self.came.notify_one();
        // Nobody says no: at the end whoever is left is answered.
        told.await.unwrap_or(Turn::Begun)
    }

    /// Calls those who wait, until dropped.
    pub(super) async fn call(&self, target: Duration) {
        loop {
            self.came.notified().await;
            while self.next(Moment::now(), target) {
                through_the_run_queue().await;
            }
        }
    }

    /// How long somebody has waited at most, since this was last asked.
    pub(super) fn longest(&self, now: Moment) -> Duration {
        let left = Duration::from_micros(self.longest.swap(0, Relaxed));
        let oldest = self.line().front().map(|oldest| oldest.since);
        left.max(oldest.map_or(Duration::ZERO, |since| now.since(since)))
    }

    /// Turns away who waited too long and begins the newest; whether somebody is left.
    fn next(&self, now: Moment, target: Duration) -> bool {
        let mut line = self.line();
        let waited = |waiter: &Waiter| now.since(waiter.since);
        while let Some(late) = line.pop_front_if(|oldest| waited(oldest) > target) {
            self.leaves(waited(&late));
            let _gone = late.turn.send(Turn::Shed);
        }
        while let Some(newest) = line.pop_back() {
            self.leaves(waited(&newest));
            // Whoever hung up meanwhile takes nobody's turn.
            if newest.turn.send(Turn::Begun).is_ok() {
                break;
            }
        }
        self.is_any.store(!line.is_empty(), Relaxed);
        !line.is_empty()
    }

    fn leaves(&self, waited: Duration) {
        let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.longest.fetch_max(micros, Relaxed);
    }

    fn line(&self) -> MutexGuard<'_, VecDeque<Waiter>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until everything that is ready now has had its turn; unlike `yield_now` it asks the kernel for nothing.
async fn through_the_run_queue() {
    let mut is_through = false;
    std::future::poll_fn(|context| {
        if is_through {
            return Poll::Ready(());
        }
        is_through = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::{FutureExt, future::join_all};

    use super::*;

    const TARGET: Duration = Duration::from_millis(5);

    #[test]
    fn r_23_the_newest_is_begun_and_nobody_who_waited_longer_than_the_target() {
        let start = Moment::now();
        let at = |millis| Moment {
            at: start.at + Duration::from_millis(millis),
            worked: start.worked + Duration::from_millis(millis),
        };
        let waiting = Waiting::default();
        let mut told = [0, 1, 2, 3, 6].map(|since| Box::pin(waiting.turn(at(since))));
        for waiter in &mut told {
            assert_eq!(waiter.as_mut().now_or_never(), None, "it waits");
        }
        assert!(waiting.next(at(7), TARGET) && waiting.is_any());
        let turns = told.map(FutureExt::now_or_never);
        let (begun, shed) = (Some(Turn::Begun), Some(Turn::Shed));
        assert_eq!(turns, [shed, shed, None, None, begun]);
        assert_eq!(waiting.longest(at(7)), Duration::from_millis(7));
        assert_eq!(waiting.longest(at(7)), TARGET, "of who is left");
    }

    #[tokio::test]
    async fn r_23_they_are_called_in_the_reverse_of_their_order() {
        let waiting = Waiting::default();
        let begun = RefCell::new(Vec::new());
        let ask = async |number: u32| {
            let turn = waiting.turn(Moment::now()).await;
            assert_eq!(turn, Turn::Begun);
            begun.borrow_mut().push(number);
        };
        let all = join_all((0..30).map(&ask));
        tokio::select! {
            // Asked in this order: all have come before the first is called.
            biased;
            _ = all => {}
            () = waiting.call(Duration::MAX) => {}
        }
        let want: Vec<u32> = (0..30).rev().collect();
        assert_eq!(*begun.borrow(), want);
        assert!(!waiting.is_any());
    }

    #[test]
    fn who_hung_up_takes_nobodys_turn() {
        let now = Moment::now();
        let waiting = Waiting::default();
        let mut stays = Box::pin(waiting.turn(now));
        assert_eq!(stays.as_mut().now_or_never(), None);
        let mut goes = Box::pin(waiting.turn(now));
        assert_eq!(goes.as_mut().now_or_never(), None);
        drop(goes);
        assert!(!waiting.next(now, TARGET), "nobody is left");
        assert_eq!(stays.now_or_never(), Some(Turn::Begun));
    }
}
