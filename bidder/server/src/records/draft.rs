//! From a decision to its record, or from a refusal before any.

use bidder_core::decide::{Decision, Instant as At};
use bidder_core::eligibility::Ineligible;
use bidder_core::no_bid::NoBid;
use bidder_core::opportunity::{Identity, identity};
use bidder_core::record::{Funds, Outcome, Seed, Seen, SeenUser, TurnedAway, masked};
use bidder_core::respond::{Dialect, Reply, Source};
use bidder_core::surroundings::Around;
use openrtb::BidRequest;
use recording::NO_CATALOG;
use units::AuctionId;

use crate::bid::Basis;
use crate::leases;
use crate::shared::Shared;

/// One decision on its way to disk.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) seen: Seen,
    pub(crate) outcome: Outcome,
}

/// Why nothing was sent although there were bids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unsent {
    /// Another request bid on the same opportunity.
    pub(crate) duplicate: bool,
    /// The caller's time was up.
    pub(crate) late: bool,
}

/// Who asked, and as what.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) auction: AuctionId,
    pub(crate) source: &'a Source,
    pub(crate) dialect: Dialect,
    pub(crate) seed: u128,
}

/// Why no line item was looked at.
pub(crate) enum Refusal<'a> {
    /// For what the request itself says.
    Request(&'a BidRequest<'a>, &'a [u8], NoBid),
    /// For what no record can hold.
    TurnedAway(TurnedAway),
}

/// The body as it is kept: who may not be recognised is not recognisable in the record either.
fn kept(request: &BidRequest<'_>, identity: Identity, body: &[u8]) -> String {
    if identity == Identity::Allowed {
        String::from_utf8_lossy(body).into_owned()
    } else {
        masked(request, body).unwrap_or_default()
    }
}

impl Record {
    /// Of a decision that was just made, before its reservations are given away.
    pub(crate) fn of(
        reply: &Reply<'_>,
        body: &[u8],
        basis: &Basis<'_>,
        decision: &Decision<'_>,
        refusals: &[(usize, Ineligible)],
        places: &[Option<usize>],
        unsent: Unsent,
    ) -> Self {
        let request = kept(reply.opportunity.request, reply.opportunity.identity, body);
        let seen = Seen {
            auction: reply.auction,
            catalog: reply.market.version,
            at: basis.at,
            seed: Seed(basis.seed),
            source: reply.source.clone(),
            dialect: reply.dialect,
            public_url: reply.market.public_url.to_string(),
            user: basis.found.seen(),
            around: basis.around.clone(),
            limits: basis.limits,
            funds: Vec::new(),
            places: Some(places.to_vec()),
            shades: basis.shades.clone(),
            lists: basis.lists.clone(),
            turned_away: None,
            duplicate: unsent.duplicate,
            late: unsent.late,
            request,
        };
        let outcome = Outcome::of(reply.market, decision, refusals, Some(places))
            .lost_to_duplicate(unsent.duplicate);
        Self { seen, outcome }
    }

    /// Of a request that was refused before any line item was looked at.
    pub(crate) fn refused(shared: &Shared, asked: &Asked<'_>, refusal: Refusal<'_>) -> Self {
        let market = shared.market.load();
        let (request, turned_away, outcome) = match refusal {
            Refusal::Request(request, body, reason) => {
                let request = kept(request, identity(request), body);
                (request, None, Outcome::unread(reason))
            }
            Refusal::TurnedAway(why) => {
                let outcome = Outcome::turned_away(&why);
                (String::new(), Some(why), outcome)
            }
        };
        let seen = Seen {
            auction: asked.auction,
            catalog: market.as_ref().map_or(NO_CATALOG, |it| it.version),
            at: At {
                now: service::clock::now(),
                boot: leases::boot_now(),
            },
            seed: Seed(asked.seed),
            source: asked.source.clone(),
            dialect: asked.dialect,
            public_url: shared.base.clone(),
            user: SeenUser::default(),
            around: Around::default(),
            limits: shared.config.bids,
            funds: Vec::new(),
            places: None,
            duplicate: false,
            shades: Vec::new(),
            lists: Vec::new(),
            turned_away,
            late: false,
            request,
        };
        Self { seen, outcome }
    }

    /// With what the lease table was asked meanwhile, and what was sent.
    pub(crate) fn answered(mut self, funds: Funds, sent: &Result<Vec<u8>, NoBid>) -> Self {
        self.seen.funds = funds.into_answers();
        let body = sent.as_deref().ok();
        self.outcome.response = body.map(|it| String::from_utf8_lossy(it).into_owned());
        self
    }
}
