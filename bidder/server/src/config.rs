//! What the bidder can be told from outside.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use bidder_core::respond::Source;
use contracts::notice::BillOn;
use eventlog::Durability;
use serde::Deserialize;
use service::access::LocalMode;
use service::config::{Bytes, ConfigError, ConfigFault, Millis, Secret};
use service::http::Limits;
use service::quota::Terms;
use units::Nanos;
use userstate::Budget;

use crate::duplicates::DuplicateLimits;
use crate::explain::ExplainConfig;
use crate::records::RecordsConfig;
use crate::shading::ShadingConfig;

/// The defaults, compiled in.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// The bidder's configuration; `config.default.toml` says what each key means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct Config {
    pub listen: String,
    pub public_url: String,
    pub control_plane_url: String,
    pub redis_url: String,
    pub events_redis_url: String,
    pub events_durability: Durability,
    pub data_dir: PathBuf,
    pub workers: usize,
    pub name: String,
    pub service_token: Secret,
    pub operator_token: Secret,
    pub local_mode: bool,
    pub own_ports: Vec<u16>,
    pub metrics_public: bool,
    pub trace_sample_percent: u8,
    pub user_budget: Millis,
    pub user_cache: Bytes,
    pub user_cache_life: Millis,
    pub user_facts: Bytes,
    pub user_segments: usize,
    pub geo_database: PathBuf,
    pub known_agents: usize,
    pub answer_margin: Millis,
    pub lease_interval: Millis,
    pub lease_timeout: Millis,
    pub first_lease: String,
    pub keep_leased: usize,
    pub tell_reasons: bool,
    pub catalog_max_age: Millis,
    pub catalog_old_after: Millis,
    pub bids: bidder_core::choose::Limits,
    pub duplicates: DuplicateLimits,
    pub conversion_window: Millis,
    pub sources: BTreeMap<String, DemandSource>,
    pub records: RecordsConfig,
    pub shading: ShadingConfig,
    pub explain: ExplainConfig,
    pub limits: Limits,
    pub request: openrtb::Limits,
}

/// Somebody who sends bid requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandSource {
    /// What it sends as `x-gavel-key` or `?key=`.
    pub key: Secret,
    /// Which of its calls bills.
    #[serde(default = "by_burl")]
    pub bill_on: BillOn,
    /// Whether its loss notices are final, so that caps are freed.
    #[serde(default)]
    pub loss_is_final: bool,
    /// Whether it shows only creatives that it has approved itself.
    #[serde(default)]
    pub reviews_creatives: bool,
    /// Bid requests per second; zero for any number.
    #[serde(default)]
    pub qps: u32,
    /// Bid requests in work at once; zero for any number.
    #[serde(default)]
    pub in_flight: u32,
    /// Whether it is answered at all.
    #[serde(default = "yes")]
    pub active: bool,
    /// Whether its requests may ask for explanations and records (`ext.gavel.debug`).
    #[serde(default)]
    pub debug: bool,
}

impl DemandSource {
    /// What it may ask of us.
    #[must_use]
    pub const fn terms(&self) -> Terms {
        Terms {
            qps: self.qps,
            in_flight: self.in_flight,
            active: self.active,
        }
    }
}

const fn yes() -> bool {
    true
}

/// Tokens are remembered in the log for as long.
const MOST_CONVERSION_WINDOW: Duration = Duration::from_secs(90 * 86_400);

const fn by_burl() -> BillOn {
    BillOn::Burl
}

impl Config {
    /// The defaults, `GAVEL__BIDDER__*` of the environment laid over them.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault at once.
    pub fn from_env() -> Result<Self, ConfigError> {
        service::config::load("bidder", DEFAULTS, None, std::env::vars(), &[])
    }

