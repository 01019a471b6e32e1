//! How long and how often: one deadline passed down, and a bucket of permits.

use std::time::{Duration, Instant};

/// The instant by which an answer must be out; everything that waits takes it as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Instant);

impl Deadline {
    /// The deadline `span` after `start`; a span beyond the clock's range counts as a day.
    #[must_use]
    pub fn after(start: Instant, span: Duration) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self(start.checked_add(span).unwrap_or_else(|| start + DAY))
    }

    /// What is left at `now`; zero when it has passed.
    #[must_use]
    pub fn left(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }

    /// Whether it has passed at `now`.
    #[must_use]
    pub fn is_over(self, now: Instant) -> bool {
        now >= self.0
    }

    /// The same deadline moved earlier by `margin`, never before `now`.
    #[must_use]
    pub fn less(self, margin: Duration, now: Instant) -> Self {
        Self(
            self.0
                .checked_sub(margin)
                .map_or(now, |earlier| earlier.max(now)),
        )
    }
}

impl From<Deadline> for Instant {
    fn from(deadline: Deadline) -> Self {
        deadline.0
    }
}

/// Permits that refill evenly (GCRA: one instant instead of a count, so no drift and no timer).
#[derive(Debug, Clone)]
pub struct TokenBucket {
    /// Time that one permit takes to refill; zero means no limit.
    interval: Duration,
    /// How far ahead of real time the schedule may run: (burst - 1) intervals.
    tolerance: Duration,
    /// When the next permit is due at the even rate.
    due: Option<Instant>,
}

impl TokenBucket {
    /// A bucket of `burst` permits that gains `per_second` permits a second. Zero per second means no
    /// limit; a burst of zero counts as one.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1)
            .checked_div(per_second)
            .unwrap_or(Duration::ZERO);
        Self {
            interval,
            tolerance: interval.saturating_mul(burst.saturating_sub(1)),
            due: None,
        }
    }

    /// Takes a permit; when there is none, says how long until there is one.
    ///
    /// # Errors
    /// The wait until the next permit.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let due = self.due.map_or(now, |due| due.max(now));
        let ahead = due.saturating_duration_since(now);
        if ahead > self.tolerance {
            return Err(ahead.saturating_sub(self.tolerance));
        }
        self.due = due.checked_add(self.interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, 3);
        for _ in 0..3 {
            assert_eq!(bucket.take(start), Ok(()));
        }
        assert_eq!(bucket.take(start), Err(Duration::from_millis(100)));
        assert_eq!(bucket.take(start + Duration::from_millis(100)), Ok(()));
        assert!(bucket.take(start + Duration::from_millis(150)).is_err());
        let later = start + Duration::from_secs(60);
        let taken = (0..10).filter(|_| bucket.take(later).is_ok()).count();
        assert_eq!(taken, 3, "a long rest refills the burst and no more");
    }

    #[test]
    fn zero_per_second_is_no_limit() {
        let mut bucket = TokenBucket::new(0, 0);
        let now = Instant::now();
        assert!((0..1_000).all(|_| bucket.take(now).is_ok()));
    }

    #[test]
    fn a_deadline_counts_down_and_never_below_zero() {
        let start = Instant::now();
        let deadline = Deadline::after(start, Duration::from_millis(100));
        assert_eq!(deadline.left(start), Duration::from_millis(100));
        assert_eq!(
            deadline.left(start + Duration::from_secs(1)),
            Duration::ZERO
        );
        assert!(deadline.is_over(start + Duration::from_millis(100)));
        assert_eq!(deadline.less(Duration::from_secs(9), start).0, start);
        assert!(Deadline::after(start, Duration::MAX).0 > start);
    }
}
