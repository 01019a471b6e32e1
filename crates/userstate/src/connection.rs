//! One multiplexed connection, and the two ways to wait for it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use redis::{RedisResult, Script};

use crate::budget::Budget;
use crate::error::{StateError, Unknown};
use crate::link::Link;
use crate::peers::Peers;

/// The users' state in one Redis. Clones share the connection; a data plane makes one per core.
#[derive(Clone)]
pub struct UserState {
    link: Link,
    pub(crate) client: redis::Client,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) budget: Budget,
    pub(crate) peers: Arc<Peers>,
    /// Probes in a row that were not answered in time.
    silent: Arc<AtomicU32>,
}

/// So many probes without an answer: the connection itself may be dead, and nobody tells.
const SILENT: u32 = 4;

/// The scripts, with their hashes computed once.
pub(crate) struct Scripts {
    pub(crate) cap: Script,
    pub(crate) confirm: Script,
    pub(crate) withdraw: Script,
    pub(crate) swap: Script,
    pub(crate) note: Script,
    pub(crate) browser: Script,
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
        let peers = Arc::new(Peers::new(&budget));
        Self::connect_beside(url, budget, peers)
    }

    /// The same for one of several cores of a process, which share what they know of Redis and its users.
    ///
    /// # Errors
    /// [`StateError::Url`] when the URL cannot be read.
    pub fn connect_beside(
        url: &str,
        budget: Budget,
        peers: Arc<Peers>,
    ) -> Result<Self, StateError> {
        let client = redis::Client::open(url).map_err(StateError::Url)?;
        let link = Link::open(client.clone(), &budget, Arc::clone(&peers));
        Ok(Self {
            link,
            client,
            scripts: Arc::new(Scripts {
                cap: Script::new(include_str!("lua/cap.lua")),
                confirm: Script::new(include_str!("lua/confirm.lua")),
                withdraw: Script::new(include_str!("lua/withdraw.lua")),
                swap: Script::new(include_str!("lua/swap.lua")),
                note: Script::new(include_str!("lua/match.lua")),
                browser: Script::new(include_str!("lua/browser.lua")),
            }),
            budget,
            peers,
            silent: Arc::default(),
        })
    }

    /// A handle on the connection, for keys that are the caller's own.
    #[must_use]
    pub fn connection(&self) -> Link {
        self.link.clone()
    }

    /// Whether the bid path holds its calls back because Redis does not answer.
    #[must_use]
    pub fn is_held_back(&self) -> bool {
        self.peers.breaker.is_open()
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
        let breaker = &self.peers.breaker;
        if !breaker.allows(breaker.now()) {
            return Err(Unknown::NotAsked);
        }
        let is_probe = breaker.is_open();
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
        breaker.ended(breaker.now(), answered);
        match &answer {
            Err(Unknown::TimedOut) if is_probe => {
                if self.silent.fetch_add(1, Relaxed) + 1 >= SILENT {
                    self.silent.store(0, Relaxed);
                    self.link.give_up();
                }
            }
            Err(Unknown::TimedOut | Unknown::NotAsked | Unknown::Failed) => {}
            Ok(_) => self.silent.store(0, Relaxed),
        }
        answer
    }

    /// Waits off the bid path.
    pub(crate) async fn off_path<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, StateError> {
        let opened_and_called = async {
            self.link.opened().await;
            call.await
        };
        match tokio::time::timeout(self.budget.off_path, opened_and_called).await {
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
