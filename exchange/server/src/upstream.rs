//! Calls to DSPs and our own bidder: two rules of what may be reached, one place that chooses.

use service::client::{Client, ClientConfig, Roots, RootsError};

use crate::config::Config;
use crate::rtb::partners::Partner;

/// One worker's connections to DSPs.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    dsps: Client,
    own: Client,
}

impl Upstream {
    /// Connections of one worker, secured by certificates under `roots`. Must be made and used on its runtime.
    #[must_use]
    pub(crate) fn new(config: &Config, roots: &Roots) -> Self {
        let private = config.private_upstreams();
        let dsps = ClientConfig {
            allow_private: private,
            allow_http: private,
            roots: Some(roots.clone()),
            ..ClientConfig::default()
        };
        Self {
            dsps: Client::new(dsps),
            own: Client::new(ClientConfig {
                roots: Some(roots.clone()),
                ..ClientConfig::local()
            }),
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

    /// Whose certificates the configuration trusts.
    ///
    /// # Errors
    /// [`RootsError`] when its file holds none.
    pub(crate) fn roots(config: &Config) -> Result<Roots, RootsError> {
        if config.upstream_roots.as_os_str().is_empty() {
            Roots::public()
        } else {
            Roots::of_file(&config.upstream_roots)
        }
    }

    /// The client for services of ours.
    #[must_use]
    pub(crate) fn own(&self) -> &Client {
        &self.own
    }
}
