//! What can be configured; `config.default.toml` says what each key is for.

use std::fmt;

use serde::Deserialize;
use service::access::LocalMode;
use service::config::Millis;
use service::http::Limits;

/// The configuration of the control plane.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the API listens when the service runs alone.
    pub listen: String,
    /// Base of the URLs that are handed out; empty for `http://<listen>`.
    pub public_url: String,
    /// Postgres, as a URL or as words.
    pub database_url: String,
    /// Most connections to Postgres.
    pub database_connections: u32,
    /// Longest wait for a connection.
    pub database_wait: Millis,
    /// The durable event log.
    pub events_redis_url: String,
    /// User state; empty: frequency caps are not confirmed.
    pub redis_url: String,
    /// Demand sources whose loss notice is final: it frees the pending of a frequency cap.
    pub final_loss_sources: Vec<String>,
    /// Secret of `/internal/*`, and of operators outside local mode.
    pub service_token: String,
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

impl fmt::Debug for Config {
    /// Shows no secret, and no URL that may contain one (S14).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("public_url", &self.public_url)
            .field("database_url", &"[REDACTED]")
            .field("database_connections", &self.database_connections)
            .field("database_wait", &self.database_wait)
            .field("events_redis_url", &"[REDACTED]")
            .field("redis_url", &"[REDACTED]")
            .field("final_loss_sources", &self.final_loss_sources)
            .field("service_token", &"[REDACTED]")
            .field("local_mode", &self.local_mode)
            .field("own_ports", &self.own_ports)
            .field("metrics_public", &self.metrics_public)
            .field("threads", &self.threads)
            .field("limits", &self.limits)
            .finish()
    }
}
