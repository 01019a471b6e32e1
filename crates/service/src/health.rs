//! Whether a service lives, is ready, and has what it depends on.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Instant,
};

use serde::Serialize;

/// The health of one service; cloned freely. Starts as not ready: `/health` and `/readyz` answer 503
/// until [`Health::set_ready`] (after the first catalog, the migrations, …).
#[derive(Debug, Clone)]
pub struct Health {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    started: Instant,
    ready: AtomicBool,
    draining: AtomicBool,
    dependencies: Mutex<BTreeMap<String, Dependency>>,
}

#[derive(Debug, Default)]
struct Dependency {
    /// Why it is down.
    down: Option<String>,
    /// What else there is to know.
    detail: Option<String>,
}

/// One thing a service depends on; starts as up.
#[derive(Debug, Clone)]
pub struct DependencyHandle {
    name: String,
    state: Arc<State>,
}

/// The body of `/health`.
#[derive(Debug, Serialize)]
pub struct HealthReport {
    status: &'static str,
    service: String,
    version: String,
    uptime_seconds: u64,
    ready: bool,
    draining: bool,
    dependencies: BTreeMap<String, DependencyReport>,
}

#[derive(Debug, Serialize)]
struct DependencyReport {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Health {
    /// Not ready, not draining, without dependencies.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: Arc::new(State {
                started: Instant::now(),
                ready: AtomicBool::new(false),
                draining: AtomicBool::new(false),
                dependencies: Mutex::new(BTreeMap::new()),
            }),
        }
    }

    /// A dependency by its name (`redis`, `postgres`, `catalog`); asked for again, the same one.
    #[must_use]
    pub fn dependency(&self, name: &str) -> DependencyHandle {
        self.state
            .dependencies()
            .entry(name.to_owned())
            .or_default();
        DependencyHandle {
            name: name.to_owned(),
            state: Arc::clone(&self.state),
        }
    }

    /// Whether requests can be answered.
    pub fn set_ready(&self, ready: bool) {
        self.state.ready.store(ready, Relaxed);
    }

    /// The end has begun; there is no way back.
    pub fn set_draining(&self) {
        self.state.draining.store(true, Relaxed);
    }

    /// Whether the end has begun.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.state.draining.load(Relaxed)
    }

    /// Whether `/readyz` answers 200.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state.ready.load(Relaxed) && !self.is_draining()
    }

    /// Whether something that this service depends on is down; it goes on answering.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.state
            .dependencies()
            .values()
            .any(|it| it.down.is_some())
    }

    /// Since the service started, in seconds.
    #[must_use]
    pub fn uptime_seconds(&self) -> u64 {
        self.state.started.elapsed().as_secs()
    }

    /// The body of `/health`.
    #[must_use]
    pub fn report(&self, service: &str, version: &str) -> HealthReport {
        let dependencies: BTreeMap<_, _> = self
            .state
            .dependencies()
            .iter()
            .map(|(name, it)| {
                let report = DependencyReport {
                    status: if it.down.is_some() { "down" } else { "up" },
                    reason: it.down.clone(),
                    detail: it.detail.clone(),
                };
                (name.clone(), report)
            })
            .collect();
        let degraded = !self.is_ready() || dependencies.values().any(|d| d.reason.is_some());
        HealthReport {
            status: if degraded { "degraded" } else { "healthy" },
            service: service.to_owned(),
            version: version.to_owned(),
            uptime_seconds: self.uptime_seconds(),
            ready: self.is_ready(),
            draining: self.is_draining(),
            dependencies,
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl DependencyHandle {
    /// It answers.
    pub fn set_up(&self) {
        self.set(None);
    }

    /// It does not, and why (no addresses with passwords: this is public).
    pub fn set_down(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    /// What else `/health` is to say of it.
    pub fn tell(&self, detail: impl Into<String>) {
        let mut dependencies = self.state.dependencies();
        dependencies.entry(self.name.clone()).or_default().detail = Some(detail.into());
    }

    fn set(&self, down: Option<String>) {
        let mut dependencies = self.state.dependencies();
        let dependency = dependencies.entry(self.name.clone()).or_default();
        let was_down = std::mem::replace(&mut dependency.down, down.clone()).is_some();
        drop(dependencies);
        match (was_down, down) {
            (false, Some(reason)) => {
                tracing::warn!(dependency = self.name, reason, "dependency down");
            }
            (true, None) => tracing::info!(dependency = self.name, "dependency up again"),
            (true, Some(_)) | (false, None) => {}
        }
    }
}

impl State {
    fn dependencies(&self) -> MutexGuard<'_, BTreeMap<String, Dependency>> {
        self.dependencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_dependency_degrades_and_does_not_unready() {
        let health = Health::new();
        assert!(!health.is_ready());
        health.set_ready(true);
        let redis = health.dependency("redis");
        redis.set_down("connection refused");
        assert!(health.is_ready() && health.is_degraded());
        let report = serde_json::to_value(health.report("bidder", "0.1.0")).unwrap();
        assert_eq!(report["status"], "degraded");
        assert_eq!(
            report["dependencies"]["redis"]["reason"],
            "connection refused"
        );
        redis.set_up();
        let report = serde_json::to_value(health.report("bidder", "0.1.0")).unwrap();
        assert_eq!(report["status"], "healthy");
        assert_eq!(report["dependencies"]["redis"]["status"], "up");
        health.set_draining();
        assert!(!health.is_ready());
    }
}