    /// What no type can say.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault at once.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut faults = Vec::new();
        let host = self.listen.rsplit_once(':').map_or("", |(host, _)| host);
        if self.sources.is_empty() && !is_loopback(host) {
            let why = "a bidder open to all is refused on a listener that is not loopback";
            faults.push(ConfigFault::in_key("sources", why));
        }
        if Nanos::parse(&self.first_lease).map_or(true, |amount| amount <= Nanos::ZERO) {
            let why = "expected a positive amount such as \"0.25\"";
            faults.push(ConfigFault::in_key("first_lease", why));
        }
        if self.lease_interval.0.is_zero() {
            faults.push(ConfigFault::in_key(
                "lease_interval",
                "must be longer than 0",
            ));
        }
        self.records.faults(&mut faults);
        if let Some((key, why)) = self.bids.fault() {
            faults.push(ConfigFault::in_key(&format!("bids.{key}"), why));
        }
        self.shading.faults(&mut faults);
        if self.conversion_window.0.is_zero() || self.conversion_window.0 > MOST_CONVERSION_WINDOW {
            let why = "must be longer than 0 and at most 90 days";
            faults.push(ConfigFault::in_key("conversion_window", why));
        }
        self.explain.faults(&mut faults);
        if let Some((key, why)) = self.request.fault() {
            faults.push(ConfigFault::in_key(&format!("request.{key}"), why));
        }
        ConfigError::unless_empty(faults)
    }

    /// Base of the notice and tracker URLs.
    #[must_use]
    pub fn base(&self) -> String {
        if self.public_url.is_empty() {
            format!("http://{}", self.listen)
        } else {
            self.public_url.trim_end_matches('/').to_owned()
        }
    }

    /// Who counts as an operator without a token.
    #[must_use]
    pub fn local_access(&self) -> LocalMode {
        if self.local_mode {
            LocalMode::On {
                own_ports: self.own_ports.clone(),
            }
        } else {
            LocalMode::Off
        }
    }

    /// What is asked of the events Redis: in local mode, nothing.
    #[must_use]
    pub const fn durability(&self) -> Durability {
        if self.local_mode {
            Durability::Unchecked
        } else {
            self.events_durability
        }
    }

    /// How many workers serve: as told, or one per core.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        if self.workers > 0 {
            return self.workers;
        }
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }

    /// What users may cost: time on the bid path, and memory.
    #[must_use]
    pub fn user_state(&self) -> Budget {
        Budget {
            bid: self.user_budget.0,
            cache_bytes: self.user_cache.0,
            cache_life: self.user_cache_life.0,
            ..Budget::default()
        }
    }

    /// How many bytes each worker keeps of profiles that were taken apart.
    #[must_use]
    pub fn facts_of_users(&self) -> u64 {
        let workers = u64::try_from(self.worker_count()).unwrap_or(u64::MAX);
        self.user_facts.0 / workers.max(1)
    }

    /// What is asked for a line item without a history.
    #[must_use]
    pub fn first_lease(&self) -> Nanos {
        Nanos::parse(&self.first_lease).unwrap_or(Nanos::ZERO)
    }

    /// The source of requests while none is configured: nobody is told apart.
    #[must_use]
    pub fn open_source(&self) -> Source {
        Source {
            name: "open".to_owned(),
            bill_on: BillOn::Burl,
            loss_is_final: self.local_mode,
            reviews_creatives: false,
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_an_open_bidder_stays_on_loopback() {
        let load = |overrides: &[(&str, &str)]| -> Config {
            let overrides: Vec<_> = overrides
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            service::config::load("bidder", DEFAULTS, None, std::iter::empty(), &overrides).unwrap()
        };
        load(&[]).validate().unwrap();
        assert_eq!(load(&[]).base(), "http://127.0.0.1:8002");
        let cases = [
            ("listen", "0.0.0.0:8002", "sources"),
            ("first_lease", "-1", "first_lease"),
            ("first_lease", "much", "first_lease"),
            ("request.depth", "65", "request.depth"),
            ("bids.pod", "9", "bids.pod"),
            ("bids.looks", "0", "bids.looks"),
            ("bids.quantity", "0", "bids.quantity"),
            ("bids.quantity", "1000001", "bids.quantity"),
            ("records.queue", "0", "records.queue"),
            ("shading.keep_wins", "1.1", "shading.keep_wins"),
            ("shading.explore", "much", "shading.explore"),
            ("shading.half_life", "1s", "shading.half_life"),
            ("shading.scopes", "1000001", "shading.scopes"),
            ("records.file", "2GiB", "records.file"),
            ("records.keep", "5s", "records.keep"),
            ("conversion_window", "91d", "conversion_window"),
            ("explain.at_once", "0", "explain.at_once"),
        ];
        for (key, value, fault) in cases {
            let refused = load(&[(key, value)]).validate().unwrap_err().to_string();
            assert!(refused.contains(fault), "{key} = {value}: {refused}");
        }
    }
    #[test]
    fn r_27_whoever_sends_slowly_is_closed_in_time() {
        let limits =
            service::config::load::<Config>("bidder", DEFAULTS, None, std::iter::empty(), &[])
                .unwrap()
                .limits;
        assert!(limits.header_timeout.0 <= Duration::from_secs(10));
        // And a second in which the answer can be read.
        assert!(limits.body_timeout.0 <= Duration::from_secs(1));
    }
}
