//! The decision: match, check, price, rank, reserve. Pure but for the reservations.

mod context;
mod pod;
mod search;
mod shortlist;
mod taken;

pub(crate) use context::{Context, fits};
pub(crate) use pod::Pod;
use search::{Ranks, Term};
pub(crate) use taken::{Held, Taken};

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};
use units::{Currency, UnixMillis};

use crate::choose::{Choice, Limits, SHORT_LIST};
use crate::eligibility::Ineligible;
use crate::eligibility::schedule::WeekHour;
use crate::facts::Facts;
use crate::index::{Bits, MatchTally, Room};
use crate::lease::BootMillis;
use crate::market::Market;
use crate::no_bid::NoBid;
use crate::opportunity::{Imp, Opportunity};
use crate::pricing::{Factor, ModelVersion};
use crate::random::Random;
use crate::record::{Funds, SeenList};
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
    /// What the request decides of the factors, and what it and the imp do.
    request_factors: Vec<Factor>,
    factors: Vec<Factor>,
    /// The most that each factor can become on an imp.
    bounds: Vec<Factor>,
    hours: Vec<WeekHour>,
    terms: Vec<Term>,
    ranks: Ranks,
    taken: Taken,
    /// Line items that were refused for the whole request: its later imps do not look at them again.
    gone: Vec<u32>,
    /// How many line items may still be looked at on this imp.
    looks: usize,
    /// Line items that were looked at and refused, since it was last taken.
    pub refusals: Vec<(usize, Ineligible)>,
    /// How often each line item matched.
    pub matched: MatchTally,
    /// Whether line items that cannot reach a floor are counted in `under_floor`, and not told one by one: there may
    /// be thousands of them.
    pub counts_floors: bool,
    /// How often each line item could not reach a floor, where that is counted.
    pub under_floor: MatchTally,
}

impl Scratch {
    fn count_matched(&mut self, imp: &Imp<'_>) {
        if !imp.deals.is_empty() {
            self.matched.add(&self.room.by_deal);
        }
        if !imp.private_auction {
            self.matched.add(&self.room.open);
        }
    }

    pub(crate) const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What the last request's decision read of the shared lists.
    #[must_use]
    pub fn lists_seen(&self, market: &Market) -> Vec<SeenList> {
        SeenList::all(market.index.shared(), &self.facts)
    }

    pub(crate) fn factors(&self) -> &[Factor] {
        &self.factors
    }

    pub(crate) fn hours(&self) -> &[WeekHour] {
        &self.hours
    }

    /// Finds who takes one imp, after what they ask of the request was matched.
    pub(crate) fn match_imp(&mut self, context: &Context<'_, '_>, imp: &Imp<'_>) {
        context.opportunity.imp_facts(imp, &mut self.facts);
        context.factors_of_imp(self);
        let view = context.view(&self.facts, &self.hours);
        context.market.index.match_imp(imp, &view, &mut self.room);
    }

    /// The sets of the imp that was matched last: who takes it in the open auction, who through a deal.
    pub(crate) fn sets(&self) -> (Bits, Bits) {
        (self.room.open.clone(), self.room.by_deal.clone())
    }

    /// Those sets again, after a search took line items out of them.
    pub(crate) fn restore(&mut self, (open, by_deal): (Bits, Bits)) {
        (self.room.open, self.room.by_deal) = (open, by_deal);
    }

    /// Whether the index let a line item through to a deal of the imp that was matched last.
    pub(crate) fn is_on_deal(&self, number: usize) -> bool {
        self.room.by_deal.contains(number)
    }

    /// The request's choices so far.
    pub(crate) const fn taken(&self) -> &Taken {
        &self.taken
    }

    /// Goes on as if these were the request's choices so far; answers those that were.
    pub(crate) const fn swap_taken(&mut self, taken: Taken) -> Taken {
        std::mem::replace(&mut self.taken, taken)
    }

    /// Whether the index let a line item through for the imp that was matched last.
    pub(crate) fn is_matched(&self, number: usize) -> bool {
        self.room.open.contains(number) || self.room.by_deal.contains(number)
    }
}

/// What is bid, or why nothing is.
#[derive(Debug)]
pub struct Decision<'a> {
    /// Currency of all prices.
    pub currency: Currency,
    /// Per bid, its imp and its ranked choices; an imp may get several.
    pub imps: Vec<Chosen<'a>>,
    /// Why there is no bid, when `imps` is empty.
    pub no_bid: Option<NoBid>,
    /// Whose rates CPC and CPA offers were priced by.
    pub model: ModelVersion,
}

