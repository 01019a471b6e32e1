//! Deciding again from a record.

use openrtb::{BidRequest, Limits, ReadError};

use super::{Answer, Funds, Outcome, Seen, TurnedAway};
use crate::decide::{Scratch, Terms, decide_with};
use crate::market::Market;
use crate::opportunity::Opportunity;
use crate::random::Random;
use crate::respond::{Accepted, Pages, Reply, placed, respond};
use crate::shading::shade;

/// A decision made again.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// What came of it this time.
    pub outcome: Outcome,
    /// What it asked for money this time, with the record's answers.
    pub funds: Vec<Answer>,
}

impl Replayed {
    /// Of a request that was turned away: there is nothing to decide, whatever the catalog.
    #[must_use]
    pub fn turned_away(why: &TurnedAway) -> Self {
        Self {
            outcome: Outcome::turned_away(why),
            funds: Vec::new(),
        }
    }
}

/// Why a record cannot be decided on again.
#[derive(Debug)]
pub enum Unreplayable {
    /// Its request cannot be read.
    Request(ReadError),
    /// The market is of another catalog version than the record's.
    OtherVersion {
        /// The record's.
        recorded: u64,
        /// The market's.
        given: u64,
    },
}

impl std::fmt::Display for Unreplayable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Request(error) => write!(f, "the recorded request cannot be read: {error}"),
            Self::OtherVersion { recorded, given } => write!(
                f,
                "the record was decided by catalog version {recorded}, and this is version {given}"
            ),
        }
    }
}

impl std::error::Error for Unreplayable {}

/// Decides and answers again, by the same functions, from what was seen.
///
/// # Errors
/// [`Unreplayable`]: the market is of another version, or the request not readable.
pub fn replay(seen: &Seen, market: &Market) -> Result<Replayed, Unreplayable> {
    if let Some(why) = &seen.turned_away {
        return Ok(Replayed::turned_away(why));
    }
    if seen.catalog != market.version {
        return Err(Unreplayable::OtherVersion {
            recorded: seen.catalog,
            given: market.version,
        });
    }
    let read = BidRequest::read(seen.request.as_bytes(), &Limits::MEASURED);
    let (request, _repairs) = read.map_err(Unreplayable::Request)?;
    let opportunity = match Opportunity::read(&request, &market.rates) {
        Ok(opportunity) => {
            let body = seen.request.as_bytes();
            let mut opportunity = opportunity.within(seen.around.of(Some(&seen.source.name), body));
            opportunity.reviewed_by = seen.source.reviewer();
            opportunity
        }
        Err(reason) => {
            return Ok(Replayed {
                outcome: Outcome::unread(reason),
                funds: Vec::new(),
            });
        }
    };
    let funds = Funds::copy(&seen.funds);
    let mut random = Random::new(seen.seed.0);
    let mut scratch = Scratch::default();
    let mut decision = decide_with(
        &opportunity,
        market,
        &seen.user.user(),
        Terms {
            at: seen.at,
            limits: seen.limits,
            funds: &funds,
        },
        &mut random,
        &mut scratch,
    );
    let mut shades = seen.shades.iter().copied();
    let source = &seen.source.name;
    shade(&mut decision, &opportunity, market, source, |_| {
        shades.next().flatten()
    });
    let places = seen.places.as_deref();
    let outcome = Outcome::of(market, &decision, &scratch.refusals, places);
    let mut outcome = outcome.lost_to_duplicate(seen.duplicate);
    if let Some(places) = places
        && !seen.late
        && outcome.no_bid.is_none()
    {
        let accepted: Vec<Accepted<'_>> = placed(&decision, places).collect();
        let reply = Reply {
            opportunity: &opportunity,
            market,
            source: &seen.source,
            auction: seen.auction,
            user: seen.user.key.as_deref(),
            dialect: seen.dialect,
        };
        let mut body = Vec::new();
        respond(&reply, &accepted, &mut Pages::default(), &mut body);
        outcome.response = String::from_utf8(body).ok();
    }
    drop(decision);
    Ok(Replayed {
        outcome,
        funds: funds.into_answers(),
    })
}
