//! The decision: match, check, price, rank, reserve. Pure but for the reservations.

use units::{BidId, CpmMicros, Currency, UnixMillis};

use crate::choose::{Candidate, Choice, ShortList, draw};
use crate::eligibility::schedule::WeekHour;
use crate::eligibility::{Ineligible, Situation, admissible, frequency, showable};
use crate::facts::Facts;
use crate::index::{Bits, MatchTally, Room};
use crate::lease::BootMillis;
use crate::market::{Item, Market};
use crate::no_bid::NoBid;
use crate::opportunity::{Identity, Imp, Opportunity, highest_floor};
use crate::pricing::{self, Factor, Priced};
use crate::random::Random;
use crate::user::User;

/// The instant of a decision, on both clocks.
#[derive(Debug, Clone, Copy)]
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
    hours: Vec<WeekHour>,
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

/// Of line items with equal prices so many are looked at.
const ENOUGH_TIED: usize = 32;

/// What is bid, or why nothing is.
#[derive(Debug)]
pub struct Decision<'a> {
    /// Currency of all prices.
    pub currency: Currency,
    /// Per imp with a bid, its ranked choices.
    pub imps: Vec<Chosen<'a>>,
    /// Why there is no bid, when `imps` is empty.
    pub no_bid: Option<NoBid>,
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

