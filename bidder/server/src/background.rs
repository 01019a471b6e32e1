//! Worker 0: what must go on beside the bids, and may not delay them.

use std::sync::Arc;
use std::time::Duration;

use eventlog::{EventLog, Persistence, Timeouts};
use service::{Ops, Shutdown};
use userstate::UserState;

use crate::shared::Shared;
use crate::{RunError, catalog_feed, leases, lists, shading};

/// Follows the catalog, exchanges leases, and watches what the bidder depends on, until `shutdown`.
pub(crate) async fn run(
    shared: Arc<Shared>,
    ops: &Ops,
    shutdown: &Shutdown,
) -> Result<(), RunError> {
    let config = &shared.config;
    let (url, peers) = (&config.redis_url, Arc::clone(&shared.peers));
    let users = UserState::connect_beside(url, config.user_state(), peers)?;
    let log = EventLog::connect(&config.events_redis_url, Timeouts::default())?
        .requiring(config.durability());
    tokio::join!(
        catalog_feed::follow(&shared, ops, shutdown),
        lists::follow(&shared, ops, shutdown),
        leases::exchange(&shared, shutdown),
        watch(&shared, ops, &users, &log, shutdown),
        show_catalog(&shared, ops, shutdown),
        follow_users(&users, shutdown),
        shading::learn(&shared, shutdown),
    );
    Ok(())
}

const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Asks both Redis once a second, for `/health`.
async fn watch(shared: &Shared, ops: &Ops, users: &UserState, log: &EventLog, shutdown: &Shutdown) {
    let state = ops.health.dependency("redis");
    let events = ops.health.dependency("events_redis");
    loop {
        match users.memory_ratio().await {
            Ok(ratio) => {
                shared.metrics.redis_memory.set(ratio);
                state.set_up();
            }
            Err(error) => state.set_down(error.to_string()),
        }
        match log.ping().await {
            Ok(persistence) => {
                let is_durable = persistence == Persistence::Durable;
                shared.metrics.events_durable.set_u32(is_durable.into());
                events.set_up();
            }
            Err(error) => {
                shared.metrics.events_durable.set_u32(0);
                events.set_down(error.to_string());
            }
        }
        tokio::select! {
            () = shutdown.fired() => return,
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
    }
}

/// Keeps the catalog's age and its shared lists in sight, also while nothing is heard of it.
async fn show_catalog(shared: &Shared, ops: &Ops, shutdown: &Shutdown) {
    let health = ops.health.dependency("catalog");
    loop {
        shared
            .catalog
            .show(&shared.config, &shared.metrics, &health);
        shared.lists.show(&shared.metrics.lists);
        tokio::select! {
            () = shutdown.fired() => return,
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
    }
}

/// Users that change are taken out of the cache; without one there is nothing to follow.
async fn follow_users(users: &UserState, shutdown: &Shutdown) {
    tokio::select! {
        () = shutdown.fired() => {}
        () = users.follow_changes() => {}
    }
}
