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
}

impl FenceClock {
    /// Decides by the fence that was just read (`None`: never raised) and the ledger's clock.
    pub fn step(&mut self, fence: Option<UnixMillis>, now: UnixMillis) -> FenceStep {
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
        for (says, fence, now, expect) in [
            ("a second later", Some(0), 1, FenceStep::Raise),
            ("5 s are no gap", Some(1), 6, FenceStep::Raise),
            ("6 s are one", Some(6), 12, FenceStep::Stand),
            ("still", Some(6), 71, FenceStep::Stand),
            ("60 s after the return", Some(6), 72, FenceStep::Raise),
            ("another gap stands again", Some(72), 80, FenceStep::Stand),
            (
                "another ledger has raised it",
                Some(139),
                140,
                FenceStep::Raise,
            ),
            (
                "a clock that stepped back",
                Some(140),
                100,
                FenceStep::Raise,
            ),
            ("never raised", None, 200, FenceStep::Stand),
            ("never raised, 60 s later", None, 260, FenceStep::Raise),
        ] {
            assert_eq!(clock.step(fence.map(at), at(now)), expect, "{says}");
        }
        assert_eq!(clock.step(Some(at(0)), at(300)), FenceStep::Stand);
        clock.interrupted();
        assert_eq!(clock.step(Some(at(0)), at(370)), FenceStep::Stand, "anew");
    }
}
