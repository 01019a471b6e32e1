//! How long the way to a partner and back takes, so that its `tmax` does not promise that time.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// A moving mean of the network's part of calls. Shared by all workers.
#[derive(Debug, Default)]
pub struct NetworkTime {
    /// Sixteenths of a microsecond; zero before the first sample.
    mean: AtomicU32,
}

/// A sample moves the mean by an eighth of its distance.
const WEIGHT: u32 = 8;
/// What one sample counts for at most: longer is a stall, not a distance.
const LONGEST: Duration = Duration::from_secs(1);

impl NetworkTime {
    /// Takes in one sample: the time of a call beyond the partner's own, or that of a handshake.
    pub fn observe(&self, sample: Duration) {
        let micros = u32::try_from(sample.min(LONGEST).as_micros()).unwrap_or(0);
        let sample = (micros * 16).max(1);
        let moved = |mean: u32| {
            Some(match mean {
                0 => sample,
                _ => mean - mean / WEIGHT + sample / WEIGHT,
            })
        };
        // It always succeeds: `moved` has an answer to everything.
        let _former = self.mean.fetch_update(Relaxed, Relaxed, moved);
    }

    /// The mean in whole milliseconds: zero within a data centre, so that partners there share bodies.
    #[must_use]
    pub fn millis(&self) -> u32 {
        (self.mean.load(Relaxed) / 16 + 500) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_77_the_mean_follows_its_samples() {
        let network = NetworkTime::default();
        assert_eq!(network.millis(), 0, "not known yet");
        network.observe(Duration::from_millis(20));
        assert_eq!(network.millis(), 20, "the first is believed whole");
        network.observe(Duration::from_millis(100));
        assert_eq!(network.millis(), 30);
        (0..60).for_each(|_| network.observe(Duration::from_micros(200)));
        assert_eq!(network.millis(), 0, "in the same data centre");
        (0..60).for_each(|_| network.observe(Duration::from_secs(3_600)));
        assert!((990..=1_000).contains(&network.millis()), "a stall");
    }
}
