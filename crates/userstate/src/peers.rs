//! What the connections of one process share: one judgement of Redis, one pace of trying, one cache.

use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contracts::matches::Matches;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::breaker::Breaker;
use crate::budget::Budget;
use crate::cache::{Cache, Known};

/// Between two attempts to connect, of whichever connection of the process; and at random so much more (R13).
const PACE: Duration = Duration::from_millis(500);
const JITTER_MS: u64 = 200;

/// Shared by the connections that a process has on its cores.
#[derive(Debug)]
pub struct Peers {
    pub(crate) breaker: Breaker,
    pub(crate) cache: Option<Cache<Known>>,
    pub(crate) matches: Option<Cache<Matches>>,
    /// When the next attempt to connect may be made.
    next: Mutex<Instant>,
    reached: Notify,
}

impl Peers {
    /// For the connections that will be made with this budget.
    #[must_use]
    pub fn new(budget: &Budget) -> Self {
        Self {
            breaker: Breaker::new(),
            cache: Cache::new(budget.cache_bytes, budget.cache_life),
            matches: Cache::new(budget.matches_bytes, budget.cache_life),
            next: Mutex::new(Instant::now()),
            reached: Notify::new(),
        }
    }

    /// Whether anything is kept that a change must remove.
    pub(crate) fn keeps(&self) -> bool {
        self.cache.is_some() || self.matches.is_some()
    }

    /// Removes a user from what is kept.
    pub(crate) fn forget(&self, user: &str) {
        if let Some(cache) = &self.cache {
            cache.forget(user);
        }
        if let Some(matches) = &self.matches {
            matches.forget(user);
        }
    }

    /// Removes everybody.
    pub(crate) fn forget_all(&self) {
        if let Some(cache) = &self.cache {
            cache.forget_all();
        }
        if let Some(matches) = &self.matches {
            matches.forget_all();
        }
    }

    /// Waits for its turn to try; all wait no longer as soon as one has reached Redis.
    pub(crate) async fn turn(&self) {
        let reached = self.reached.notified();
        let at = {
            let mut next = self.next();
            let at = (*next).max(Instant::now());
            *next = at + PACE + jitter();
            at
        };
        tokio::select! {
            () = tokio::time::sleep_until(at) => {}
            () = reached => {}
        }
    }

    /// Redis answers: nobody has to hold back.
    pub(crate) fn reached(&self) {
        *self.next() = Instant::now();
        self.reached.notify_waiters();
        self.breaker.probe_now();
    }

    fn next(&self) -> MutexGuard<'_, Instant> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The standard library's hasher is seeded at random; that is all the randomness needed here.
fn jitter() -> Duration {
    let random = std::hash::RandomState::new().build_hasher().finish();
    Duration::from_millis(random % JITTER_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn r13_a_process_tries_at_most_twice_a_second_however_many_connections_it_has() {
        let peers = std::sync::Arc::new(Peers::new(&Budget::default()));
        let (count, mut tries) = (Duration::from_secs(20), 0);
        let began = Instant::now();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let peers = std::sync::Arc::clone(&peers);
            waiting.spawn(async move { peers.turn().await });
        }
        while waiting.join_next().await.is_some() {
            if began.elapsed() >= count {
                break;
            }
            tries += 1;
            let peers = std::sync::Arc::clone(&peers);
            waiting.spawn(async move { peers.turn().await });
        }
        assert!((25..=41).contains(&tries), "{tries} in twenty seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn r13_when_one_has_reached_redis_the_others_follow_at_once() {
        let peers = std::sync::Arc::new(Peers::new(&Budget::default()));
        peers.turn().await;
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let peers = std::sync::Arc::clone(&peers);
            waiting.spawn(async move { peers.turn().await });
        }
        tokio::task::yield_now().await;
        let began = Instant::now();
        peers.reached();
        while waiting.join_next().await.is_some() {}
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
