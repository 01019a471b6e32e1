//! Demand partners while the process lives: where they are, whether they are asked, how they do.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use contracts::access::PARTNER_KEY_HEADER;
use contracts::catalog::{Connection, DemandPartner, OpenRtbVersion, PartnerStatus};
use exchange_core::auction::{Candidate, Reach};
use exchange_core::market::OWN_BIDDER;
use exchange_core::routing::{self, Cell, NetworkTime, NotAsked, Past, QpsBucket, Throttle};
use exchange_core::{auction::ReplyFate, domain};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use service::Shutdown;
use service::client::{Admission, Breaker, BreakerState, InResponse, Target, Template};
use std::time::Duration;
use units::{CpmMicros, PartnerId};

use crate::config::Config;
use crate::exchange::Exchange;
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
    /// Domains that its notices may go to.
    notice_hosts: NoticeHosts,
    endpoint: String,
    /// How it is spoken to.
    pub connection: Connection,
    /// What every call to it has in common; `None` when its endpoint is no URL.
    pub template: Option<Arc<Template>>,
    headers: HeaderMap,
    qps: QpsBucket,
    breaker: Breaker,
    throttle: Throttle,
    network: NetworkTime,
    past: Past,
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
        let target = Target::parse(&endpoint).ok().and_then(|target| {
            if partner.connection.http2 {
                target.over_http2().ok()
            } else {
                Some(target)
            }
        });
        let notice_hosts = if partner.endpoint == OWN_BIDDER {
            NoticeHosts::Any
        } else {
            let own = target.as_ref().and_then(|t| t.url().host_str());
            let own = own.map(str::to_owned);
            NoticeHosts::Listed(partner.domains.iter().cloned().chain(own).collect())
        };
        let headers = self.headers(partner, target.as_ref());
        let former = self.former.iter().find(|former| former.id == partner.id);
        if let Some(former) = former
            && former.endpoint == endpoint
            && former.notice_hosts == notice_hosts
            && former.connection == partner.connection
            && former.headers == headers
        {
            return Arc::clone(former);
        }
        let template = target
            .as_ref()
            .map(|target| Arc::new(Template::new(Method::POST, target, headers.clone())));
        Arc::new(Partner {
            id: partner.id.clone(),
            target,
            is_own: partner.endpoint == OWN_BIDDER,
            stats: DspStats::default(),
            notice_hosts,
            endpoint,
            connection: partner.connection,
            template,
            headers,
            qps: QpsBucket::default(),
            breaker: Breaker::default(),
            throttle: Throttle::default(),
            network: NetworkTime::default(),
            past: Past::default(),
            metrics: self.metrics.dsp(partner.id.as_str()),
        })
    }
}

