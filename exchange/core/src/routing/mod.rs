//! Whom to ask, and about which imps (X-110, X-112).

mod network;
mod partners;
mod pretargeting;
mod qps;
mod sampling;
mod throttle;

use contracts::catalog::{DemandPartner, OpenRtbVersion};
use openrtb::{BidRequest, Imp};
use units::Multiplier;

pub use network::NetworkTime;
pub use pretargeting::Pretargets;
pub use qps::QpsBucket;
pub use sampling::{Cell, Past, asks};
pub use throttle::Throttle;

use self::partners::PartnerSet;
use crate::deals;
use crate::floors::Unpriced;
use crate::medium::Medium;
use crate::payout;

/// Why a partner was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotAsked {
    /// Switched off in the catalog.
    Inactive,
    /// None of its seats may buy here.
    Seats,
    /// Its pretargeting wants none of the place, the device or the publisher.
    Pretargeting,
    /// It wants only users that it knows, and has no id of this one.
    UnknownUser,
    /// No imp has a format, a size or a deal for it.
    NothingForIt,
    /// Its dialect cannot say the request (C-171).
    Dialect,
    /// A display of each imp counts for several impressions, or for less than one, and its dialect has no word for
    /// it (C-171): it would be billed for what it is not told.
    Quantity,
    /// No rate is known of the currencies that the floors are in, so that no bid could be held against them (X-73).
    FloorCurrency,
    /// Requests like this one brought too little from it so far.
    Sampled,
    /// Too many of its answers were late or invalid lately (R29).
    Throttled,
    /// Over its limit of requests a second.
    OverQps,
    /// It failed too often lately.
    Ejected,
    /// Its endpoint cannot be called.
    Unreachable,
}

impl NotAsked {
    /// All reasons.
    pub const ALL: [Self; 13] = [
        Self::Inactive,
        Self::Seats,
        Self::Pretargeting,
        Self::UnknownUser,
        Self::NothingForIt,
        Self::Dialect,
        Self::Quantity,
        Self::FloorCurrency,
        Self::Sampled,
        Self::Throttled,
        Self::OverQps,
        Self::Ejected,
        Self::Unreachable,
    ];

    /// The name in records and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Seats => "seats",
            Self::Pretargeting => "pretargeting",
            Self::UnknownUser => "unknown_user",
            Self::NothingForIt => "nothing_for_it",
            Self::Dialect => "dialect",
            Self::Quantity => "quantity",
            Self::FloorCurrency => "floor_currency",
            Self::Sampled => "sampled",
            Self::Throttled => "throttled",
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
    /// Indices of deals that are cut out, because no seat of the partner may use them or it wants others.
    pub without_deals: Vec<usize>,
}

impl View {
    /// Whether a deal of the imp, by its index, is left.
    #[must_use]
    pub fn sees_deal(&self, index: usize) -> bool {
        // They are cut out in their order.
        self.without_deals.binary_search(&index).is_err()
    }
}

/// Who wants to see what of one request.
#[derive(Debug)]
pub struct Selection<'s> {
    request: &'s BidRequest<'s>,
    pretargets: &'s Pretargets,
    unpriced: Unpriced,
    wanting: PartnerSet,
    /// By imp: who takes its banner, where its size decides.
    banners: Vec<Option<PartnerSet>>,
}

impl<'s> Selection<'s> {
    /// Matches a request against the pretargeting of all partners; `sid` is the seller in our sellers.json, and what
    /// is `unpriced` is left out for all.
    #[must_use]
    pub fn of(
        request: &'s BidRequest<'s>,
        pretargets: &'s Pretargets,
        sid: &str,
        unpriced: Unpriced,
    ) -> Self {
        Self {
            request,
            pretargets,
            unpriced,
            wanting: pretargets.of_request(request, sid),
            banners: request
                .imp
                .iter()
                .map(|imp| pretargets.of_banner(imp))
                .collect(),
        }
    }

    /// What the partner at `index` of the market sees; `knows_user` is whether it has an id of the user.
    ///
    /// # Errors
    /// [`NotAsked`] for a partner that has no part in it.
    pub fn views(
        &self,
        index: usize,
        partner: &DemandPartner,
        knows_user: bool,
    ) -> Result<Vec<View>, NotAsked> {
        if !partner.status.is_active() {
            return Err(NotAsked::Inactive);
        }
        let seats = &partner.seats;
        let may_buy = |seat: &String| self.request.admits_seat(Some(seat));
        if !seats.is_empty() && !seats.iter().any(may_buy) {
            return Err(NotAsked::Seats);
        }
        if partner.openrtb_version == OpenRtbVersion::V25 && self.request.dooh.is_some() {
            return Err(NotAsked::Dialect);
        }
        if !self.wanting.contains(index) {
            return Err(NotAsked::Pretargeting);
        }
        if partner.pretargeting.known_users_only && !knows_user {
            return Err(NotAsked::UnknownUser);
        }
        let imps = &self.request.imp;
        let is_told = |imp: &Imp<'_>| says_quantity(imp, partner);
        if !imps.iter().any(is_told) {
            return Err(NotAsked::Quantity);
        }
        if (0..imps.len()).all(|imp| self.unpriced.has_imp(imp)) {
            return Err(NotAsked::FloorCurrency);
        }
        let views: Vec<View> = (0..imps.len())
            .filter_map(|imp| self.view(imp, index, partner))
            .collect();
        if views.is_empty() {
            return Err(NotAsked::NothingForIt);
        }
        Ok(views)
    }

