//! How long one kind of work may go on before what waits behind it has its turn.

use std::time::{Duration, Instant};

/// About how long. A batch that was begun is finished, so that it may be some tenths of a second more.
const LENGTH: Duration = Duration::from_secs(1);

/// A turn of one kind of work: a log that is never empty must not keep its own trim, the closing of leases
/// or another log waiting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stint {
    began: Instant,
}

impl Stint {
    pub(super) const fn begun(now: Instant) -> Self {
        Self { began: now }
    }

    /// Whether what waits is to have its turn.
    pub(super) fn is_over(self, now: Instant) -> bool {
        now.saturating_duration_since(self.began) >= LENGTH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stint_lasts_a_second() {
        let began = Instant::now();
        let stint = Stint::begun(began);
        for (millis, over) in [(0, false), (999, false), (1_000, true), (60_000, true)] {
            let now = began + Duration::from_millis(millis);
            assert_eq!(stint.is_over(now), over, "{millis} ms");
        }
        assert!(!Stint::begun(began + LENGTH).is_over(began), "backwards");
    }
}
