//! From a decision to its record.

use bidder_core::decide::Decision;
use bidder_core::eligibility::Ineligible;
use bidder_core::no_bid::NoBid;
use bidder_core::opportunity::Identity;
use bidder_core::record::{Funds, Outcome, Seed, Seen, masked};
use bidder_core::respond::Reply;

use crate::bid::Basis;

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
        // Who may not be recognised is not recognisable in the record either.
        let request = if reply.opportunity.identity == Identity::Allowed {
            String::from_utf8_lossy(body).into_owned()
        } else {
            masked(reply.opportunity.request, body).unwrap_or_default()
        };
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
            duplicate: unsent.duplicate,
            late: unsent.late,
            request,
        };
        let outcome = Outcome::of(reply.market, decision, refusals, Some(places))
            .lost_to_duplicate(unsent.duplicate);
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
