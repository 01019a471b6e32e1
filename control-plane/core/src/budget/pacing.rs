//! Pacing: how much of a budget may be spent by now. Decided at the grant, not per bid.

use units::{Nanos, UnixMillis};

/// Which part of what is granted is charged in the end, in millionths, measured on closed leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledShare(i64);

const WHOLE: i64 = 1_000_000;
const FLOOR: i64 = 50_000;

impl SettledShare {
    /// Before anything was measured: all of it, so that the first grants are cautious.
    pub const UNKNOWN: Self = Self(WHOLE);

    /// The share that recent leases show, at least 0.05 and at most 1.
    #[must_use]
    pub fn measured(settled: Nanos, face: Nanos) -> Self {
        if face <= Nanos::ZERO {
            return Self::UNKNOWN;
        }
        let share = settled.scale(WHOLE, face.0).map_or(WHOLE, |share| {
            // Of a whole in millionths: `scale` gave settled × 10^6 ÷ face.
            share.0
        });
        Self(share.clamp(FLOOR, WHOLE))
    }

    /// What an amount that is held is expected to cost.
    #[must_use]
    pub fn of(self, held: Nanos) -> Nanos {
        held.scale(self.0, WHOLE).unwrap_or(held)
    }

    /// How much may be held for this expected cost.
    #[must_use]
    pub fn face_for(self, tokens: Nanos) -> Nanos {
        tokens.scale(WHOLE, self.0).unwrap_or(Nanos(i64::MAX))
    }
}

/// What of `total` should be spent by `at`, evenly from `from` to `to`.
#[must_use]
pub fn target(total: Nanos, from: UnixMillis, to: UnixMillis, at: UnixMillis) -> Nanos {
    let span = to.since(from).0;
    if span <= 0 || at >= to {
        return total;
    }
    let passed = at.since(from).0.max(0);
    total.scale(passed, span).unwrap_or(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_spends_in_proportion_to_the_time_that_has_passed() {
        for (says, at, expect) in [
            ("before the start", -5, 0),
            ("at the start", 0, 0),
            ("a quarter", 250, 25),
            ("half-even at the nano", 5, 0),
            ("at the end", 1_000, 100),
            ("after it", 2_000, 100),
        ] {
            let spent = target(Nanos(100), UnixMillis(0), UnixMillis(1_000), UnixMillis(at));
            assert_eq!(spent, Nanos(expect), "{says}");
        }
        let backwards = target(Nanos(100), UnixMillis(9), UnixMillis(9), UnixMillis(0));
        assert_eq!(backwards, Nanos(100), "an empty flight does not pace");
    }

    #[test]
    fn a_held_amount_counts_with_the_share_that_recent_leases_settled() {
        for (says, settled, face, held, expect) in [
            ("nothing measured", 0, 0, 100, 100),
            ("a fifth", 20, 100, 50, 10),
            ("floor 0.05", 0, 100, 100, 5),
            ("never more than all", 300, 100, 100, 100),
        ] {
            let share = SettledShare::measured(Nanos(settled), Nanos(face));
            assert_eq!(share.of(Nanos(held)), Nanos(expect), "{says}");
        }
        let share = SettledShare::measured(Nanos(20), Nanos(100));
        assert_eq!(share.face_for(Nanos(10)), Nanos(50));
    }
}