/// Decides on a request.
pub fn decide<'a>(
    opportunity: &'a Opportunity<'a>,
    market: &Market,
    user: &User<'_>,
    at: Instant,
    random: &mut Random,
    scratch: &mut Scratch,
) -> Decision<'a> {
    let context = Context::prepare(opportunity, market, user, at, random.draw(), scratch);
    let mut imps = Vec::with_capacity(opportunity.imps.len());
    let mut reasons = Reasons::default();
    for imp in &opportunity.imps {
        Opportunity::imp_facts(imp, &mut scratch.facts);
        market
            .index
            .match_imp(imp, &scratch.facts, &mut scratch.room);
        let list = context.shortlist(imp, scratch, &mut reasons);
        let ranked = context.reserve(&list, random, scratch, &mut reasons);
        if !ranked.is_empty() {
            imps.push(Chosen { imp, ranked });
        }
    }
    let no_bid = imps.is_empty().then(|| reasons.no_bid());
    Decision {
        currency: opportunity.currency,
        imps,
        no_bid,
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

/// What one request's imps share.
pub(crate) struct Context<'a, 'm> {
    pub(crate) opportunity: &'a Opportunity<'a>,
    pub(crate) market: &'m Market,
    pub(crate) user: &'m User<'m>,
    pub(crate) at: Instant,
    pub(crate) seed: u64,
    /// The dearest price rule's factor in USD terms, to stop looking early.
    most: Option<Factor>,
}

impl<'a, 'm> Context<'a, 'm> {
    pub(crate) fn prepare(
        opportunity: &'a Opportunity<'a>,
        market: &'m Market,
        user: &'m User<'m>,
        at: Instant,
        seed: u64,
        scratch: &mut Scratch,
    ) -> Self {
        scratch.refusals.clear();
        let local = market.zones.iter().map(|zone| WeekHour::at(at.now, zone));
        scratch.hours.clear();
        scratch.hours.extend(local);
        let profile = user
            .profile
            .filter(|_| opportunity.identity == Identity::Allowed);
        let priced = Priced {
            device_type: opportunity.device_type,
            interests: profile.map_or(0, |it| it.interests.len()),
            segments: profile.map_or(0, |it| it.segments.len()),
        };
        scratch.factors.clear();
        let factors = market
            .modifier_sets
            .iter()
            .map(|set| pricing::factor(set, priced));
        scratch.factors.extend(factors);
        opportunity.facts(user, year(at.now), &mut scratch.facts);
        market
            .index
            .match_request(&scratch.facts, &mut scratch.room);
        let thousand = CpmMicros::new(1_000_000_000).unwrap_or_default();
        let most = scratch
            .factors
            .iter()
            .copied()
            .max_by_key(|it| it.of(thousand));
        Self {
            opportunity,
            market,
            user,
            at,
            seed,
            most,
        }
    }

    /// Looks at the matching line items, those with a deal first, the dearest offers first.
    fn shortlist(
        &self,
        imp: &'a Imp<'a>,
        scratch: &mut Scratch,
        reasons: &mut Reasons,
    ) -> ShortList<'a> {
        let mut list = ShortList::default();
        let Scratch {
            room,
            refusals,
            matched,
            factors,
            hours,
            ..
        } = scratch;
        matched.add(&room.by_deal);
        matched.add(&room.open);
        let mut look = |number: usize, list: &mut ShortList<'a>| {
            let candidate = self.candidate(number, imp, factors, hours);
            match candidate {
                Ok(candidate) => list.insert(candidate),
                Err(reason) => {
                    reasons.note(reason);
                    refusals.push((number, reason));
                }
            }
            candidate.is_ok()
        };
        for number in room.by_deal.iter() {
            look(number, &mut list);
        }
        let raised = self.raised_floor(imp);
        let tied = self.first_tied(raised);
        for number in room.open.range(0, tied) {
            let enough = list.to_enter();
            if enough.is_some_and(|price| self.cannot_reach(number, price, raised)) {
                return list;
            }
            look(number, &mut list);
        }
        self.look_at_tied(tied, raised, &room.open, &mut list, &mut look);
        list
    }

    /// The first line item whose offer is at most what the floor raises everybody to: from there on all
    /// prices are equal.
    fn first_tied(&self, raised: Option<CpmMicros>) -> usize {
        let (Some(raised), Some(most)) = (raised, self.most) else {
            return self.market.items.len();
        };
        self.market.items.partition_point(|item| {
            CpmMicros::new(item.base_usd_micros).is_none_or(|base| most.of(base) > raised)
        })
    }

    /// Among equals a few are enough, but not always the same few: they are looked at from a place that
    /// the seed draws.
    fn look_at_tied(
        &self,
        tied: usize,
        raised: Option<CpmMicros>,
        open: &Bits,
        list: &mut ShortList<'a>,
        look: &mut impl FnMut(usize, &mut ShortList<'a>) -> bool,
    ) {
        let rest = self.market.items.len().saturating_sub(tied);
        let place = self.seed.checked_rem(rest as u64).unwrap_or(0);
        let start = tied + usize::try_from(place).unwrap_or(0);
        let mut found = 0;
        for number in open.range(start, usize::MAX).chain(open.range(tied, start)) {
            let enough = list.to_enter();
            if enough.is_some_and(|price| self.cannot_reach(number, price, raised)) {
                return;
            }
            found += usize::from(look(number, list));
            if found == ENOUGH_TIED {
                return;
            }
        }
    }

    /// Runs all rules on one line item.
    pub(crate) fn candidate(
        &self,
        number: usize,
        imp: &'a Imp<'a>,
        factors: &[Factor],
        hours: &[WeekHour],
    ) -> Result<Candidate<'a>, Ineligible> {
        let item = self.market.items.get(number).ok_or(Ineligible::Unsigned)?;
        let situation = self.situation(item, imp, hours);
        if self.market.ring.0.is_empty() {
            return Err(Ineligible::Unsigned);
        }
        let deal = admissible(item, &situation)?;
        let draw = draw(self.seed, number);
        let mut reason = Ineligible::FormatNotOffered;
        let count = item.creatives.len();
        // Creatives take turns: the draw says which one is tried first.
        let first = usize::try_from(draw % (count as u64).max(1)).unwrap_or(0);
        let turns = item.creatives.iter().cycle().skip(first).take(count);
        for creative_number in turns {
            let Some(creative) = self.market.creative(*creative_number) else {
                continue;
            };
            let priced = showable(item, creative, deal, &situation).and_then(|fit| {
                let zone = self.market.zones.get(item.zone);
                if let Some(zone) = zone {
                    frequency::check(item, creative, self.user, self.at.now, zone)?;
                }
                let factor = factors.get(item.modifiers).ok_or(Ineligible::PriceZero)?;
                let (price, max_cost) = self.price(item, imp, deal, &fit, *factor)?;
                item.account.check(max_cost, self.at.boot)?;
                Ok(Candidate {
                    item: number,
                    creative: *creative_number,
                    fit,
                    deal,
                    price,
                    max_cost,
                    draw,
                })
            });
            match priced {
                Ok(candidate) => return Ok(candidate),
                Err(why) => reason = why,
            }
        }
        Err(reason)
    }

    pub(crate) fn situation(
        &self,
        item: &Item,
        imp: &'a Imp<'a>,
        hours: &[WeekHour],
    ) -> Situation<'a> {
        Situation {
            opportunity: self.opportunity,
            imp,
            now: self.at.now,
            hour: hours.get(item.zone).copied().unwrap_or_default(),
            trackers_are_secure: self.market.trackers_are_secure,
        }
    }

    /// The bid in the response's currency, and its maximum cost in the campaign's.
    pub(crate) fn price(
        &self,
        item: &Item,
        imp: &Imp<'_>,
        deal: Option<&openrtb::Deal<'_>>,
        fit: &crate::eligibility::Fit,
        factor: Factor,
    ) -> Result<(CpmMicros, units::Nanos), Ineligible> {
        let rates = &self.market.rates;
        let floor = fit.floor(imp, deal);
        let own_floor = rates
            .convert_price(floor.price, floor.currency, item.currency)
            .ok_or(Ineligible::FloorCurrency)?;
        let agreed = deal.is_some_and(|it| it.at.is_some_and(|at| at.0 == 3));
        let own = if agreed {
            // C-113: at 3 the price is the deal's floor; our maximum still holds.
            (own_floor <= item.price.max_cpm)
                .then_some(own_floor)
                .ok_or(Ineligible::UnderFloor)?
        } else {
            pricing::price(&item.price, factor, own_floor).map_err(|_| Ineligible::UnderFloor)?
        };
        let currency = self.opportunity.currency;
        let mut price = rates
            .convert_price(own, item.currency, currency)
            .ok_or(Ineligible::FloorCurrency)?;
        // Rounding in the conversion must not push a bid at the floor below it.
        let told_floor = rates.convert_price(floor.price, floor.currency, currency);
        price = price.max(told_floor.ok_or(Ineligible::FloorCurrency)?);
        if price == CpmMicros::ZERO {
            return Err(Ineligible::PriceZero);
        }
        let rate = |currency| rates.per_usd(currency).ok_or(Ineligible::FloorCurrency);
        let cost =
            pricing::maximum_cost(price, rate(currency)?, rate(item.currency)?, imp.quantity);
        Ok((price, cost.ok_or(Ineligible::FloorCurrency)?))
    }

    /// The most that any line item is raised to on this imp, in USD; `None` when it cannot be told.
    fn raised_floor(&self, imp: &Imp<'_>) -> Option<CpmMicros> {
        let highest = highest_floor(imp)?;
        let rates = &self.market.rates;
        let floor = rates.convert_price(highest, imp.floor_currency, Currency::USD)?;
        Some(floor.times(self.market.most_raise))
    }

    /// Whether this line item and all behind it, whose offers are lower, stay under a price.
    fn cannot_reach(&self, number: usize, price: CpmMicros, raised: Option<CpmMicros>) -> bool {
        let (Some(item), Some(most), Some(raised)) =
            (self.market.items.get(number), self.most, raised)
        else {
            return false;
        };
        let Some(base) = CpmMicros::new(item.base_usd_micros) else {
            return false;
        };
        let rates = &self.market.rates;
        let usd = rates.convert_price(price, self.opportunity.currency, Currency::USD);
        // Two millionths for the roundings of the conversions.
        usd.is_some_and(|usd| most.of(base).max(raised).micros() + 2 < usd.micros())
    }

    /// Reserves down the list until a choice is held that caps cannot refuse.
    fn reserve(
        &self,
        list: &ShortList<'a>,
        random: &mut Random,
        scratch: &mut Scratch,
        reasons: &mut Reasons,
    ) -> Vec<Choice<'a>> {
        let mut ranked = Vec::new();
        for candidate in list.iter() {
            let Some(item) = self.market.items.get(candidate.item) else {
                continue;
            };
            match item.account.reserve(candidate.max_cost, self.at.boot) {
                Ok(reservation) => ranked.push(Choice {
                    candidate: *candidate,
                    bid: BidId::new(self.at.now, random.ten_bytes()),
                    reservation,
                }),
                Err(why) => {
                    reasons.note(why.into());
                    scratch.refusals.push((candidate.item, why.into()));
                    continue;
                }
            }
            if item.caps.is_empty() {
                break;
            }
        }
        ranked
    }
}

fn year(now: UnixMillis) -> i16 {
    jiff::Timestamp::from_millisecond(now.0).map_or(1970, |instant| {
        jiff::tz::TimeZone::UTC.to_datetime(instant).year()
    })
}
