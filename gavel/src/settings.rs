//! From file, environment and flags to each service's configuration.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::de::DeserializeOwned;

/// Where the stores are.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Postgres.
    pub database: String,
    /// Redis of user state.
    pub state_redis: String,
    /// Redis of the event log.
    pub events_redis: String,
}

impl Stores {
    /// What `DATABASE_URL`, `REDIS_URL` and `EVENTS_REDIS_URL` say; `None` for each that is not set.
    #[must_use]
    pub fn from_environment() -> (Option<String>, Option<String>, Option<String>) {
        let told = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let state = told("REDIS_URL");
        let events = told("EVENTS_REDIS_URL").or_else(|| state.clone());
        (told("DATABASE_URL"), state, events)
    }
}

/// The configuration file: as told, else `gavel.toml` of the current directory if it is there.
#[must_use]
pub fn file(told: Option<&Path>) -> Option<PathBuf> {
    match told {
        Some(path) => Some(path.to_owned()),
        None => Some(PathBuf::from("gavel.toml")).filter(|path| path.exists()),
    }
}

/// The configuration of one service: defaults, file, environment, then what gavel tells it.
///
/// # Errors
/// Every fault at once, each with its key and, from a file, its line.
pub fn load<T: DeserializeOwned>(
    service: &str,
    defaults: &str,
    file: Option<&Path>,
    told: &[(String, String)],
) -> Result<T> {
    Ok(service::config::load(
        service,
        defaults,
        file,
        std::env::vars(),
        told,
    )?)
}
