//! What can be wrong with the state's Redis.

use std::time::Duration;

/// Why the bid path knows nothing of a user's state. The bid goes on without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unknown {
    /// Redis did not answer within the budget. A script may still have run: its choices count as refused.
    #[error("the user state did not answer in time")]
    TimedOut,
    /// Too many calls failed lately; this one was not made.
    #[error("the user state is away, and is not asked for a moment")]
    NotAsked,
    /// The connection failed, or Redis refused the call (also when it is full).
    #[error("the user state cannot be reached or refuses the call")]
    Failed,
}

impl Unknown {
    /// Name in metrics: a closed set.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::TimedOut => "timeout",
            Self::NotAsked => "breaker_open",
            Self::Failed => "error",
        }
    }
}

/// A call off the bid path that did not succeed. All of them may be repeated.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The URL cannot be read.
    #[error("the Redis URL of the user state is not usable: {0}")]
    Url(#[source] redis::RedisError),
    /// No answer in time.
    #[error("{what}: no answer from Redis within {limit:?}")]
    TimedOut {
        /// What was attempted.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// Redis or the way to it failed.
    #[error("{what}: {source}")]
    Redis {
        /// What was attempted.
        what: &'static str,
        /// What Redis or the connection said.
        #[source]
        source: redis::RedisError,
    },
    /// A profile could not be written as JSON.
    #[error("a profile cannot be written as JSON: {0}")]
    Encode(#[from] serde_json::Error),
}