    fn view(&self, at: usize, index: usize, partner: &DemandPartner) -> Option<View> {
        let imp = self.request.imp.get(at)?;
        if is_dynamic_pod(imp) && partner.openrtb_version == OpenRtbVersion::V25 {
            return None;
        }
        if !says_quantity(imp, partner) || self.unpriced.has_imp(at) {
            return None;
        }
        let offered = || {
            Medium::ALL
                .into_iter()
                .filter(|medium| medium.is_offered(imp))
        };
        let banner = self.banners.get(at).and_then(Option::as_ref);
        let taken = |medium: &Medium| {
            self.pretargets.takes(index, *medium)
                && (*medium != Medium::Banner || banner.is_none_or(|set| set.contains(index)))
        };
        if !offered().any(|medium| taken(&medium)) {
            return None;
        }
        let without_deals: Vec<usize> = imp
            .deals()
            .iter()
            .enumerate()
            .filter(|(number, deal)| {
                !deals::may_see(deal, partner)
                    || !self.pretargets.wants_deal(index, deal.id())
                    || self.unpriced.has_deal(at, *number)
            })
            .map(|(number, _)| number)
            .collect();
        let sees_a_deal = without_deals.len() < imp.deals().len();
        let wanted = sees_a_deal || self.pretargets.wants_any_deal(index);
        (wanted && deals::leaves_open(imp, sees_a_deal)).then(|| View {
            imp: at,
            without: offered().filter(|medium| !taken(medium)).collect(),
            without_deals,
        })
    }
}

/// Whether a partner's dialect can say what a display of the imp counts for: 2.5 has one impression (C-171).
fn says_quantity(imp: &Imp<'_>, partner: &DemandPartner) -> bool {
    partner.openrtb_version != OpenRtbVersion::V25 || payout::quantity(Some(imp)) == Multiplier::ONE
}

/// Such a pod cannot be said in 2.5 (C-171).
fn is_dynamic_pod(imp: &Imp<'_>) -> bool {
    imp.video.as_deref().is_some_and(|v| v.poddur.is_some())
        || imp.audio.as_deref().is_some_and(|a| a.poddur.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Limits;

    #[test]
    fn a_partner_is_asked_about_what_it_is_billed_by() {
        let body = |first: &str, second: &str| {
            format!(
                r#"{{"id":"r","imp":[{{"id":"1",{first}"banner":{{"w":1,"h":1}}}},{{"id":"2",{second}"banner":{{"w":1,"h":1}}}}]}}"#
            )
        };
        let (several, part, one) = (
            r#""qty":{"multiplier":14.2},"#,
            r#""qty":{"multiplier":0.5},"#,
            r#""qty":{"multiplier":1},"#,
        );
        #[rustfmt::skip]
        let cases = [
            ("C-171 one impression each", OpenRtbVersion::V25, body("", one), Ok(vec![0, 1])),
            ("C-171 several", OpenRtbVersion::V25, body(several, ""), Ok(vec![1])),
            ("C-171 less than one", OpenRtbVersion::V25, body("", part), Ok(vec![0])),
            ("C-171 nothing else", OpenRtbVersion::V25, body(several, part), Err(NotAsked::Quantity)),
            ("2.6 has the word", OpenRtbVersion::V26, body(several, part), Ok(vec![0, 1])),
        ];
        for (item, version, body, expect) in cases {
            let partner: DemandPartner = serde_json::from_str(
                r#"{"id":"p","name":"p","endpoint":"http://127.0.0.1:9/bid","active":true}"#,
            )
            .unwrap();
            let partner = DemandPartner {
                openrtb_version: version,
                ..partner
            };
            let pretargets = Pretargets::compile(std::slice::from_ref(&partner));
            let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
            let selection = Selection::of(&request, &pretargets, "s", Unpriced::default());
            let views = selection.views(0, &partner, false);
            let imps = views.map(|views| views.iter().map(|view| view.imp).collect::<Vec<_>>());
            assert_eq!(imps, expect, "{item}");
        }
    }
}
