//! What all workers of the process share.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwapOption;
use bidder_core::lease::LeaseTable;
use bidder_core::market::Market;
use contracts::lease::Tally;
use lookup::PlacesError;
use service::Ops;
use units::{BidderId, BootId, CampaignId, UnixMillis};
use userstate::Peers;

use crate::catalog_state::CatalogState;
use crate::config::Config;
use crate::duplicates::Opportunities;
use crate::lists::Lists;
use crate::metrics::Metrics;
use crate::records::{Notes, Records};
use crate::shading::Shading;
use crate::sources::Sources;
use crate::surroundings::Finder;

/// One bidder process.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) name: BidderId,
    pub(crate) base: String,
    /// Swapped whole when a catalog arrives; absent before the first one.
    pub(crate) market: ArcSwapOption<Market>,
    pub(crate) catalog: CatalogState,
    pub(crate) lists: Lists,
    pub(crate) leases: LeaseTable,
    /// What was bid on a moment ago.
    pub(crate) opportunities: Opportunities,
    /// Something new is wanted before the next batch of leases is due.
    pub(crate) ask_now: tokio::sync::Notify,
    pub(crate) metrics: Metrics,
    /// Counts per campaign that the control plane was not told of yet.
    pub(crate) tallies: Mutex<HashMap<CampaignId, Tally>>,
    pub(crate) sources: Sources,
    pub(crate) finder: Finder,
    pub(crate) ops: Ops,
    /// What all connections to the user state know together.
    pub(crate) peers: Arc<Peers>,
    pub(crate) records: Records,
    pub(crate) shading: Shading,
    /// Explanations that are being worked on.
    pub(crate) explaining: AtomicUsize,
    pub(crate) since: UnixMillis,
}

impl Shared {
    /// With what the thread that writes records is to be given.
    ///
    /// # Errors
    /// The database of places cannot be used.
    pub(crate) fn new(config: Config, ops: &Ops) -> Result<(Self, Notes), PlacesError> {
        let now = service::clock::now();
        let boot = BootId::new(now, service::clock::random_bytes());
        let name = if config.name.is_empty() {
            format!("bidder-{boot}")
        } else {
            config.name.clone()
        };
        if config.sources.is_empty() {
            tracing::warn!(
                "no demand sources are configured: anybody who reaches the listener may send bid requests"
            );
        }
        let metrics = Metrics::register(&ops.metrics);
        let (records, notes) = Records::new(&config.records, metrics.records.clone());
        let shared = Self {
            name: name.into(),
            base: config.base(),
            market: ArcSwapOption::empty(),
            catalog: CatalogState::new(),
            lists: Lists::new(),
            leases: LeaseTable::new(boot),
            opportunities: Opportunities::new(
                &config.duplicates,
                u64::from_le_bytes(service::clock::random_bytes()),
            ),
            ask_now: tokio::sync::Notify::new(),
            metrics,
            records,
            shading: Shading::new(&config.shading),
            explaining: AtomicUsize::new(0),
            tallies: Mutex::default(),
            sources: Sources::new(&config),
            finder: Finder::new(&config)?,
            ops: ops.clone(),
            peers: Arc::new(Peers::new(&config.user_state())),
            since: now,
            config,
        };
        Ok((shared, notes))
    }
}
