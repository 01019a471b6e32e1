//! How long calls may take, and how long users are kept.

use std::time::Duration;

/// Limits of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Longest wait of a call on the bid path; never retried.
    pub bid: Duration,
    /// Longest wait of a call off the bid path.
    pub off_path: Duration,
    /// Longest wait for a connection.
    pub connect: Duration,
    /// How long a user is kept after the last write (S12).
    pub retention: Duration,
    /// Bytes of users kept in the process; zero keeps none.
    pub cache_bytes: u64,
    /// Bytes of what partners call users kept there; zero keeps none.
    pub matches_bytes: u64,
    /// How long a user is kept there at most.
    pub cache_life: Duration,
}

impl Default for Budget {
    /// 5 ms on the bid path, 1 s off it, 30 days of retention, no cache.
    fn default() -> Self {
        Self {
            bid: Duration::from_millis(5),
            off_path: Duration::from_secs(1),
            connect: Duration::from_secs(1),
            retention: Duration::from_secs(30 * 86_400),
            cache_bytes: 0,
            matches_bytes: 0,
            cache_life: Duration::ZERO,
        }
    }
}

impl Budget {
    /// The retention in milliseconds, as Redis takes it.
    pub(crate) fn retention_ms(&self) -> i64 {
        i64::try_from(self.retention.as_millis()).unwrap_or(i64::MAX)
    }
}