/// The choices for one bid, the best first, each with its reservation.
///
/// Behind the first uncapped choice there is none: it cannot be refused.
#[derive(Debug)]
pub struct Chosen<'a> {
    /// The imp.
    pub imp: &'a Imp<'a>,
    /// Its choices.
    pub ranked: ArrayVec<Choice<'a>, SHORT_LIST>,
}

/// Decides on a request.
pub fn decide<'a>(
    opportunity: &'a Opportunity<'a>,
    market: &Market,
    user: &User<'_>,
    at: Instant,
    random: &mut Random,
    scratch: &mut Scratch,
) -> Decision<'a> {
    let terms = Terms {
        at,
        limits: Limits::default(),
        funds: &Funds::LIVE,
    };
    decide_with(opportunity, market, user, terms, random, scratch)
}

/// What a decision is made by, beside the request, the catalog and the user.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'f> {
    /// When.
    pub at: Instant,
    /// How much the request may get.
    pub limits: Limits,
    /// Where the money is: the live lease table, the same and noted for a record, or a record's copy.
    pub funds: &'f Funds,
}

/// The same on other terms than the live ones.
pub fn decide_with<'a>(
    opportunity: &'a Opportunity<'a>,
    market: &Market,
    user: &User<'_>,
    terms: Terms<'_>,
    random: &mut Random,
    scratch: &mut Scratch,
) -> Decision<'a> {
    let seed = random.draw();
    let context = Context::prepare(opportunity, market, user, terms, seed, scratch);
    let mut progress = Progress::new(terms.limits);
    for (imp, left) in opportunity
        .imps
        .iter()
        .zip((1..=opportunity.imps.len()).rev())
    {
        scratch.match_imp(&context, imp);
        scratch.count_matched(imp);
        progress.go_on(&context, imp, left, random, scratch);
    }
    let Progress { imps, reasons, .. } = progress;
    let no_bid = imps.is_empty().then(|| reasons.no_bid());
    Decision {
        currency: opportunity.currency,
        imps,
        no_bid,
        model: market.model.version().clone(),
    }
}

/// A decision in work.
pub(crate) struct Progress<'a> {
    limits: Limits,
    /// How many line items may still be looked at.
    looks: usize,
    reasons: Reasons,
    imps: Vec<Chosen<'a>>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            looks: limits.looks,
            reasons: Reasons::default(),
            imps: Vec::new(),
        }
    }

    /// Makes the bids on the imp that was matched last; so many imps are `left`, it among them.
    pub(crate) fn go_on(
        &mut self,
        context: &Context<'a, '_>,
        imp: &'a Imp<'a>,
        left: usize,
        random: &mut Random,
        scratch: &mut Scratch,
    ) {
        // What earlier imps left over is there for the later ones.
        let share = self.looks.div_ceil(left.max(1));
        scratch.looks = share;
        let mut room = std::mem::take(&mut scratch.room);
        let Self {
            limits,
            reasons,
            imps,
            ..
        } = self;
        context.bids(imp, &mut room, limits, random, scratch, reasons, imps);
        scratch.room = room;
        self.looks -= share - scratch.looks;
    }
}

/// Which kinds of refusals were met.
#[derive(Debug, Default, Clone, Copy)]
struct Reasons {
    money: bool,
    caps: bool,
    unknown_users: bool,
    throttles: bool,
    quantities: bool,
    others: bool,
}

impl Reasons {
    fn note(&mut self, reason: Ineligible) {
        let throttled = reason == Ineligible::Throttled;
        let too_many = reason == Ineligible::QuantityTooLarge;
        self.money |= reason.is_money();
        self.caps |= reason == Ineligible::CapMet;
        self.unknown_users |= reason == Ineligible::CapUnknown;
        self.throttles |= throttled;
        self.quantities |= too_many;
        self.others |= !reason.is_money() && !reason.is_cap() && !throttled && !too_many;
    }

    /// The refusal that came nearest to a bid.
    const fn no_bid(self) -> NoBid {
        match self {
            Self { money: true, .. } => NoBid::NoBudget,
            Self { caps: true, .. } => NoBid::Capped,
            Self {
                unknown_users: true,
                ..
            } => NoBid::UnmatchedUser,
            Self {
                throttles: true, ..
            } => NoBid::Throttled,
            Self {
                quantities: true, ..
            } => NoBid::QuantityTooLarge,
            Self { others: true, .. } => NoBid::NothingEligible,
            Self { .. } => NoBid::NothingMatches,
        }
    }
}
