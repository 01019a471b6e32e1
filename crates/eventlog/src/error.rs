//! What can go wrong between us and Redis.

use redis::RedisError;

/// A call of the log that brought no answer; nothing may be acknowledged on it.
#[derive(Debug, thiserror::Error)]
pub enum EventLogError {
    /// The URL is not one of Redis.
    #[error("the events Redis URL is not usable: {0}")]
    Url(RedisError),
    /// No answer in time; the entry may or may not be there, so the sender has to repeat.
    #[error("{attempted}: no answer within {limit_ms} ms")]
    Timeout {
        /// What was attempted.
        attempted: &'static str,
        /// The limit.
        limit_ms: u128,
    },
    /// Redis refused, or the connection broke.
    #[error("{attempted}: {fault}")]
    Redis {
        /// What was attempted.
        attempted: &'static str,
        /// What it said.
        fault: RedisError,
    },
    /// A position that no stream gave out.
    #[error("{0:?} is not a stream position")]
    Position(String),
}

impl EventLogError {
    /// Whether a repetition may help.
    #[must_use]
    pub const fn may_be_retried(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Redis { .. } => true,
            Self::Url(_) | Self::Position(_) => false,
        }
    }
}
