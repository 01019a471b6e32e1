//! What the exchange can be told from outside.

mod delay;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use contracts::notice::SellClaims;
use eventlog::Durability;
use exchange_core::intake::Bounds;
use exchange_core::networks::{Network, Networks};
use exchange_core::privacy;
use exchange_core::screening::Policy;
use exchange_core::traffic;
use serde::{Deserialize, Serialize};
use service::access::LocalMode;
use service::config::{Bytes, ConfigError, ConfigFault, Millis, Secret};
use service::http::Limits;
use service::quota::Terms;
use units::{Currency, Multiplier};

pub(crate) use self::delay::ExpectedDelay;
use crate::records::RecordsConfig;
use crate::rtb::newest::RecordBounds;
use crate::sightings::SightingsConfig;

/// The exchange's configuration; `config.default.toml` says what each key means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct Config {
    pub listen: String,
    pub ssp_listen: String,
    pub public_url: String,
    pub ssp_public_url: String,
    pub control_plane_url: String,
    pub bidder_url: String,
    pub dmp_url: String,
    pub events_redis_url: String,
    pub events_durability: Durability,
    pub redis_url: String,
    pub data_dir: PathBuf,
    pub workers: usize,
    pub service_token: Secret,
    pub bidder_key: Secret,
    pub operator_token: Secret,
    pub local_mode: bool,
    pub own_ports: Vec<u16>,
    pub metrics_public: bool,
    pub trace_sample_percent: u8,
    pub trusted_proxies: Vec<String>,
    pub geo_database: PathBuf,
    pub domain: String,
    pub contact_email: String,
    pub allow_private_upstreams: bool,
    pub upstream_roots: PathBuf,
    pub require_crid: bool,
    pub require_adomain: bool,
    pub catalog_max_age: Millis,
    pub answer_margin: Millis,
    pub notice_ttl: Millis,
    pub expected_delay: ExpectedDelay,
    pub notice_timeout: Millis,
    pub notice_url: Bytes,
    pub notice_queue: usize,
    pub outbox: Outbox,
    pub outbox_retry: Millis,
    pub served: Served,
    pub records: usize,
    pub record_stream: usize,
    pub record_queue: usize,
    pub record_one_in: u64,
    pub record_after: Millis,
    pub auction_records: RecordsConfig,
    pub sightings: SightingsConfig,
    pub accounts: BTreeMap<String, Account>,
    pub privacy: Privacy,
    pub sync: Sync,
    pub traffic: Traffic,
    pub limits: Limits,
    pub quantity: u32,
    pub choices: usize,
    pub deals: usize,
    pub declared: usize,
    pub listed_international: usize,
    pub declared_international: usize,
    pub placement_deals: usize,
    pub request: openrtb::Limits,
    pub response: openrtb::Limits,
}

/// An SSP that sends requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What it sends as `x-gavel-key` or `?key=`.
    pub key: Secret,
    /// Our share of the gross, such as "0.1".
    #[serde(default)]
    pub fee: Option<String>,
    /// Currency of its payout.
    #[serde(default)]
    pub currency: Currency,
    /// Whether it owns what it sells: a supply chain that begins with it is complete.
    #[serde(default)]
    pub owner: bool,
    /// Macros in `adm` are left to the SSP.
    #[serde(default)]
    pub keep_macros: bool,
    /// Most requests a second; 0: any number.
    #[serde(default)]
    pub qps: u32,
    /// Most requests in work at once; 0: any number.
    #[serde(default)]
    pub in_flight: u32,
}

/// Bids that serve on their win notice; `config.default.toml` says what each key means.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct Served {
    pub longest: Bytes,
    pub most: Bytes,
}

/// Billing notices on their way; `config.default.toml` says what each key means.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct Outbox {
    pub in_work: usize,
    pub per_partner: usize,
}

/// Ids of users between DSPs and us; `config.default.toml` says what each key means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct Sync {
    pub cookie_domain: String,
    pub life: Millis,
    pub renew_after: Millis,
    pub at_once: usize,
    pub frames_at_once: usize,
    pub per_user: usize,
    pub per_second: u32,
    pub wait: Millis,
    pub cache: Bytes,
    pub cache_life: Millis,
}

/// What is not auctioned; `config.default.toml` says what each key means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct Traffic {
    pub crawlers: bool,
    pub data_centres: PathBuf,
}

