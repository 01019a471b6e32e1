//! Demand partners while the process lives: where they are, whether they are asked, how they do.

use std::sync::Arc;
use std::time::Instant;

use contracts::catalog::DemandPartner;
use exchange_core::market::OWN_BIDDER;
use exchange_core::routing::{NotAsked, QpsBucket};
use exchange_core::{auction::ReplyFate, domain};
use http::HeaderValue;
use service::client::{Admission, Breaker, Target};
use std::time::Duration;
use units::PartnerId;

use crate::config::Config;
use crate::metrics::{DspMetrics, RtbMetrics};
use crate::rtb::stats::DspStats;

/// A partner's state, shared by all workers and kept over catalogs.
#[derive(Debug)]
pub(crate) struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// Where it answers; `None` when its endpoint is no URL.
    pub target: Option<Target>,
    /// Its row of `GET /stats`.
    pub stats: DspStats,
    /// Our own bidder, which may be on a private address in any mode.
    pub is_own: bool,
    /// What it knows us by, sent as `x-gavel-key`.
    pub key: Option<HeaderValue>,
    /// Domains that its notices may go to.
    notice_hosts: NoticeHosts,
    endpoint: String,
    qps: QpsBucket,
    breaker: Breaker,
    metrics: DspMetrics,
}

/// Where a partner's notices may go (S8).
#[derive(Debug, Clone, PartialEq, Eq)]
enum NoticeHosts {
    /// Our own bidder's, wherever its public address is.
    Any,
    /// The endpoint's host, registered domains, and their subdomains.
    Listed(Vec<String>),
}

/// Makes the partners of a new catalog out of the former ones.
pub(crate) struct Partners<'p> {
    pub(crate) former: &'p [Arc<Partner>],
    pub(crate) config: &'p Config,
    pub(crate) metrics: &'p RtbMetrics,
}

impl Partners<'_> {
    /// The state of a partner: the former one when nothing about its calls changed.
    pub(crate) fn adopt(&self, partner: &DemandPartner) -> Arc<Partner> {
        let endpoint = if partner.endpoint == OWN_BIDDER {
            format!("{}/bid", self.config.bidder_url.trim_end_matches('/'))
        } else {
            partner.endpoint.clone()
        };
        let target = Target::parse(&endpoint).ok();
        let notice_hosts = if partner.endpoint == OWN_BIDDER {
            NoticeHosts::Any
        } else {
            let own = target.as_ref().and_then(|t| t.url().host_str());
            let own = own.map(str::to_owned);
            NoticeHosts::Listed(partner.domains.iter().cloned().chain(own).collect())
        };
        let former = self.former.iter().find(|former| former.id == partner.id);
        if let Some(former) = former
            && former.endpoint == endpoint
            && former.notice_hosts == notice_hosts
        {
            return Arc::clone(former);
        }
        Arc::new(Partner {
            id: partner.id.clone(),
            target,
            is_own: partner.endpoint == OWN_BIDDER,
            key: self.key_for(partner),
            stats: DspStats::default(),
            notice_hosts,
            endpoint,
            qps: QpsBucket::default(),
            breaker: Breaker::default(),
            metrics: self.metrics.dsp(partner.id.as_str()),
        })
    }
}

impl Partners<'_> {
    /// Our key goes to our own bidder and to nobody else.
    fn key_for(&self, partner: &DemandPartner) -> Option<HeaderValue> {
        let key = self.config.bidder_key.expose();
        if key.is_empty() || partner.endpoint != OWN_BIDDER {
            return None;
        }
        let mut value = HeaderValue::from_str(key).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl Partner {
    /// Whether it is asked now, under its limit of requests a second.
    ///
    /// # Errors
    /// [`NotAsked`]: unreachable, over its limit, or ejected.
    pub(crate) fn admit(&self, now_us: i64, qps: Option<u32>) -> Result<(), NotAsked> {
        if self.target.is_none() {
            return Err(NotAsked::Unreachable);
        }
        if qps.is_some_and(|most| !self.qps.take(now_us, most)) {
            return Err(NotAsked::OverQps);
        }
        // The breaker comes last: a probe that it grants must be made.
        match self.breaker.admit(Instant::now()) {
            Admission::Yes | Admission::Probe => Ok(()),
            Admission::No => Err(NotAsked::Ejected),
        }
    }

    /// Counts what a call came to. An answer that cannot be read is a failure like none at all; a timeout
    /// is held against it only where it had time: an SSP in a hurry must not eject everybody's DSPs.
    pub(crate) fn answered(&self, fate: ReplyFate, took: Duration, budget_ms: u32) {
        let now = Instant::now();
        let bids = match fate {
            ReplyFate::Bids(bids) => bids,
            ReplyFate::NoBid(_) | ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => 0,
        };
        match fate {
            ReplyFate::Bids(_) | ReplyFate::NoBid(_) => self.breaker.succeeded(now),
            ReplyFate::TimedOut if budget_ms < FAIR_MS => {}
            ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => self.breaker.failed(now),
        }
        self.metrics.response(fate.label(), took);
        self.stats.answered(fate.label(), bids, took);
    }

    /// Whether one of its notices may go to this URL (S8).
    #[must_use]
    pub(crate) fn may_notify(&self, url: &str) -> Option<Target> {
        let target = Target::parse(url).ok()?;
        let host = target.url().host_str()?;
        let allowed = match &self.notice_hosts {
            NoticeHosts::Any => true,
            NoticeHosts::Listed(hosts) => hosts.iter().any(|listed| {
                listed.eq_ignore_ascii_case(host)
                    || domain::covers(listed, host)
                    || (is_this_machine(listed) && is_this_machine(host))
            }),
        };
        allowed.then_some(target)
    }
}

/// A DSP that needs longer than this is late by its own fault.
const FAIR_MS: u32 = 50;

/// The names of one and the same machine, for DSPs in local mode.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}
