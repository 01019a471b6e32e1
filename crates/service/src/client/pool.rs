//! Connections per host that can be used again, the last used first, and how much is under way beside the calls.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use super::{
    ClientConfig, Shared, Target,
    connect::{Connection, Sender},
};
use crate::limits::TokenBucket;

pub(super) struct Pool {
    max_idle: usize,
    max_drains: usize,
    idle_timeout: Duration,
    connects_per_second: u32,
    hosts: Mutex<Hosts>,
}

struct Hosts {
    by_authority: HashMap<Arc<str>, Host>,
    /// Whether a task looks for old connections, so that hosts that are called no more keep none.
    is_swept: bool,
}

struct Host {
    idle: Vec<(Connection, Instant)>,
    /// Of HTTP/2: in use and idle at once.
    shared: Option<(Connection, Instant)>,
    connects: TokenBucket,
    drains: usize,
}

/// The right to read one late answer off the path.
pub(super) struct Drain {
    shared: Arc<Shared>,
    host: Arc<str>,
}

impl Pool {
    pub(super) fn new(config: &ClientConfig) -> Self {
        Self {
            max_idle: config.max_idle_per_host,
            max_drains: config.max_drains_per_host,
            idle_timeout: config.idle_timeout,
            connects_per_second: config.connects_per_second,
            hosts: Mutex::new(Hosts {
                by_authority: HashMap::new(),
                is_swept: false,
            }),
        }
    }

    /// The connection used last, unless it is closed or too old.
    pub(super) fn take(&self, target: &Target) -> Option<Connection> {
        let mut hosts = self.lock();
        let host = hosts.by_authority.get_mut(target.pool_key())?;
        if let Some((connection, used)) = &mut host.shared {
            let now = Instant::now();
            let fresh = now.saturating_duration_since(*used) < self.idle_timeout;
            if fresh && connection.is_usable() {
                *used = now;
                return connection.share();
            }
            host.shared = None;
        }
        while let Some((mut connection, since)) = host.idle.pop() {
            if since.elapsed() >= self.idle_timeout {
                // Below it lie only older ones.
                host.idle.clear();
                return None;
            }
            if connection.is_usable() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection for the next call. As long as there are any, a task closes those that nobody has used.
    pub(super) fn give_back(shared: &Arc<Shared>, target: &Target, connection: Connection) {
        let pool = &shared.pool;
        let now = Instant::now();
        let mut hosts = pool.lock();
        let host = pool.host(&mut hosts, target);
        if matches!(connection.sender, Sender::Http2(_)) {
            host.shared = Some((connection, now));
        } else if host.idle.len() < pool.max_idle {
            host.idle.push((connection, now));
        }
        if !std::mem::replace(&mut hosts.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(shared), pool.idle_timeout));
        }
    }

    /// Closes old connections; whether others are left.
    fn forget_old(&self) -> bool {
        let now = Instant::now();
        let mut hosts = self.lock();
        let mut is_any = false;
        for host in hosts.by_authority.values_mut() {
            host.forget_old(now, self.idle_timeout);
            is_any |= !host.idle.is_empty() || host.shared.is_some();
        }
        hosts.is_swept = is_any;
        is_any
    }

    /// Whether one more connection may be made in this second.
    pub(super) fn may_connect(&self, target: &Target) -> bool {
        let mut hosts = self.lock();
        self.host(&mut hosts, target)
            .connects
            .take(Instant::now())
            .is_ok()
    }

    pub(super) fn idle(&self, target: &Target) -> usize {
        self.lock()
            .by_authority
            .get(target.pool_key())
            .map_or(0, |host| {
                host.idle.len() + usize::from(host.shared.is_some())
            })
    }

    fn host<'h>(&self, hosts: &'h mut Hosts, target: &Target) -> &'h mut Host {
        hosts
            .by_authority
            .entry(Arc::clone(target.pool_key()))
            .or_insert_with(|| Host {
                idle: Vec::new(),
                shared: None,
                connects: TokenBucket::new(self.connects_per_second, self.connects_per_second),
                drains: 0,
            })
    }

    fn lock(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    fn forget_old(&mut self, now: Instant, idle_timeout: Duration) {
        let is_fresh = |since: Instant| now.saturating_duration_since(since) < idle_timeout;
        self.idle.retain(|(_, since)| is_fresh(*since));
        self.shared.take_if(|(_, used)| !is_fresh(*used));
    }
}

/// Closes old connections of a pool until it has none or is gone.
async fn sweep(shared: Weak<Shared>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if !shared.upgrade().is_some_and(|it| it.pool.forget_old()) {
            return;
        }
    }
}

impl Drain {
    /// One more late answer, while there are not too many.
    pub(super) fn begin(shared: &Arc<Shared>, target: &Target) -> Option<Self> {
        let pool = &shared.pool;
        let mut hosts = pool.lock();
        let host = pool.host(&mut hosts, target);
        if host.drains >= pool.max_drains {
            return None;
        }
        host.drains += 1;
        Some(Self {
            shared: Arc::clone(shared),
            host: Arc::clone(target.pool_key()),
        })
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if let Some(host) = self.shared.pool.lock().by_authority.get_mut(&self.host) {
            host.drains = host.drains.saturating_sub(1);
        }
    }
}
