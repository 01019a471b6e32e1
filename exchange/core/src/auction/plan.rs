//! Whom to ask, with which body, in which time.

use contracts::catalog::{DemandPartner, OpenRtbVersion};
use units::{AuctionId, Currency};

use super::body::{self, Recipient};
use crate::intake::Intake;
use crate::market::Market;
use crate::privacy::{self, Mask, Reason};
use crate::routing::{self, NotAsked, View};

/// Who sells: a row of our sellers.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seller<'t> {
    /// Its id there; `sid` of our supply chain node.
    pub sid: &'t str,
    /// Whether it owns what it sells, so that a chain that begins here is complete (C-145).
    pub is_owner: bool,
}

/// What an auction is given from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms<'t> {
    /// Its id.
    pub auction: AuctionId,
    /// Milliseconds until DSPs must have answered: what is left of `tmax`, less our own part.
    pub remaining_ms: u32,
    /// Who sells.
    pub seller: Seller<'t>,
}

/// One partner that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Its index in the market.
    pub partner: usize,
    /// Index of its body; partners that see the same share one.
    pub body: usize,
    /// Milliseconds that it gets, as its `tmax` says.
    pub budget_ms: u32,
    /// The imps that it sees.
    pub views: Vec<View>,
}

/// An auction before its one wait.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Its id.
    pub auction: AuctionId,
    /// What the SSP asked.
    pub intake: &'a Intake<'a>,
    /// Currency of comparison and of our answer: the first of the request's that we can convert to.
    pub currency: Currency,
    /// Why the request was masked, if it was.
    pub privacy: Option<Reason>,
    /// Who is asked.
    pub asks: Vec<Ask>,
    /// Bodies, shared by index.
    pub bodies: Vec<Vec<u8>>,
    /// Who is not asked, and why, by index in the market.
    pub not_asked: Vec<(usize, NotAsked)>,
}

/// Plans an auction. `admit` is asked last for each partner that would be asked: its limit of requests a
/// second, and whether it is ejected, are state that the server holds.
#[must_use]
pub fn plan<'a>(
    intake: &'a Intake<'a>,
    market: &Market,
    terms: &Terms<'_>,
    mut admit: impl FnMut(usize, &DemandPartner) -> Result<(), NotAsked>,
) -> Plan<'a> {
    let request = &intake.request;
    let privacy = privacy::decide(request);
    let mask = privacy.map_or(Mask::NONE, Reason::mask);
    let mut plan = Plan {
        auction: terms.auction,
        intake,
        currency: answer_currency(&request.cur, market),
        privacy,
        asks: Vec::with_capacity(market.partners.len()),
        bodies: Vec::new(),
        not_asked: Vec::new(),
    };
    let mut sameness: Vec<Sameness<'_>> = Vec::new();
    for (index, partner) in market.partners.iter().enumerate() {
        let views = routing::views(request, partner)
            .and_then(|views| admit(index, partner).map(|()| views));
        let views = match views {
            Ok(views) => views,
            Err(reason) => {
                plan.not_asked.push((index, reason));
                continue;
            }
        };
        let budget_ms = partner
            .timeout_ms
            .map_or(terms.remaining_ms, |most| most.min(terms.remaining_ms));
        let sees = Sameness {
            budget_ms,
            buyeruid: body::own_buyeruid(request, partner, mask),
            version: partner.openrtb_version,
        };
        let known = plan.asks.iter().find_map(|ask| {
            let same = sameness.get(ask.body) == Some(&sees) && ask.views == views;
            same.then_some(ask.body)
        });
        let body = known.or_else(|| {
            let recipient = Recipient {
                views: &views,
                mask,
                budget_ms,
                buyeruid: sees.buyeruid.as_deref(),
                seller: terms.seller,
                domain: &market.domain,
                version: sees.version,
            };
            plan.bodies.push(body::write(intake, &recipient)?);
            sameness.push(sees);
            Some(plan.bodies.len() - 1)
        });
        let Some(body) = body else {
            plan.not_asked.push((index, NotAsked::Dialect));
            continue;
        };
        plan.asks.push(Ask {
            partner: index,
            body,
            budget_ms,
            views,
        });
    }
    plan
}

/// What makes two partners' bodies differ, beside the imps they see.
#[derive(Debug, PartialEq)]
struct Sameness<'a> {
    budget_ms: u32,
    buyeruid: Option<openrtb::Str<'a>>,
    version: OpenRtbVersion,
}

/// The first listed currency that has a rate; the first at all when none has; USD when none is listed.
fn answer_currency(listed: &[Currency], market: &Market) -> Currency {
    let known = |currency: &&Currency| market.rates.per_usd(**currency).is_some();
    listed
        .iter()
        .find(known)
        .or(listed.first())
        .copied()
        .unwrap_or(Currency::USD)
}
