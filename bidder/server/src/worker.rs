//! One core's share: its own Redis connections and its own scratch memory.

use std::cell::RefCell;
use std::sync::Arc;

use bidder_core::decide::Scratch;
use bidder_core::respond::Pages;
use eventlog::{EventLog, Timeouts};
use userstate::UserState;

use crate::RunError;
use crate::known_users::KnownUsers;
use crate::shared::Shared;
use crate::tallies::Counts;

/// What one worker keeps. Nothing here is held across an await.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) users: UserState,
    pub(crate) log: EventLog,
    pub(crate) scratch: RefCell<Scratch>,
    pub(crate) pages: RefCell<Pages>,
    pub(crate) counts: RefCell<Counts>,
    pub(crate) known_users: RefCell<KnownUsers>,
}

impl Worker {
    /// Must be called on the worker's own runtime, where its connections live.
    pub(crate) fn new(shared: Arc<Shared>) -> Result<Self, RunError> {
        let config = &shared.config;
        let (url, peers) = (&config.redis_url, Arc::clone(&shared.peers));
        Ok(Self {
            users: UserState::connect_beside(url, config.user_state(), peers)?,
            log: EventLog::connect(&config.events_redis_url, Timeouts::default())?
                .requiring(config.durability()),
            known_users: RefCell::new(KnownUsers::new(config.facts_of_users())),
            shared,
            scratch: RefCell::default(),
            pages: RefCell::default(),
            counts: RefCell::default(),
        })
    }
}
