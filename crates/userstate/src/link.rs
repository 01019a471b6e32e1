//! One connection that is opened again by itself; while it is away a call fails at once.

use std::sync::{Arc, Weak};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, RedisError, RedisFuture, Value};
use tokio::sync::watch;

use crate::budget::Budget;
use crate::peers::Peers;

/// A handle on a connection; clones share it.
///
/// A bid has no time to wait for a connection, so that a call on a lost one is an error at once: nothing
/// is wasted on a Redis that is away (R13).
#[derive(Clone)]
pub struct Link {
    state: Arc<State>,
}

struct State {
    current: watch::Sender<Option<Open>>,
    database: i64,
}

#[derive(Clone)]
struct Open {
    number: u64,
    connection: MultiplexedConnection,
}

impl Link {
    /// Begins to open the connection; its task lives on this runtime and ends with the last handle.
    pub(crate) fn open(client: Client, budget: &Budget, peers: Arc<Peers>) -> Self {
        let (current, changes) = watch::channel(None);
        let database = client.get_connection_info().redis_settings().db();
        let state = Arc::new(State { current, database });
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(budget.connect))
            .set_response_timeout(Some(budget.off_path));
        let kept = Arc::downgrade(&state);
        tokio::spawn(keep_open(kept, client, config, peers, changes));
        Self { state }
    }

    /// Waits until there is a connection: for calls that have the time.
    pub(crate) async fn opened(&self) {
        let mut changes = self.state.current.subscribe();
        // The sender lives as long as this handle.
        let _open = changes.wait_for(Option::is_some).await;
    }

    /// The connection does not answer any more: another one is opened.
    pub(crate) fn give_up(&self) {
        if let Some(open) = self.state.current() {
            self.state.lose(open.number);
        }
    }
}

impl State {
    fn current(&self) -> Option<Open> {
        self.current.borrow().clone()
    }

    fn lose(&self, number: u64) {
        self.current.send_if_modified(|current| {
            let same = current.as_ref().is_some_and(|it| it.number == number);
            if same {
                *current = None;
            }
            same
        });
    }

    fn note(&self, number: u64, error: &RedisError) {
        if error.is_connection_dropped() || (error.is_io_error() && !error.is_timeout()) {
            self.lose(number);
        }
    }
}

async fn keep_open(
    kept: Weak<State>,
    client: Client,
    config: AsyncConnectionConfig,
    peers: Arc<Peers>,
    mut changes: watch::Receiver<Option<Open>>,
) {
    let mut number = 0;
    loop {
        peers.turn().await;
        if kept.strong_count() == 0 {
            return;
        }
        let opened = client.get_multiplexed_async_connection_with_config(&config);
        let Ok(connection) = opened.await else {
            continue;
        };
        number += 1;
        match kept.upgrade() {
            Some(state) => state
                .current
                .send_replace(Some(Open { number, connection })),
            None => return,
        };
        peers.reached();
        if changes.wait_for(Option::is_none).await.is_err() {
            return;
        }
    }
}

fn away() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::NotConnected))
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut open = self.state.current().ok_or_else(away)?;
            let answer = open.connection.req_packed_command(cmd).await;
            answer.inspect_err(|error| self.state.note(open.number, error))
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let mut open = self.state.current().ok_or_else(away)?;
            let asked = open.connection.req_packed_commands(pipeline, offset, count);
            asked
                .await
                .inspect_err(|error| self.state.note(open.number, error))
        })
    }

    fn get_db(&self) -> i64 {
        self.state.database
    }
}