impl Partners<'_> {
    /// What all calls of a partner have in their heads.
    fn headers(&self, partner: &DemandPartner, target: Option<&Target>) -> HeaderMap {
        const KEY: HeaderName = HeaderName::from_static(PARTNER_KEY_HEADER);
        const VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");
        let version = match partner.openrtb_version {
            OpenRtbVersion::V25 => "2.5",
            OpenRtbVersion::V26 => "2.6",
        };
        let encoding = if partner.connection.gzip_answers {
            "gzip"
        } else {
            "identity"
        };
        let fields = [
            (header::CONTENT_TYPE, "application/json"),
            (header::ACCEPT_ENCODING, encoding),
            (VERSION, version),
        ];
        let mut headers = HeaderMap::new();
        if let Some(target) = target {
            headers.insert(header::HOST, target.host_header().clone());
        }
        for (name, value) in fields {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some(key) = self.key_for(partner) {
            headers.insert(KEY, key);
        }
        headers
    }

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
    /// Whether it is asked now, and how far it is.
    ///
    /// # Errors
    /// [`NotAsked`]: unreachable, not worth it, throttled, over its limit of requests a second, or ejected.
    pub(crate) fn admit(&self, now_us: i64, candidate: &Candidate<'_>) -> Result<Reach, NotAsked> {
        if self.target.is_none() {
            return Err(NotAsked::Unreachable);
        }
        if let Some(rule) = candidate.partner.sampling
            && !routing::asks(rule, self.past.brought(candidate.cell), candidate.draw)
        {
            return Err(NotAsked::Sampled);
        }
        // Its own chance: who explores must not be who is let through.
        if !self
            .throttle
            .lets_through(now_us, candidate.draw.rotate_left(16))
        {
            return Err(NotAsked::Throttled);
        }
        let qps = match candidate.partner.status {
            PartnerStatus::Testing => candidate.partner.qps.or(Some(TESTING_QPS)),
            PartnerStatus::Live | PartnerStatus::Off => candidate.partner.qps,
        };
        if qps.is_some_and(|most| !self.qps.take(now_us, most)) {
            return Err(NotAsked::OverQps);
        }
        // The breaker comes last: a probe that it grants must be made.
        match self.breaker.admit(Instant::now()) {
            Admission::Yes | Admission::Probe => Ok(Reach {
                network_ms: self.network.millis(),
            }),
            Admission::No => Err(NotAsked::Ejected),
        }
    }

    /// Takes in how long the network took of a call: all but what it says that it worked itself, else the
    /// time of a new connection's handshake.
    pub(crate) fn measured(&self, answer: &InResponse) {
        let worked = answer.headers.get(&SERVER_TIMING).and_then(worked);
        match (worked, answer.timing.handshake) {
            (Some(worked), _) => self
                .network
                .observe(answer.timing.head.saturating_sub(worked)),
            (None, Some(handshake)) => self.network.observe(handshake),
            (None, None) => {}
        }
    }

    /// Counts an auction that it was not asked in.
    pub(crate) fn not_asked(&self, reason: NotAsked) {
        self.metrics.not_asked(reason);
    }

    /// Shows how it stands.
    pub(crate) fn report(&self, now_us: i64) {
        let state = match self.breaker.state(Instant::now()) {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        };
        self.metrics.breaker.set_u32(state);
        let share = self.throttle.share(now_us).millionths();
        self.metrics
            .share
            .set(Duration::from_micros(share.unsigned_abs()).as_secs_f64());
        let network = Duration::from_millis(u64::from(self.network.millis()));
        self.metrics.network.set(network.as_secs_f64());
    }

    /// Learns what a request of a kind brought: its best bid, CPM in USD.
    pub(crate) fn learn(&self, cell: Cell, best: CpmMicros) {
        self.past.note(cell, best);
    }

    /// Counts a call whose answer nobody waited for.
    pub(crate) fn passed_over(&self, answered: bool) {
        let now = Instant::now();
        if answered {
            self.breaker.succeeded(now);
        } else {
            self.breaker.failed(now);
        }
    }

    /// Counts what a call came to. An answer that cannot be read is a failure like none at all; a timeout
    /// is held against it only where it had time: an SSP in a hurry must not eject everybody's DSPs.
    pub(crate) fn answered(&self, fate: ReplyFate, took: Duration, budget_ms: u32, now_us: i64) {
        let now = Instant::now();
        let bids = match fate {
            ReplyFate::Bids(bids) => bids,
            ReplyFate::NoBid(_) | ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => 0,
        };
        let is_good = match fate {
            ReplyFate::Bids(_) | ReplyFate::NoBid(_) => Some(true),
            ReplyFate::TimedOut if budget_ms < FAIR_MS => None,
            ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => Some(false),
        };
        match is_good {
            Some(true) => self.breaker.succeeded(now),
            Some(false) => self.breaker.failed(now),
            None => {}
        }
        if let Some(good) = is_good {
            self.throttle.answered(now_us, !good);
        }
        self.metrics.response(fate.label(), took);
        self.stats.answered(fate.label(), bids, took);
    }

    /// Whether one of its notices may go to this URL (S8).
    #[must_use]
    pub(crate) fn may_notify(&self, url: &str) -> Option<Target> {
        self.notice_hosts.admit(url)
    }

    /// The same, where nobody is called yet.
    #[must_use]
    pub(crate) fn might_notify(&self, url: &str) -> bool {
        self.notice_hosts.admits(url)
    }
}

impl NoticeHosts {
    fn admit(&self, url: &str) -> Option<Target> {
        let target = Target::parse(url).ok()?;
        let host = target.url().host_str()?;
        self.lists(host).then_some(target)
    }

    /// Whether there is a target to admit: a URL that needs no second look is not taken apart for that.
    fn admits(&self, url: &str) -> bool {
        match plain_host(url) {
            Some(host) => self.lists(host),
            None => self.admit(url).is_some(),
        }
    }

    fn lists(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(hosts) => hosts.iter().any(|listed| {
                listed.eq_ignore_ascii_case(host)
                    || domain::covers(listed, host)
                    || (is_this_machine(listed) && is_this_machine(host))
            }),
        }
    }
}

