//! What can go wrong between us and Redis.

use redis::RedisError;

use crate::durability::Weakness;

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
    /// Redis may lose what it acknowledged, and [`crate::Durability::Required`] is asked of it.
    #[error("{0}, or `events_durability = \"unchecked\"` here")]
    NotDurable(Weakness),
    /// A position that no stream gave out.
    #[error("{0:?} is not a stream position")]
    Position(String),
}

impl EventLogError {
    /// What a sender is told: the setting to change, or nothing of our machines.
    #[must_use]
    pub fn to_the_sender(&self) -> String {
        match self {
            Self::NotDurable(weakness) => weakness.to_string(),
            Self::Url(_) | Self::Timeout { .. } | Self::Redis { .. } | Self::Position(_) => {
                "the event log does not answer".into()
            }
        }
    }

    /// Whether a repetition may help.
    #[must_use]
    pub const fn may_be_retried(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Redis { .. } | Self::NotDurable(_) => true,
            Self::Url(_) | Self::Position(_) => false,
        }
    }
}
