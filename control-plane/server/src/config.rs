//! What can be configured; `config.default.toml` says what each key is for.

use serde::Deserialize;
use service::access::LocalMode;
use service::config::{Millis, Secret};
use service::http::Limits;

/// The configuration of the control plane.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the API listens when the service runs alone.
    pub listen: String,
    /// Base of the URLs that are handed out; empty for `http://<listen>`.
    pub public_url: String,
    /// Postgres, as a URL or as words.
    pub database_url: Secret,
    /// Whether it brings the schema to this version.
    pub migrate: bool,
    /// Most connections to Postgres.
    pub database_connections: u32,
    /// Longest wait for a connection.
    pub database_wait: Millis,
    /// The durable event log.
    pub events_redis_url: Secret,
    /// User state; empty: frequency caps are not confirmed.
    pub redis_url: Secret,
    /// Demand sources whose loss notice is final: it frees the pending of a frequency cap.
    pub final_loss_sources: Vec<String>,
    /// Secret of `/internal/*`, and of operators outside local mode.
    pub service_token: Secret,
    /// Whether a request from this machine counts as the demo admin.
    pub local_mode: bool,
    /// Every port of ours.
    pub own_ports: Vec<u16>,
    /// Whether `/metrics` needs no token on a listener that is not loopback.
    pub metrics_public: bool,
    /// Threads of the service.
    pub threads: usize,
    /// Limits of the listener.
    pub limits: Limits,
}

impl Config {
    /// The defaults, commented, as they are compiled in.
    pub const DEFAULTS: &'static str = include_str!("../config.default.toml");

    /// Who counts as the demo admin.
    #[must_use]
    pub fn admission(&self) -> LocalMode {
        if self.local_mode {
            LocalMode::On {
                own_ports: self.own_ports.clone(),
            }
        } else {
            LocalMode::Off
        }
    }
}