/// The host of a URL in which nothing means something else than it looks like: no user, no escapes in the host, no number
/// that is an address in disguise, and nothing behind it that a parser would refuse or change.
fn plain_host(url: &str) -> Option<&str> {
    const LONGEST: usize = 253;
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.split_once(':') {
        Some((host, port)) => {
            let is_number = !port.starts_with('+') && port.parse::<u16>().is_ok();
            is_number.then_some(host)?
        }
        None => authority,
    };
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || b"/?&=%-._~+:;,!*()$@".contains(&byte);
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        let first = bytes.next();
        // Letters of other alphabets are told by what begins with four letters like these.
        first.is_some_and(|byte| byte.is_ascii_lowercase())
            && !label.starts_with("xn--")
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let is_name = host.len() <= LONGEST && host.split('.').all(is_label);
    let is_address = || host.parse::<Ipv4Addr>().is_ok();
    (path.bytes().all(is_plain) && (is_name || is_address())).then_some(host)
}

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// What a server says that it worked: the longest `dur` of its `Server-Timing`, milliseconds there.
fn worked(timing: &str) -> Option<Duration> {
    let told = timing.split([',', ';']).filter_map(|part| {
        let millis: f64 = part.trim().strip_prefix("dur=")?.parse().ok()?;
        Duration::try_from_secs_f64(millis / 1_000.0).ok()
    });
    told.max()
}

/// Shows every second how the partners stand, until `shutdown`. Runs on one worker.
pub(crate) async fn report(exchange: Arc<Exchange>, shutdown: Shutdown) {
    while !shutdown.is_fired() {
        if let Some(in_force) = exchange.in_force() {
            let now_us = exchange.micros();
            let partners = in_force.partners.iter();
            partners.for_each(|partner| partner.report(now_us));
        }
        tokio::select! {
            () = shutdown.fired() => return,
            () = tokio::time::sleep(REPORT_EVERY) => {}
        }
    }
}

const REPORT_EVERY: Duration = Duration::from_secs(1);

/// The sample of live requests that a partner in testing gets where it says no limit of its own.
const TESTING_QPS: u32 = 10;

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

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn s_8_a_url_that_needs_no_second_look_is_judged_as_by_the_parser(
            scheme in "(https?|ftp|HTTP)://|//|",
            host in "([a-z0-9]{1,4}\\.){0,2}(dsp\\.example|[a-z]{2}|[0-9]{1,3})|(www\\.)?dsp\\.example|127\\.0\\.0\\.1|0x7f\\.1|xn--[a-z]{2}|user@dsp\\.example|DSP\\.example|dsp\\.example\\.",
            port in "(:[0-9]{0,6})?",
            path in "([/?#][ -~]{0,8}){0,3}",
        ) {
            let url = format!("{scheme}{host}{port}{path}");
            let listed = ["dsp.example", "127.0.0.1", "a.bc", "[::1]"];
            for hosts in [NoticeHosts::Any, NoticeHosts::Listed(listed.map(Into::into).into())] {
                let admitted = hosts.admit(&url).is_some();
                proptest::prop_assert_eq!(hosts.admits(&url), admitted, "{}", url);
            }
        }
    }

    #[test]
    fn s_8_where_a_partners_notices_may_go() {
        let listed = ["dsp.example", "bid.vendor.example", "127.0.0.1"].map(str::to_owned);
        let hosts = NoticeHosts::Listed(listed.to_vec());
        #[rustfmt::skip]
        let cases = [
            ("its domain", "https://dsp.example/w", true),
            ("a subdomain", "https://n.eu.dsp.example/w", true),
            ("its endpoint's host", "https://bid.vendor.example/w", true),
            ("letters of any case", "https://N.DSP.example/w", true),
            ("the domain above it", "https://vendor.example/w", false),
            ("a neighbour", "https://win.vendor.example/w", false),
            ("one that ends alike", "https://notdsp.example/w", false),
            ("one that begins alike", "https://dsp.example.evil.example/w", false),
            ("behind a user", "https://dsp.example@evil.example/w", false),
            ("the same machine by another name", "http://localhost:9/w", true),
            ("another address", "http://10.0.0.1/w", false),
            ("no URL", "dsp.example/w", false),
        ];
        for (says, url, want) in cases {
            assert_eq!(hosts.admit(url).is_some(), want, "{says}");
            assert_eq!(
                NoticeHosts::Any.admit(url).is_some(),
                Target::parse(url).is_ok(),
                "{says}"
            );
        }
    }

    #[test]
    fn x_77_what_a_server_says_that_it_worked() {
        #[rustfmt::skip]
        let cases = [
            ("total;dur=12.5", Some(12_500)),
            ("db;dur=3, total;dur=20;desc=\"all\"", Some(20_000)),
            ("cache;desc=hit", None),
            ("total;dur=-4", None),
            ("total;dur=much", None),
        ];
        for (text, micros) in cases {
            let got = worked(text);
            assert_eq!(got, micros.map(Duration::from_micros), "{text}");
        }
    }
}
