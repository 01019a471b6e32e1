//! Instants that also know how long the worker had been at work.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// An instant, and how long the calling thread had been on a CPU by then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) at: Instant,
    pub(super) worked: Duration,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self::with(Instant::now())
    }

    pub(super) fn with(at: Instant) -> Self {
        let worked = clock_gettime(ClockId::ThreadCPUTime);
        let seconds = Duration::from_secs(u64::try_from(worked.tv_sec).unwrap_or(0));
        let nanos = Duration::from_nanos(u64::try_from(worked.tv_nsec).unwrap_or(0));
        Self {
            at,
            worked: seconds + nanos,
        }
    }

    /// How long ago that was, without the time for which others had the CPU: a worker that is kept from its work is not
    /// relieved by refusing it.
    pub(super) fn since(self, earlier: Self) -> Duration {
        let wall = self.at.saturating_duration_since(earlier.at);
        wall.min(self.worked.saturating_sub(earlier.worked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_worked_is_not_counted() {
        let began = Moment::now();
        let millis = Duration::from_millis;
        let later = |wall, worked| Moment {
            at: began.at + millis(wall),
            worked: began.worked + millis(worked),
        };
        // says, passed, of it at work, what counts
        let cases = [
            ("it worked all the time", 7, 7, 7),
            ("others worked, too", 7, 3, 3),
            ("it slept", 7, 0, 0),
            ("clocks that differ by a little", 7, 8, 7),
        ];
        for (says, wall, worked, want) in cases {
            assert_eq!(later(wall, worked).since(began), millis(want), "{says}");
        }
        let spent = Moment::now();
        assert!(spent.since(spent).is_zero() && spent.worked >= began.worked);
    }
}
