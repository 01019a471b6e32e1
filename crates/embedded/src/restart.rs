//! When a server that died is started again, and when it is given up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const FIRST_DELAY: Duration = Duration::from_millis(100);
const GROWTH: u32 = 4;
const LONGEST_DELAY: Duration = Duration::from_secs(5);
const WINDOW: Duration = Duration::from_secs(60);
/// Deaths within [`WINDOW`] after which it is given up.
const TOO_OFTEN: usize = 5;

/// The deaths of one server, as far as they still matter.
#[derive(Debug, Default)]
pub(crate) struct Deaths {
    recent: VecDeque<Instant>,
}

impl Deaths {
    /// Notes a death and says how long to wait before the next start; `None` gives the server up.
    pub(crate) fn note(&mut self, now: Instant) -> Option<Duration> {
        while self
            .recent
            .front()
            .is_some_and(|death| now.duration_since(*death) >= WINDOW)
        {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        let deaths = self.recent.len();
        if deaths >= TOO_OFTEN {
            return None;
        }
        let steps = u32::try_from(deaths.saturating_sub(1)).unwrap_or(u32::MAX);
        let delay = FIRST_DELAY.saturating_mul(GROWTH.saturating_pow(steps));
        Some(delay.min(LONGEST_DELAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_back_off_and_end_after_five_deaths_in_a_minute() {
        let start = Instant::now();
        // Seconds of each death, and the wait in milliseconds that each one earns.
        type Row = (&'static str, &'static [u64], &'static [Option<u64>]);
        let cases: [Row; 3] = [
            (
                "five in a minute are too many",
                &[0, 1, 2, 3, 4],
                &[Some(100), Some(400), Some(1600), Some(5000), None],
            ),
            (
                "a death a minute ago is forgotten",
                &[0, 60, 120],
                &[Some(100), Some(100), Some(100)],
            ),
            (
                "the window slides",
                &[0, 20, 40, 60, 61],
                &[Some(100), Some(400), Some(1600), Some(1600), Some(5000)],
            ),
        ];
        for (says, deaths, expect) in cases {
            let mut tally = Deaths::default();
            let waits: Vec<Option<u64>> = deaths
                .iter()
                .map(|second| tally.note(start + Duration::from_secs(*second)))
                .map(|wait| wait.map(|wait| u64::try_from(wait.as_millis()).unwrap()))
                .collect();
            assert_eq!(waits, expect, "{says}");
        }
    }
}
