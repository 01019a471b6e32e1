//! Calls to DSPs and our own bidder: two rules of what may be reached, one place that chooses.

use service::client::{Client, ClientConfig};

use crate::config::Config;
use crate::rtb::partners::Partner;

/// One worker's connections to DSPs.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    dsps: Client,
    own: Client,
}

impl Upstream {
    /// Connections of one worker. Must be made and used on its runtime.
    #[must_use]
    pub(crate) fn new(config: &Config) -> Self {
        let private = config.private_upstreams();
        let dsps = ClientConfig {
            allow_private: private,
            allow_http: private,
            ..ClientConfig::default()
        };
        Self {
            dsps: Client::new(dsps),
            own: Client::new(ClientConfig::local()),
        }
    }

    /// The client for a partner: only our own bidder may be on a private address in every mode.
    #[must_use]
    pub(crate) fn of(&self, partner: Option<&Partner>) -> &Client {
        match partner {
            Some(partner) if partner.is_own => &self.own,
            Some(_) | None => &self.dsps,
        }
    }

    /// The client for services of ours.
    #[must_use]
    pub(crate) fn own(&self) -> &Client {
        &self.own
    }
}
