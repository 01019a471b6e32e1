//! The decision: match, check, price, rank, reserve. Pure but for the reservations.

mod context;
mod search;
mod shortlist;

pub(crate) use context::Context;
use search::{Ranks, Term};

use serde::{Deserialize, Serialize};
use units::{Currency, UnixMillis};

use crate::choose::Choice;
use crate::eligibility::Ineligible;
use crate::eligibility::schedule::WeekHour;
use crate::facts::Facts;
use crate::index::{MatchTally, Room};
use crate::lease::BootMillis;
use crate::market::Market;
use crate::no_bid::NoBid;
use crate::opportunity::{Imp, Opportunity};
use crate::pricing::{Factor, ModelVersion};
use crate::random::Random;
use crate::record::Funds;
use crate::user::User;

/// The instant of a decision, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instant {
    /// Civil time, for flights, day parts and ids.
    pub now: UnixMillis,
    /// CLOCK_BOOTTIME, for leases.
    pub boot: BootMillis,
}

/// Memory that is kept from decision to decision.
#[derive(Debug, Default)]
pub struct Scratch {
    facts: Facts,
    room: Room,
    factors: Vec<Factor>,
    /// The most that each factor can become on an imp.
    bounds: Vec<Factor>,
    hours: Vec<WeekHour>,
    terms: Vec<Term>,
    ranks: Ranks,
    /// Line items that were looked at and refused, since it was last taken.
    pub refusals: Vec<(usize, Ineligible)>,
    /// How often each line item matched.
    pub matched: MatchTally,
}

impl Scratch {
    pub(crate) const fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) const fn facts_mut(&mut self) -> &mut Facts {
        &mut self.facts
    }

    pub(crate) fn factors(&self) -> &[Factor] {
        &self.factors
    }

    pub(crate) fn hours(&self) -> &[WeekHour] {
        &self.hours
    }
}

/// What is bid, or why nothing is.
#[derive(Debug)]
pub struct Decision<'a> {
    /// Currency of all prices.
    pub currency: Currency,
    /// Per imp with a bid, its ranked choices.
    pub imps: Vec<Chosen<'a>>,
    /// Why there is no bid, when `imps` is empty.
    pub no_bid: Option<NoBid>,
    /// Whose rates CPC and CPA offers were priced by.
    pub model: ModelVersion,
}

/// The choices of one imp, the best first, each with its reservation.
///
/// Behind the first uncapped choice there is none: it cannot be refused.
#[derive(Debug)]
pub struct Chosen<'a> {
    /// The imp.
    pub imp: &'a Imp<'a>,
    /// Its choices.
    pub ranked: Vec<Choice<'a>>,
}

/// How often an imp is searched when others take the money between the look and the reservation.
const TRIES: usize = 3;

/// Decides on a request.
pub fn decide<'a>(
    opportunity: &'a Opportunity<'a>,
    market: &Market,
    user: &User<'_>,
    at: Instant,
    random: &mut Random,
    scratch: &mut Scratch,
) -> Decision<'a> {
    decide_with(opportunity, market, user, at, &Funds::LIVE, random, scratch)
}

/// The same with money from elsewhere than the live lease table: noted for a record, or a record's copy.
pub fn decide_with<'a>(
    opportunity: &'a Opportunity<'a>,
    market: &Market,
    user: &User<'_>,
    at: Instant,
    funds: &Funds,
    random: &mut Random,
    scratch: &mut Scratch,
) -> Decision<'a> {
    let seed = random.draw();
    let context = Context::prepare(opportunity, market, user, at, seed, funds, scratch);
    let mut imps = Vec::with_capacity(opportunity.imps.len());
    let mut reasons = Reasons::default();
    for imp in &opportunity.imps {
        opportunity.imp_facts(imp, &mut scratch.facts);
        let view = context.view(&scratch.facts, &scratch.hours);
        market.index.match_imp(imp, &view, &mut scratch.room);
        for _ in 0..TRIES {
            let list = context.shortlist(imp, scratch, &mut reasons);
            let ranked = context.reserve(&list, random, scratch, &mut reasons);
            if !ranked.is_empty() {
                imps.push(Chosen { imp, ranked });
                break;
            }
            if list.is_empty() {
                break;
            }
        }
    }
    let no_bid = imps.is_empty().then(|| reasons.no_bid());
    Decision {
        currency: opportunity.currency,
        imps,
        no_bid,
        model: market.model.version().clone(),
    }
}

/// Which kinds of refusals were met.
#[derive(Debug, Default, Clone, Copy)]
struct Reasons {
    money: bool,
    caps: bool,
    others: bool,
}

impl Reasons {
    fn note(&mut self, reason: Ineligible) {
        self.money |= reason.is_money();
        self.caps |= reason.is_cap();
        self.others |= !reason.is_money() && !reason.is_cap();
    }

    /// The refusal that came nearest to a bid.
    const fn no_bid(self) -> NoBid {
        match (self.money, self.caps, self.others) {
            (true, _, _) => NoBid::NoBudget,
            (false, true, _) => NoBid::Capped,
            (false, false, true) => NoBid::NothingEligible,
            (false, false, false) => NoBid::NothingMatches,
        }
    }
}
