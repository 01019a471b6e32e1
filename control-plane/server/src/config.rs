//! What can be configured; `config.default.toml` says what each key is for.

use std::time::Duration;

use contracts::catalog::{Priors, Review};
use control_plane_core::budget::ReservationLife;
use eventlog::Durability;
use serde::Deserialize;
use service::access::LocalMode;
use service::config::{ConfigError, ConfigFault, Millis, Secret};
use service::http::Limits;
use units::Probability;

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
    /// What is asked of its Redis outside local mode.
    pub events_durability: Durability,
    /// User state; empty: frequency caps are not confirmed.
    pub redis_url: Secret,
    /// Demand sources whose loss notice is final: it frees the pending of a frequency cap.
    pub final_loss_sources: Vec<String>,
    /// What becomes of new and changed creatives.
    pub creative_review: CreativeReview,
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
    /// What became of earlier impressions, for prices.
    pub observed: ObservedConfig,
    /// Shared lists of targeting.
    pub lists: ListsConfig,
    /// Creatives that exchanges saw in bids.
    pub creative_registry: RegistryConfig,
    /// How long the money of a bid waits for its notice.
    pub reservation_life: LifeConfig,
    /// Limits of the listener.
    pub limits: Limits,
}

/// Bounds of shared lists.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListsConfig {
    /// Most entries of one list.
    pub max_entries: u32,
}

/// Bounds of the creative registry.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryConfig {
    /// Most creatives of one demand partner that wait for a verdict.
    pub max_pending: u32,
}

/// How long the money of a bid waits for its notice, and with it the longest `exp` that a bid declares.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifeConfig {
    /// Of banners and native.
    pub shown: Millis,
    /// Of video and audio.
    pub played: Millis,
}

impl LifeConfig {
    pub(crate) fn seconds(self) -> ReservationLife {
        let seconds = |life: Millis| u32::try_from(life.0.as_secs()).unwrap_or(u32::MAX);
        ReservationLife {
            shown_s: seconds(self.shown),
            played_s: seconds(self.played),
        }
    }

    fn faults(self, faults: &mut Vec<ConfigFault>) {
        let range = Duration::from_secs(60)..=Duration::from_secs(86_400);
        for (key, life) in [("shown", self.shown), ("played", self.played)] {
            if !range.contains(&life.0) {
                let why = "must be from 1m to 24h";
                faults.push(ConfigFault::in_key(&format!("reservation_life.{key}"), why));
            }
        }
    }
}

/// How what was observed gets into the catalog.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedConfig {
    /// How often the catalog may get a new version because of it.
    pub refresh: Millis,
    /// Days that are summed up.
    pub days: u16,
    /// Clicks per impression before anything was observed.
    pub prior_click_rate: String,
    /// Conversions per impression before anything was observed.
    pub prior_conversion_rate: String,
    /// For how many impressions these count.
    pub prior_strength: u32,
}

impl ObservedConfig {
    /// What is believed before anything was observed.
    #[must_use]
    pub fn priors(&self) -> Priors {
        let rate = |text| Probability::parse(text).unwrap_or_default();
        Priors {
            click_rate: rate(&self.prior_click_rate),
            conversion_rate: rate(&self.prior_conversion_rate),
            strength: self.prior_strength.into(),
        }
    }
}

/// What becomes of new and changed creatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreativeReview {
    /// They are shown at once.
    Approve,
    /// They wait for `POST /creatives/{id}/review`.
    Hold,
}

impl CreativeReview {
    pub(crate) const fn first(self) -> Review {
        match self {
            Self::Approve => Review::Approved,
            Self::Hold => Review::Pending,
        }
    }
}

impl Config {
    /// The defaults, commented, as they are compiled in.
    pub const DEFAULTS: &'static str = include_str!("../config.default.toml");

    /// What is asked of the events Redis: in local mode, nothing.
    #[must_use]
    pub const fn durability(&self) -> Durability {
        if self.local_mode {
            Durability::Unchecked
        } else {
            self.events_durability
        }
    }

    /// What no type can say.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault at once.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut faults = Vec::new();
        let observed = &self.observed;
        let rates = [
            ("observed.prior_click_rate", &observed.prior_click_rate),
            (
                "observed.prior_conversion_rate",
                &observed.prior_conversion_rate,
            ),
        ];
        for (key, text) in rates {
            if Probability::parse(text).is_err() {
                let why = "expected a probability from 0 to 1, such as \"0.001\"";
                faults.push(ConfigFault::in_key(key, why));
            }
        }
        if observed.refresh.0 < Duration::from_secs(1) {
            faults.push(ConfigFault::in_key(
                "observed.refresh",
                "must be 1s or longer",
            ));
        }
        if observed.days == 0 {
            faults.push(ConfigFault::in_key("observed.days", "must be 1 or more"));
        }
        self.reservation_life.faults(&mut faults);
        ConfigError::unless_empty(faults)
    }

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
