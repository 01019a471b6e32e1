//! When to stop calling a host that fails, and when to try it again (R28).

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Consecutive failures that open it.
    pub consecutive: u32,
    /// Calls within [`BreakerConfig::window`] from which the share of failures counts.
    pub min_calls: u32,
    /// Over what time the share is taken: more than half failed opens it.
    pub window: Duration,
    /// The first pause; it doubles with every probe that fails.
    pub base: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            consecutive: 5,
            min_calls: 20,
            window: Duration::from_secs(1),
            base: Duration::from_secs(1),
            longest: Duration::from_secs(30),
        }
    }
}

/// What a breaker says to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Call.
    Yes,
    /// Call: this one decides whether the host is back.
    Probe,
    /// Do not call.
    No,
}

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// No calls until the pause is over.
    Open,
    /// The pause is over; one probe is due or under way.
    HalfOpen,
}

/// Decides per host whether to call. Shared between threads; time is an argument.
#[derive(Debug)]
pub struct Breaker {
    config: BreakerConfig,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Failures since the last success.
    run: u32,
    window_start: Option<Instant>,
    calls: u32,
    failures: u32,
    /// Since when and for how long no calls are made.
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    until: Instant,
    /// Probes that failed.
    times: u32,
    probe_at: Option<Instant>,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub const fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            state: Mutex::new(State {
                run: 0,
                window_start: None,
                calls: 0,
                failures: 0,
                open: None,
            }),
        }
    }

    /// Whether to call now. Every `Yes` and `Probe` is followed by [`Breaker::succeeded`] or
    /// [`Breaker::failed`]; a probe that never reports is replaced after the base pause.
    #[must_use]
    pub fn admit(&self, now: Instant) -> Admission {
        let base = self.config.base;
        let mut state = self.lock();
        let Some(open) = &mut state.open else {
            return Admission::Yes;
        };
        let probe_under_way = open
            .probe_at
            .is_some_and(|at| now.saturating_duration_since(at) < base);
        if now < open.until || probe_under_way {
            return Admission::No;
        }
        open.probe_at = Some(now);
        Admission::Probe
    }

    /// A call brought a usable answer.
    pub fn succeeded(&self, now: Instant) {
        let mut state = self.lock();
        // An answer to a call from before it opened says nothing about the time after.
        if state.open.is_some_and(|open| open.probe_at.is_none()) {
            return;
        }
        state.open = None;
        state.run = 0;
        state.count(now, self.config.window, false);
    }

    /// A call failed, and it was the host's fault.
    pub fn failed(&self, now: Instant) {
        let config = self.config;
        let mut state = self.lock();
        if let Some(open) = &mut state.open {
            if open.probe_at.take().is_some() {
                open.times = open.times.saturating_add(1);
                open.until = later(now, pause(&config, open.times));
            }
            return;
        }
        state.run = state.run.saturating_add(1);
        state.count(now, config.window, true);
        let mostly =
            state.calls >= config.min_calls && state.failures.saturating_mul(2) > state.calls;
        if state.run >= config.consecutive || mostly {
            state.open = Some(Open {
                until: later(now, pause(&config, 0)),
                times: 0,
                probe_at: None,
            });
            state.run = 0;
            state.window_start = None;
        }
    }

    /// Where it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.lock().open {
            None => BreakerState::Closed,
            Some(open) if now < open.until => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(BreakerConfig::default())
    }
}

impl State {
    fn count(&mut self, now: Instant, window: Duration, failure: bool) {
        let expired = self
            .window_start
            .is_none_or(|start| now.saturating_duration_since(start) >= window);
        if expired {
            self.window_start = Some(now);
            self.calls = 0;
            self.failures = 0;
        }
        self.calls = self.calls.saturating_add(1);
        self.failures = self.failures.saturating_add(u32::from(failure));
    }
}

fn pause(config: &BreakerConfig, times: u32) -> Duration {
    let doubled = 1_u32.checked_shl(times).unwrap_or(u32::MAX);
    config.base.saturating_mul(doubled).min(config.longest)
}

fn later(now: Instant, pause: Duration) -> Instant {
    now.checked_add(pause).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn open_one(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..5 {
            assert_eq!(breaker.admit(now), Admission::Yes);
            breaker.failed(now);
        }
        breaker
    }

    #[test]
    fn r_28_five_in_a_row_open_it_for_one_second() {
        let start = Instant::now();
        let breaker = open_one(start);
        assert_eq!(breaker.state(start), BreakerState::Open);
        assert_eq!(breaker.admit(start + SECOND / 2), Admission::No);
        assert_eq!(breaker.state(start + SECOND), BreakerState::HalfOpen);
        assert_eq!(breaker.admit(start + SECOND), Admission::Probe);
        assert_eq!(
            breaker.admit(start + SECOND),
            Admission::No,
            "one probe at a time"
        );
        breaker.succeeded(start + SECOND);
        assert_eq!(breaker.admit(start + SECOND), Admission::Yes);
    }

    #[test]
    fn r_28_the_pause_doubles_up_to_thirty_seconds() {
        let mut now = Instant::now();
        let breaker = open_one(now);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let almost = now + SECOND * seconds - Duration::from_millis(1);
            assert_eq!(breaker.admit(almost), Admission::No, "{seconds} s");
            now += SECOND * seconds;
            assert_eq!(breaker.admit(now), Admission::Probe, "{seconds} s");
            breaker.failed(now);
        }
    }

    #[test]
    fn r_28_a_success_between_failures_starts_the_run_anew() {
        let now = Instant::now();
        let breaker = Breaker::default();
        for _ in 0..4 {
            breaker.failed(now);
        }
        breaker.succeeded(now);
        for _ in 0..4 {
            breaker.failed(now);
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn r_28_more_than_half_of_twenty_within_a_second_open_it() {
        let start = Instant::now();
        let breaker = Breaker::default();
        for call in 0..19 {
            if call % 2 == 0 {
                breaker.failed(start);
            } else {
                breaker.succeeded(start);
            }
        }
        assert_eq!(breaker.state(start), BreakerState::Closed);
        breaker.failed(start);
        assert_eq!(breaker.state(start), BreakerState::Open);

        let slow = Breaker::default();
        for call in 0..60_u32 {
            let at = start + SECOND / 10 * call;
            if call % 3 == 0 {
                slow.succeeded(at)
            } else {
                slow.failed(at)
            }
        }
        assert_eq!(
            slow.state(start),
            BreakerState::Closed,
            "too few calls a second"
        );
    }

    #[test]
    fn a_lost_probe_is_replaced_and_stale_answers_do_not_close_it() {
        let start = Instant::now();
        let breaker = open_one(start);
        breaker.succeeded(start);
        assert_eq!(
            breaker.state(start),
            BreakerState::Open,
            "an answer from before"
        );
        breaker.failed(start);
        assert_eq!(breaker.admit(start + SECOND), Admission::Probe);
        assert_eq!(breaker.admit(start + SECOND * 3 / 2), Admission::No);
        assert_eq!(breaker.admit(start + SECOND * 2), Admission::Probe);
    }
}
