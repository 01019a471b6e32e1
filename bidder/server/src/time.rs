//! How much of the caller's time is left.

use std::time::{Duration, Instant};

use bidder_core::no_bid::NoBid;

/// `tmax` milliseconds behind the request's arrival, less the margin for the answer's way.
pub(crate) fn end_of_time(received: Instant, tmax: i32, margin: Duration) -> Option<Instant> {
    let allowed = Duration::from_millis(u64::try_from(tmax).ok()?);
    received.checked_add(allowed - margin.min(allowed / 2))
}

pub(crate) fn in_time(deadline: Option<Instant>) -> Result<(), NoBid> {
    time_left(deadline).map(|_| ())
}

/// What is left of the caller's time; `None` when there is no end of it.
pub(crate) fn time_left(deadline: Option<Instant>) -> Result<Option<Duration>, NoBid> {
    time_until(deadline, Instant::now())
}

fn time_until(deadline: Option<Instant>, now: Instant) -> Result<Option<Duration>, NoBid> {
    let Some(deadline) = deadline else {
        return Ok(None);
    };
    let left = deadline.checked_duration_since(now);
    left.filter(|it| !it.is_zero())
        .map(Some)
        .ok_or(NoBid::TooLittleTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_22_the_time_counts_from_the_arrival() {
        let (received, margin) = (Instant::now(), Duration::from_millis(5));
        let after = |millis| received + Duration::from_millis(millis);
        let left = |millis| Ok(Some(Duration::from_millis(millis)));
        let none = Err(NoBid::TooLittleTime);
        // tmax, when it is looked at, what is left
        let cases = [
            ("at once", 20, 0, left(15)),
            ("its body came late", 20, 14, left(1)),
            ("at the end", 20, 15, none),
            ("its body came too late", 20, 60, none),
            ("half of a short time is the answer's", 4, 0, left(2)),
            ("no time at all", 0, 0, none),
            ("a time that is none is no end", -1, 60, Ok(None)),
        ];
        for (says, tmax, at, want) in cases {
            let deadline = end_of_time(received, tmax, margin);
            assert_eq!(time_until(deadline, after(at)), want, "{says}");
        }
    }
}
