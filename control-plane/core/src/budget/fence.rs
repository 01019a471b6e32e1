//! When the fence may be raised.

use units::{DurationMillis, UnixMillis};

/// A longer silence of markers means that the ledger, Postgres or the log was down.
pub const GAP: DurationMillis = DurationMillis::from_secs(5);
/// How long the fence then stands, so that senders that were refused meanwhile come back first: longer
/// than the outbox's longest back-off.
pub const STAND: DurationMillis = DurationMillis::from_secs(60);

/// What to do with the fence this second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FenceStep {
    /// Raise it to the ledger's clock.
    Raise,
    /// Leave it where it is.
    Stand,
}

/// Remembers since when the fence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FenceClock {
    stands_until: Option<UnixMillis>,
    last_step: Option<UnixMillis>,
}

impl FenceClock {
    /// Decides by the fence that was just read (`None`: never raised) and the ledger's clock.
    pub fn step(&mut self, fence: Option<UnixMillis>, now: UnixMillis) -> FenceStep {
        // A ledger that slept through part of a stand does not know whether the log was there.
        let slept = self
            .last_step
            .replace(now)
            .is_some_and(|last| now.since(last) > GAP);
        if slept {
            self.stands_until = None;
        }
        if fence.is_some_and(|fence| now.since(fence) <= GAP) {
            self.stands_until = None;
            return FenceStep::Raise;
        }
        let until = *self.stands_until.get_or_insert(now.after(STAND));
        if now < until {
            return FenceStep::Stand;
        }
        self.stands_until = None;
        FenceStep::Raise
    }

    /// The log did not answer: the stand begins anew with its return.
    pub fn interrupted(&mut self) {
        self.stands_until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_gap_of_more_than_5_s_the_fence_stands_for_another_60_s() {
        let at = |seconds: i64| UnixMillis(1_000_000 + seconds * 1_000);
        let mut clock = FenceClock::default();
        let mut fence = Some(at(0));
        let mut standing = 0;
        for (says, step, steps, expect) in [
            ("a second later", 1, 1, FenceStep::Raise),
            ("5 s are no gap", 5, 1, FenceStep::Raise),
            ("6 s are one", 6, 1, FenceStep::Stand),
            ("for 60 s", 1, 59, FenceStep::Stand),
            ("then it is raised", 1, 1, FenceStep::Raise),
            ("and on", 1, 5, FenceStep::Raise),
            ("another gap stands again", 10, 1, FenceStep::Stand),
            ("half of it", 1, 30, FenceStep::Stand),
            (
                "a ledger that slept through the rest begins anew",
                40,
                1,
                FenceStep::Stand,
            ),
            ("for 60 s", 1, 59, FenceStep::Stand),
            ("then it is raised", 1, 1, FenceStep::Raise),
            ("a clock that stepped back", -30, 1, FenceStep::Raise),
        ] {
            for _ in 0..steps {
                standing += step;
                let now = at(standing);
                assert_eq!(clock.step(fence, now), expect, "{says}");
                if expect == FenceStep::Raise {
                    fence = fence.max(Some(now));
                }
            }
        }
    }

    #[test]
    fn a_log_without_a_fence_and_one_that_did_not_answer_begin_a_stand() {
        let at = |seconds: i64| UnixMillis(seconds * 1_000);
        let stand = |clock: &mut FenceClock, from: i64| {
            (from..from + 60).all(|now| clock.step(None, at(now)) == FenceStep::Stand)
        };
        let mut clock = FenceClock::default();
        assert!(stand(&mut clock, 0));
        assert_eq!(clock.step(None, at(60)), FenceStep::Raise);
        assert!(stand(&mut clock, 61));
        clock.interrupted();
        assert!(stand(&mut clock, 121), "anew");
        // Another ledger has raised it meanwhile.
        assert_eq!(clock.step(Some(at(180)), at(181)), FenceStep::Raise);
    }
}