impl Traffic {
    /// The same with its list read.
    ///
    /// # Errors
    /// The list cannot be read.
    pub(crate) fn filter(&self) -> Result<traffic::Filter, ConfigError> {
        let path = &self.data_centres;
        let networks = if path.as_os_str().is_empty() {
            Networks::default()
        } else {
            let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
            let networks =
                text.and_then(|text| Networks::parse(&text).map_err(|error| error.to_string()));
            networks.map_err(|why| {
                let why = format!("{}: {why}", path.display());
                fault("traffic.data_centres", &why)
            })?
        };
        if !networks.is_empty() {
            tracing::info!(
                networks = networks.len(),
                "networks of data centres are known"
            );
        }
        Ok(traffic::Filter {
            crawlers: self.crawlers,
            data_centres: networks,
        })
    }
}

/// Which privacy signals are obeyed; `config.default.toml` says what each key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct Privacy {
    pub gdpr: bool,
    pub us: bool,
    pub tracking: bool,
    pub vendor_id: u16,
}

impl Privacy {
    /// The same as the auction's policy.
    #[must_use]
    pub fn policy(self) -> privacy::Policy {
        privacy::Policy {
            gdpr: self.gdpr,
            us: self.us,
            tracking: self.tracking,
            own_vendor: (self.vendor_id != 0).then_some(self.vendor_id),
        }
    }
}

impl Account {
    /// Our share of the gross.
    #[must_use]
    pub fn fee(&self) -> Multiplier {
        let told = self.fee.as_deref().map(Multiplier::parse);
        told.and_then(Result::ok).unwrap_or(NO_FEE)
    }

    /// How much it may ask.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            qps: self.qps,
            in_flight: self.in_flight,
            active: true,
        }
    }
}

/// Of an SSP without an account.
pub(crate) const NO_FEE: Multiplier = match Multiplier::new(0) {
    Some(none) => none,
    None => Multiplier::ONE,
};

impl Config {
    /// The defaults, compiled in.
    pub const DEFAULTS: &'static str = include_str!("../config.default.toml");

    /// The defaults, `GAVEL__EXCHANGE__*` of the environment laid over them.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault at once.
    pub fn from_env() -> Result<Self, ConfigError> {
        service::config::load("exchange", Self::DEFAULTS, None, std::env::vars(), &[])
    }

