//! How much of the caller's time is left.

use std::time::{Duration, Instant};

/// What DSPs get of `tmax`: all but our margin, and at least half of it.
pub(super) fn dsp_budget(tmax_ms: u32, margin: Duration) -> Duration {
    let tmax = Duration::from_millis(u64::from(tmax_ms));
    tmax.saturating_sub(margin).max(tmax / 2)
}

/// What is left until a deadline; none when it is over (R22).
pub(super) fn time_left(deadline: Instant, now: Instant) -> Option<Duration> {
    let left = deadline.checked_duration_since(now);
    left.filter(|left| !left.is_zero())
}

/// Milliseconds, and at least one.
pub(super) fn whole_ms(left: Duration) -> u32 {
    u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_22_the_time_counts_from_the_arrival() {
        let (arrival, margin) = (Instant::now(), Duration::from_millis(10));
        let after = |millis| arrival + Duration::from_millis(millis);
        // says, tmax, when it is looked at, what is left
        let cases = [
            ("at once", 100, 0, Some(90)),
            ("it waited", 100, 89, Some(1)),
            ("its time is over", 100, 90, None),
            ("long ago", 100, 500, None),
            ("half of a short time is the answer's", 12, 0, Some(6)),
        ];
        for (says, tmax_ms, at, want) in cases {
            let deadline = arrival + dsp_budget(tmax_ms, margin);
            let left = time_left(deadline, after(at));
            assert_eq!(left, want.map(Duration::from_millis), "{says}");
        }
    }
}
