//! What one request's imps share, and the rules applied to one line item.

use units::{CpmMicros, UnixMillis};

use super::search::Term;
use super::{Instant, Scratch};
use crate::choose::{Candidate, draw};
use crate::eligibility::schedule::WeekHour;
use crate::eligibility::{Ineligible, Situation, admissible, frequency, showable};
use crate::market::{Item, Market};
use crate::opportunity::{Identity, Imp, Opportunity};
use crate::pricing::{self, Factor, Priced};
use crate::record::Funds;
use crate::user::User;

/// What one request's imps share.
pub(crate) struct Context<'a, 'm> {
    pub(crate) opportunity: &'a Opportunity<'a>,
    pub(crate) market: &'m Market,
    pub(crate) user: &'m User<'m>,
    pub(crate) at: Instant,
    pub(crate) seed: u64,
    pub(crate) funds: &'m Funds,
}

impl<'a, 'm> Context<'a, 'm> {
    pub(crate) fn prepare(
        opportunity: &'a Opportunity<'a>,
        market: &'m Market,
        user: &'m User<'m>,
        at: Instant,
        seed: u64,
        funds: &'m Funds,
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
        let Scratch { terms, factors, .. } = scratch;
        terms.clear();
        let kinds = market.offers.kinds().iter();
        terms.extend(
            kinds.map(|kind| Term::new(kind, factors, opportunity.currency, &market.rates)),
        );
        Self {
            opportunity,
            market,
            user,
            at,
            seed,
            funds,
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
                self.funds.check(&item.account, max_cost, self.at.boot)?;
                Ok(Candidate {
                    item: number,
                    creative: *creative_number,
                    fit,
                    deal,
                    price,
                    max_cost,
                    capped: !item.caps.is_empty(),
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
}

fn year(now: UnixMillis) -> i16 {
    jiff::Timestamp::from_millisecond(now.0).map_or(1970, |instant| {
        jiff::tz::TimeZone::UTC.to_datetime(instant).year()
    })
}
