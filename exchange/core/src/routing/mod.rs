//! Whom to ask, and about which imps.

mod qps;

use contracts::catalog::{DemandPartner, OpenRtbVersion};
use openrtb::{BidRequest, Imp};

pub use qps::QpsBucket;

use crate::deals;
use crate::medium::Medium;

/// Why a partner was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotAsked {
    /// Switched off in the catalog.
    Inactive,
    /// None of its seats may buy here.
    Seats,
    /// No imp has a format or a deal for it.
    NothingForIt,
    /// Its dialect cannot say the request (C-171).
    Dialect,
    /// Over its limit of requests a second.
    OverQps,
    /// It failed too often lately.
    Ejected,
    /// Its endpoint cannot be called.
    Unreachable,
}

impl NotAsked {
    /// The name in records and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Seats => "seats",
            Self::NothingForIt => "nothing_for_it",
            Self::Dialect => "dialect",
            Self::OverQps => "over_qps",
            Self::Ejected => "ejected",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What one partner sees of one imp.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct View {
    /// Index of the imp in the request.
    pub imp: usize,
    /// Media objects that are cut out, because the partner does not take them.
    pub without: Vec<Medium>,
    /// Indices of deals that are cut out, because no seat of the partner may use them.
    pub without_deals: Vec<usize>,
}

/// What a partner sees of a request.
///
/// # Errors
/// [`NotAsked`] for a partner that has no part in it.
pub fn views(request: &BidRequest<'_>, partner: &DemandPartner) -> Result<Vec<View>, NotAsked> {
    if !partner.active {
        return Err(NotAsked::Inactive);
    }
    let seats = &partner.seats;
    if !seats.is_empty() && !seats.iter().any(|seat| request.admits_seat(Some(seat))) {
        return Err(NotAsked::Seats);
    }
    if partner.openrtb_version == OpenRtbVersion::V25 && request.dooh.is_some() {
        return Err(NotAsked::Dialect);
    }
    let views: Vec<View> = request
        .imp
        .iter()
        .enumerate()
        .filter_map(|(index, imp)| view(index, imp, partner))
        .collect();
    if views.is_empty() {
        return Err(NotAsked::NothingForIt);
    }
    Ok(views)
}

fn view(index: usize, imp: &Imp<'_>, partner: &DemandPartner) -> Option<View> {
    // A dynamic pod cannot be said in 2.5 (C-171).
    let dynamic = imp.video.as_deref().is_some_and(|v| v.poddur.is_some())
        || imp.audio.as_deref().is_some_and(|a| a.poddur.is_some());
    if dynamic && partner.openrtb_version == OpenRtbVersion::V25 {
        return None;
    }
    let offered = || {
        Medium::ALL
            .into_iter()
            .filter(|medium| medium.is_offered(imp))
    };
    let taken = |medium: &Medium| medium.is_taken(&partner.formats);
    if !offered().any(|medium| taken(&medium)) {
        return None;
    }
    let without_deals: Vec<usize> = imp
        .deals()
        .iter()
        .enumerate()
        .filter(|(_, deal)| !deals::may_see(deal, partner))
        .map(|(index, _)| index)
        .collect();
    let sees_a_deal = without_deals.len() < imp.deals().len();
    deals::leaves_open(imp, sees_a_deal).then(|| View {
        imp: index,
        without: offered().filter(|medium| !taken(medium)).collect(),
        without_deals,
    })
}