    /// What no type can say.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault at once.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut faults = Vec::new();
        for (at, proxy) in self.trusted_proxies.iter().enumerate() {
            if let Err(error) = proxy.parse::<Network>() {
                let key = format!("trusted_proxies[{at}]");
                faults.push(ConfigFault::in_key(&key, error.to_string()));
            }
        }
        for (name, account) in &self.accounts {
            let fee = account.fee.as_deref().map(Multiplier::parse);
            let is_share = fee.is_none_or(|fee| fee.is_ok_and(|fee| fee <= Multiplier::ONE));
            if !is_share {
                let key = format!("accounts.{name}.fee");
                faults.push(ConfigFault::in_key(
                    &key,
                    "expected a share such as \"0.1\"",
                ));
            }
        }
        for (key, count) in [
            ("records", self.records),
            ("notice_queue", self.notice_queue),
            (
                "quantity",
                usize::try_from(self.quantity).unwrap_or(usize::MAX),
            ),
            ("choices", self.choices),
            ("declared", self.declared),
            ("placement_deals", self.placement_deals),
            ("outbox.in_work", self.outbox.in_work),
            ("outbox.per_partner", self.outbox.per_partner),
            ("sync.per_user", self.sync.per_user),
        ] {
            if count == 0 {
                faults.push(ConfigFault::in_key(key, "must be at least 1"));
            }
        }
        if !(1..=SellClaims::LONGEST_URL as u64).contains(&self.notice_url.0) {
            let why = format!("must be 1B to {}B", SellClaims::LONGEST_URL);
            faults.push(ConfigFault::in_key("notice_url", why));
        }
        if self.request.id > SellClaims::LONGEST_IMP {
            let why = format!("must be at most {}", SellClaims::LONGEST_IMP);
            faults.push(ConfigFault::in_key("request.id", why));
        }
        self.auction_records.faults(&mut faults);
        self.sightings.faults(&mut faults);
        for (table, limits) in [("request", &self.request), ("response", &self.response)] {
            if let Some((key, why)) = limits.fault() {
                faults.push(ConfigFault::in_key(&format!("{table}.{key}"), why));
            }
        }
        ConfigError::unless_empty(faults)
    }

    /// The networks of proxies whose word on whom they forward for is taken.
    ///
    /// # Errors
    /// [`ConfigError`] with the first that is none.
    pub(crate) fn trusted_proxies(&self) -> Result<Networks, ConfigError> {
        let networks = self
            .trusted_proxies
            .iter()
            .map(|text| text.parse::<Network>());
        let networks: Result<Networks, _> = networks.collect();
        networks.map_err(|error| fault("trusted_proxies", &error.to_string()))
    }

    /// Whether callers without an account may be let in where there are no accounts at all: on loopback alone.
    #[must_use]
    pub fn listens_on_loopback(&self) -> bool {
        let listen = self.listen.rsplit_once(':');
        listen.is_some_and(|(host, _)| is_loopback(host))
    }

    /// Base of the notice URLs.
    #[must_use]
    pub fn rtb_base(&self) -> String {
        base(&self.public_url, &self.listen)
    }

    /// Base of the impression URLs.
    #[must_use]
    pub fn ssp_base(&self) -> String {
        base(&self.ssp_public_url, &self.ssp_listen)
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

    /// What is believed of requests.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            choices: self.choices,
            deals: self.deals,
            international: self.listed_international,
            ..Bounds::new(self.request, self.quantity)
        }
    }

    /// What is kept of auctions in memory, and told to the control plane.
    pub(crate) fn record_bounds(&self) -> RecordBounds {
        RecordBounds {
            most: self.records,
            leaving: self.record_queue,
            one_in: self.record_one_in,
            after: self.record_after.0,
        }
    }

    /// What we ask of bids beyond the standard.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            creative_id_required: self.require_crid,
            advertiser_domain_required: self.require_adomain,
            loopback_is_secure: self.local_mode,
            notice_url: usize::try_from(self.notice_url.0).unwrap_or(usize::MAX),
            declared: self.declared,
            international: self.declared_international,
            limits: self.response,
            delays: self.expected_delay.usual(),
        }
    }

    /// Whether DSPs may be on private addresses and plain http.
    #[must_use]
    pub fn private_upstreams(&self) -> bool {
        self.local_mode || self.allow_private_upstreams
    }

    /// How many workers there are: as told, or one per core.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        if self.workers > 0 {
            return self.workers;
        }
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }
}

fn fault(key: &str, why: &str) -> ConfigError {
    ConfigError {
        faults: vec![ConfigFault::in_key(key, why)],
    }
}

fn base(public: &str, listen: &str) -> String {
    if public.is_empty() {
        format!("http://{listen}")
    } else {
        public.trim_end_matches('/').to_owned()
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use exchange_core::delay::UsualDelays;

    #[test]
    fn the_defaults_are_valid_and_an_open_auction_stays_on_loopback() {
        let load = |overrides: &[(String, String)]| -> Config {
            service::config::load(
                "exchange",
                Config::DEFAULTS,
                None,
                std::iter::empty(),
                overrides,
            )
            .unwrap()
        };
        let config = load(&[]);
        config.validate().unwrap();
        assert_eq!(config.rtb_base(), "http://127.0.0.1:8004");
        assert!(config.listens_on_loopback());
        assert_eq!(config.expected_delay.usual(), UsualDelays::default());
        let open = load(&[("listen".into(), "0.0.0.0:8004".into())]);
        assert!(!open.listens_on_loopback());
        let wrong = load(&[("trusted_proxies".into(), r#"["10.0.0.0/8", "10/8"]"#.into())]);
        let fault = wrong.validate().unwrap_err().to_string();
        assert!(fault.contains("trusted_proxies[1]"), "{fault}");
    }
    #[test]
    fn r_27_whoever_sends_slowly_is_closed_in_time() {
        let limits = service::config::load::<Config>(
            "exchange",
            Config::DEFAULTS,
            None,
            std::iter::empty(),
            &[],
        )
        .unwrap()
        .limits;
        assert!(limits.header_timeout.0 <= Duration::from_secs(10));
        // And a second in which the answer can be read.
        assert!(limits.body_timeout.0 <= Duration::from_secs(1));
    }
}
