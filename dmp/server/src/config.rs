//! What can be configured; `config.default.toml` says what each key is for.

use std::fmt;
use std::path::PathBuf;

use dmp_core::Derivation;
use serde::Deserialize;
use service::access::LocalMode;
use service::config::Millis;
use service::http::Limits;
use service::visitor::Visitors;

/// The configuration of the DMP.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the API listens when the service runs alone.
    pub listen: String,
    /// Base of the URLs that are handed out; empty for `http://<listen>`.
    pub public_url: String,
    /// User state.
    pub redis_url: String,
    /// Longest wait for one answer of Redis.
    pub redis_wait: Millis,
    /// How long a user is kept after the last write.
    pub retention: Millis,
    /// How long an erased user stays erased.
    pub tombstone: Millis,
    /// Origins of the exchanges that are told what we call a browser.
    pub sync_return_to: Vec<String>,
    /// The domain whose hosts all get our cookie; empty for our own host.
    pub cookie_domain: String,
    /// Our id in the Global Vendor List of TCF; 0 for none.
    pub vendor_id: u16,
    /// Where segment rules are held.
    pub control_plane_url: String,
    /// Directory of the last good catalog; empty for none.
    pub data_dir: String,
    /// A copy that the control plane confirmed longer ago is not started from.
    pub catalog_max_age: Millis,
    /// How often every user is looked at again.
    pub reconsider_every: Millis,
    /// Secret of calls between services, and of operators outside local mode.
    pub service_token: String,
    /// Whether a request from this machine counts as the demo admin.
    pub local_mode: bool,
    /// Every port of ours.
    pub own_ports: Vec<u16>,
    /// Whether `/metrics` needs no token on a listener that is not loopback.
    pub metrics_public: bool,
    /// Threads of the service.
    pub threads: usize,
    /// What events tell of a user.
    pub derivation: Derivation,
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

    /// How browsers are known again.
    pub(crate) fn visitors(&self) -> Visitors {
        Visitors {
            cookie: "gavel_dmp",
            prefix: "dmp_",
            domain: self.cookie_domain.clone(),
            life: self.retention.0,
            is_secure: self.public_url.starts_with("https://"),
        }
    }

    /// Where the last good catalog is kept.
    pub(crate) fn catalog_copy(&self) -> Option<PathBuf> {
        (!self.data_dir.is_empty()).then(|| PathBuf::from(&self.data_dir).join("catalog.json"))
    }
}

impl fmt::Debug for Config {
    /// Shows no secret, and no URL that may contain one (S14).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("public_url", &self.public_url)
            .field("redis_url", &"[REDACTED]")
            .field("redis_wait", &self.redis_wait)
            .field("retention", &self.retention)
            .field("tombstone", &self.tombstone)
            .field("sync_return_to", &self.sync_return_to)
            .field("cookie_domain", &self.cookie_domain)
            .field("vendor_id", &self.vendor_id)
            .field("control_plane_url", &self.control_plane_url)
            .field("data_dir", &self.data_dir)
            .field("catalog_max_age", &self.catalog_max_age)
            .field("reconsider_every", &self.reconsider_every)
            .field("service_token", &"[REDACTED]")
            .field("local_mode", &self.local_mode)
            .field("own_ports", &self.own_ports)
            .field("metrics_public", &self.metrics_public)
            .field("threads", &self.threads)
            .field("derivation", &self.derivation)
            .field("limits", &self.limits)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_a_configuration() {
        let config: Config =
            service::config::load("dmp", Config::DEFAULTS, None, std::iter::empty(), &[]).unwrap();
        assert_eq!(config.listen, "127.0.0.1:8005");
        assert_eq!(config.retention.0.as_secs(), 30 * 86_400);
        assert_eq!(config.admission(), LocalMode::Off);
        assert!(!config.derivation.behaviors.is_empty());
    }
}
