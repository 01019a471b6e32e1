//! The connection, and the limit on every wait for it.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{RedisResult, Script};

use crate::durability::{Durability, Persistence, Verdict};
use crate::error::EventLogError;

/// How long a call may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For an answer, the connection included. An fsync lies in it.
    pub response: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            response: Duration::from_secs(2),
        }
    }
}

/// The durable log. Cheap to clone; clones share one connection, which comes back by itself.
#[derive(Clone)]
pub struct EventLog {
    pub(crate) connection: ConnectionManager,
    pub(crate) scripts: std::sync::Arc<Scripts>,
    pub(crate) durability: Durability,
    pub(crate) verdict: std::sync::Arc<Verdict>,
    limit: Duration,
}

pub(crate) struct Scripts {
    pub(crate) append: Script,
    pub(crate) fence: Script,
    pub(crate) once: Script,
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLog").finish_non_exhaustive()
    }
}

impl EventLog {
    /// A log on the Redis at `url` (`redis://…`, `redis+unix://…`); connects with the first call, so that a
    /// service starts without it. Must be called within a Tokio runtime, and lives on it.
    ///
    /// # Errors
    /// [`EventLogError::Url`] when the URL is none of Redis.
    pub fn connect(url: &str, timeouts: Timeouts) -> Result<Self, EventLogError> {
        let client = redis::Client::open(url).map_err(EventLogError::Url)?;
        // One retry within a connect: callers repeat anyway, and each waits at most for `response`.
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(timeouts.connect))
            .set_response_timeout(Some(timeouts.response))
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50));
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(EventLogError::Url)?;
        Ok(Self {
            connection,
            scripts: std::sync::Arc::new(Scripts {
                append: Script::new(include_str!("lua/append.lua")),
                fence: Script::new(include_str!("lua/fence.lua")),
                once: Script::new(include_str!("lua/once.lua")),
            }),
            durability: Durability::Unchecked,
            verdict: std::sync::Arc::default(),
            limit: timeouts.response,
        })
    }

    /// Whether Redis answers and is as durable as is asked of it, for health; and what it says of that.
    ///
    /// # Errors
    /// [`EventLogError`] when it does not answer, or nothing may be appended.
    pub async fn ping(&self) -> Result<Persistence, EventLogError> {
        let persistence = self.persistence().await?;
        self.admit().await?;
        Ok(persistence)
    }

    pub(crate) async fn within<T>(
        &self,
        attempted: &'static str,
        call: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, EventLogError> {
        let timed_out = || EventLogError::Timeout {
            attempted,
            limit_ms: self.limit.as_millis(),
        };
        let answered = match tokio::time::timeout(self.limit, call).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(fault)) if fault.is_timeout() => Err(timed_out()),
            Ok(Err(fault)) => Err(EventLogError::Redis { attempted, fault }),
            Err(_) => Err(timed_out()),
        };
        if !matches!(&answered, Err(EventLogError::Redis { fault, .. }) if fault.code().is_some()) {
            // The connection broke, or will: who knows what is behind the next one.
            self.verdict.forget();
        }
        answered
    }
}
