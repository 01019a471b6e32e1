//! What all workers of the exchange share: the market in force, partners, records, counts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use contracts::catalog::{Catalog, Deal, Placement, Publisher};
use contracts::notice::{KeyRing, SellClaims};
use exchange_core::Market;
use exchange_core::deals::Offers;
use exchange_core::intake::Place;
use exchange_core::networks::Networks;
use exchange_core::supply::Verdicts;
use exchange_core::traffic;
use lookup::Places;
use service::client::Target;
use service::quota::{Quota, Terms};
use service::{Metrics, clock};
use tokio::sync::Semaphore;
use units::{PartnerId, PlacementId, UnixMillis};

use crate::RunError;
use crate::accounts::Accounts;
use crate::config::Config;
use crate::metrics::RtbMetrics;
use crate::records::Settings;
use crate::rtb::Tallies;
use crate::rtb::held::Holding;
use crate::rtb::newest::Records;
use crate::rtb::partners::{Partner, Partners};
use crate::rtb::stats::Stats;

/// State of the process. One per exchange, behind an `Arc`; nothing in it waits.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// As configured.
    pub config: Config,
    /// What of it an auction reads.
    pub settings: Settings,
    /// Base of the notice URLs.
    pub rtb_base: String,
    /// What is counted for Prometheus.
    pub metrics: RtbMetrics,
    /// What is counted for `GET /stats`.
    pub stats: Stats,
    /// The newest auctions.
    pub records: Records,
    /// Records on disk are looked for one at a time.
    pub lookup: Semaphore,
    /// Who may send bid requests.
    pub accounts: Accounts,
    /// Whose word on whom they forward for is taken.
    pub trusted_proxies: Networks,
    /// What is not auctioned.
    pub traffic: traffic::Filter,
    /// How many ids of users are taken from DSPs.
    pub syncs: Arc<Quota>,
    places: Option<Places>,
    /// What is kept for win notices that bring markup.
    pub held: Holding,
    /// What is counted for the reconciliation with DSPs.
    pub tallies: Tallies,
    in_force: ArcSwapOption<InForce>,
    started: Instant,
}

/// One version of the catalog, made ready.
#[derive(Debug)]
pub(crate) struct InForce {
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// What auctions see of it.
    pub market: Market,
    /// The market's partners with their state, by the same index.
    pub partners: Vec<Arc<Partner>>,
    /// Who may sell whose inventory.
    pub verdicts: Verdicts,
    /// Signs and checks our notices.
    pub keys: Keys,
    /// Whether any partner that is asked tells ids of users.
    pub syncs: bool,
    /// Which placement offers which deals.
    offers: Offers,
}

/// The key ring, which shows nothing of itself.
pub(crate) struct Keys(pub KeyRing);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl InForce {
    /// A placement that is sold, with its publisher.
    #[must_use]
    pub(crate) fn placement(&self, id: &str) -> Option<(&Placement, &Publisher)> {
        let placement = self
            .catalog
            .placements
            .iter()
            .find(|p| p.id.as_str() == id)?;
        let publisher = self.publisher(placement.publisher.as_str())?;
        Some((placement, publisher))
    }

    /// The deals that a placement offers at an instant, at most so many.
    #[must_use]
    pub(crate) fn deals(&self, placement: &PlacementId, at: UnixMillis, most: usize) -> Vec<&Deal> {
        self.offers.of(&self.catalog.deals, placement, at, most)
    }

    /// A partner by its id.
    #[must_use]
    pub(crate) fn partner(&self, id: &PartnerId) -> Option<&Partner> {
        self.partners.iter().find(|p| p.id == *id).map(|p| &**p)
    }

    /// A publisher by its id.
    #[must_use]
    pub(crate) fn publisher(&self, id: &str) -> Option<&Publisher> {
        self.catalog.publishers.iter().find(|p| p.id.as_str() == id)
    }
}

impl Exchange {
    /// An exchange without a catalog.
    ///
    /// # Errors
    /// A file that the configuration names cannot be used.
    pub(crate) fn new(config: Config, rtb: &Metrics, ssp: &Metrics) -> Result<Self, RunError> {
        let path = &config.geo_database;
        let places = if path.as_os_str().is_empty() {
            None
        } else {
            let places = Places::open(path)?;
            let (kind, made) = places.describe();
            tracing::info!(path = %path.display(), kind, made, "places of addresses are known");
            Some(places)
        };
        let syncs = Terms {
            qps: config.sync.per_second,
            ..Terms::default()
        };
        Ok(Self {
            syncs: Arc::new(Quota::new(syncs)),
            accounts: Accounts::new(&config),
            trusted_proxies: config.trusted_proxies()?,
            traffic: config.traffic.filter()?,
            places,
            metrics: RtbMetrics::new(rtb, ssp),
            stats: Stats::new(clock::now()),
            records: Records::new(config.record_bounds()),
            lookup: Semaphore::const_new(1),
            held: Holding::new(config.served.most.0),
            tallies: Tallies::default(),
            in_force: ArcSwapOption::empty(),
            started: Instant::now(),
            settings: Settings::of(&config),
            rtb_base: config.rtb_base(),
            config,
        })
    }

    /// The catalog in force; `None` before the first.
    #[must_use]
    pub(crate) fn in_force(&self) -> Option<Arc<InForce>> {
        self.in_force.load_full()
    }

    /// Puts a catalog in force. Partners that stay keep their state.
    pub(crate) fn adopt(&self, catalog: Catalog) {
        let former = self.in_force();
        let former = former.as_deref().map_or(&[][..], |former| &former.partners);
        let market = Market::new(
            &catalog,
            &self.config.domain,
            self.config.policy(),
            self.config.privacy.policy(),
        );
        let partners = Partners {
            former,
            config: &self.config,
            metrics: &self.metrics,
        };
        let partners = catalog
            .partners
            .iter()
            .map(|partner| partners.adopt(partner))
            .collect();
        self.metrics
            .catalog_version
            .set_i64(i64::try_from(catalog.version).unwrap_or(i64::MAX));
        self.accounts.adopt(&self.config, &catalog);
        self.in_force.store(Some(Arc::new(InForce {
            verdicts: Verdicts::new(&catalog.seller_verdicts),
            keys: Keys(SellClaims::ring(&catalog.notice_keys)),
            syncs: catalog
                .partners
                .iter()
                .any(|it| it.status.is_active() && it.sync_url.is_some()),
            offers: Offers::new(&catalog.deals),
            market,
            partners,
            catalog: Arc::new(catalog),
        })));
    }

    /// Whether places of addresses can be found.
    pub(crate) fn knows_places(&self) -> bool {
        self.places.is_some()
    }

    /// Where an address is.
    pub(crate) fn place_of(&self, address: IpAddr) -> Option<Place> {
        let found = self.places.as_ref()?.find(address)?;
        Some(Place {
            country: found.country.map(Into::into),
            region: found.region,
            city: found.city,
            metro: found.metro,
            zip: found.postal,
        })
    }

    /// Microseconds since the process started, for token buckets.
    #[must_use]
    pub(crate) fn micros(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// Where the control plane answers a path.
    #[must_use]
    pub(crate) fn control_plane(&self, path: &str) -> Option<Target> {
        let base = self.config.control_plane_url.trim_end_matches('/');
        Target::parse(&format!("{base}{path}")).ok()
    }
}

/// The instant `span` from now.
#[must_use]
pub(crate) fn within(span: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(span).unwrap_or(now)
}
