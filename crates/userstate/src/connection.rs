//! One multiplexed connection, and the two ways to wait for it.

use std::future::Future;
use std::sync::Arc;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{RedisResult, Script};

use crate::breaker::Breaker;
use crate::budget::Budget;
use crate::error::{StateError, Unknown};

/// The users' state in one Redis. Clones share the connection; a data plane makes one per core.
#[derive(Clone)]
pub struct UserState {
    connection: ConnectionManager,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) budget: Budget,
    breaker: Arc<Breaker>,
}

/// The scripts, with their hashes computed once.
pub(crate) struct Scripts {
    pub(crate) cap: Script,
    pub(crate) confirm: Script,
    pub(crate) withdraw: Script,
    pub(crate) swap: Script,
}

impl UserState {
    /// Prepares the connection and begins to open it; Redis may still be away.
    ///
    /// Call it on the runtime that will use it: the connection's task lives there. A lost connection is
    /// opened again in the background, about twice a second, with jitter.
    ///
    /// # Errors
    /// [`StateError::Url`] when the URL cannot be read.
    pub fn connect(url: &str, budget: Budget) -> Result<Self, StateError> {
        let client = redis::Client::open(url).map_err(StateError::Url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(budget.connect))
            .set_response_timeout(Some(budget.off_path))
            .set_min_delay(std::time::Duration::from_millis(400))
            .set_max_delay(std::time::Duration::from_millis(600))
            .set_number_of_retries(usize::MAX);
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(StateError::Url)?;
        let mut first = connection.clone();
        // Opening it here, not on the first bid: a wait of a few milliseconds would never finish a connect.
        tokio::spawn(async move {
            let _: RedisResult<()> = redis::cmd("PING").query_async(&mut first).await;
        });
        Ok(Self {
            connection,
            scripts: Arc::new(Scripts {
                cap: Script::new(include_str!("lua/cap.lua")),
                confirm: Script::new(include_str!("lua/confirm.lua")),
                withdraw: Script::new(include_str!("lua/withdraw.lua")),
                swap: Script::new(include_str!("lua/swap.lua")),
            }),
            budget,
            breaker: Arc::new(Breaker::new()),
        })
    }

    /// A handle on the connection, for keys that are the caller's own.
    #[must_use]
    pub fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }

    /// Whether the bid path holds its calls back because Redis does not answer.
    #[must_use]
    pub fn is_held_back(&self) -> bool {
        self.breaker.is_open()
    }

    /// Asks whether Redis answers; for health checks.
    ///
    /// # Errors
    /// [`StateError`] when it does not.
    pub async fn ping(&self) -> Result<(), StateError> {
        let mut connection = self.connection();
        let ping = redis::cmd("PING");
        self.off_path("ping", ping.query_async(&mut connection))
            .await
    }

    /// The used share of Redis' memory limit; 0 when it has none (R16). Also tells whether it answers.
    ///
    /// # Errors
    /// [`StateError`] when it does not.
    pub async fn memory_ratio(&self) -> Result<f64, StateError> {
        let mut connection = self.connection();
        let mut info = redis::cmd("INFO");
        info.arg("memory");
        let text: String = self
            .off_path("look at the memory", info.query_async(&mut connection))
            .await?;
        let field = |name: &str| -> f64 {
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _value)| *key == name)
                .and_then(|(_key, value)| value.trim().parse().ok())
                .unwrap_or_default()
        };
        let limit = field("maxmemory");
        Ok(if limit > 0.0 {
            field("used_memory") / limit
        } else {
            0.0
        })
    }

    /// Waits on the bid path: within the budget, counted by the breaker.
    pub(crate) async fn on_path<T>(
        &self,
        call: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Unknown> {
        if !self.breaker.allows(self.breaker.now()) {
            return Err(Unknown::NotAsked);
        }
        // A refusal is an answer too: a full Redis takes no pendings, and profiles are read all the same.
        let (answer, answered) = match tokio::time::timeout(self.budget.bid, call).await {
            Ok(Ok(value)) => (Ok(value), true),
            Ok(Err(error)) if error.is_timeout() => (Err(Unknown::TimedOut), false),
            Ok(Err(error)) => {
                let refused = !error.is_io_error() && !error.is_connection_dropped();
                (Err(Unknown::Failed), refused)
            }
            Err(_elapsed) => (Err(Unknown::TimedOut), false),
        };
        self.breaker.ended(self.breaker.now(), answered);
        answer
    }

    /// Waits off the bid path.
    pub(crate) async fn off_path<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, StateError> {
        match tokio::time::timeout(self.budget.off_path, call).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) => Err(StateError::Redis { what, source }),
            Err(_elapsed) => Err(StateError::TimedOut {
                what,
                limit: self.budget.off_path,
            }),
        }
    }
}

impl std::fmt::Debug for UserState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserState")
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
