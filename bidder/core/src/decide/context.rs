//! What one request's imps share, and the rules applied to one line item.

use contracts::catalog::{FrequencyCap, RotateBy};
use openrtb::Raw;
use units::Probability;

use super::pod::Pod;
use super::search::Term;
use super::{Instant, Scratch};
use crate::choose::{Candidate, Limits, draw};
use crate::creative::Creative;
use crate::eligibility::schedule::WeekHour;
use crate::eligibility::{First, Fit, Ineligible, Situation, admissible, frequency, showable};
use crate::facts::Facts;
use crate::lease::Unfunded;
use crate::market::{Item, Market};
use crate::opportunity::{Identity, Imp, Opportunity};
use crate::pricing::{self, Ask, Chance, Factor, Priced, Quote, Shown, Terms};
use crate::random::hash;
use crate::record::Funds;
use crate::targeting::View;
use crate::user::User;

/// What one request's imps share.
pub(crate) struct Context<'a, 'm> {
    pub(crate) opportunity: &'a Opportunity<'a>,
    pub(crate) market: &'m Market,
    pub(crate) user: &'m User<'m>,
    pub(crate) at: Instant,
    pub(crate) limits: Limits,
    pub(crate) seed: u64,
    /// Hash of the user's key, or of the request's id where there is none: whose arms of experiments.
    pub(crate) user_hash: u64,
    pub(crate) funds: &'m Funds,
    /// What modifiers look at beside the facts.
    pub(crate) priced: Priced,
    /// The request as it was received, where targeting looks at a place of it.
    request: Option<Raw<'a>>,
}

impl<'a, 'm> Context<'a, 'm> {
    pub(crate) fn prepare(
        opportunity: &'a Opportunity<'a>,
        market: &'m Market,
        user: &'m User<'m>,
        by: super::Terms<'m>,
        seed: u64,
        scratch: &mut Scratch,
    ) -> Self {
        let super::Terms { at, limits, funds } = by;
        scratch.refusals.clear();
        scratch.taken.clear();
        scratch.gone.clear();
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
        opportunity.facts(user, at.now, &mut scratch.facts);
        market.index.shared().add_to(&mut scratch.facts);
        scratch.request_factors.clear();
        let factors = market
            .modifier_sets
            .iter()
            .map(|set| set.of_request(priced, &scratch.facts));
        scratch.request_factors.extend(factors);
        let request = opportunity.raw_for(market.index.terms());
        let view = View {
            facts: &scratch.facts,
            hours: &scratch.hours,
            request,
        };
        market.index.match_request(&view, &mut scratch.room);
        let Scratch {
            terms,
            request_factors,
            bounds,
            ..
        } = scratch;
        bounds.clear();
        let sets = market.modifier_sets.iter().zip(&*request_factors);
        bounds.extend(sets.map(|(set, factor)| set.at_most(*factor)));
        terms.clear();
        let kinds = market.offers.kinds().iter();
        terms
            .extend(kinds.map(|kind| Term::new(kind, bounds, opportunity.currency, &market.rates)));
        Self {
            opportunity,
            market,
            user,
            at,
            limits,
            seed,
            user_hash: hash(user.key.unwrap_or(opportunity.id).as_bytes()),
            funds,
            priced,
            request,
        }
    }

    /// What conditions of targeting are judged by.
    pub(crate) const fn view<'s>(&'s self, facts: &'s Facts, hours: &'s [WeekHour]) -> View<'s> {
        View {
            facts,
            hours,
            request: self.request,
        }
    }

    /// Runs all rules on one line item.
    pub(crate) fn candidate(
        &self,
        number: usize,
        imp: &'a Imp<'a>,
        pod: Option<&Pod<'a>>,
        scratch: &Scratch,
    ) -> Result<Candidate<'a>, Ineligible> {
        let item = self.market.items.get(number).ok_or(Ineligible::Unsigned)?;
        let situation = self.situation(item, imp, &scratch.hours);
        self.signed()?;
        let deal = admissible(item, &situation, &mut First)?;
        let must = deal.is_some_and(|it| it.guar == Some(true));
        let draw = draw(self.seed, number);
        let arm = item.options.arm(self.user_hash);
        if !must {
            item.options.throttle(draw)?;
            item.options.hold_out(arm)?;
            let taken = &scratch.taken;
            taken.check(self.market, item, imp.number, deal.is_some())?;
        }
        let mut reason = Ineligible::NoTurn;
        let rate = |by, place| self.creative_rate(item, imp, by, place);
        for turn in item.options.turns(item.creatives.len(), arm, draw, rate) {
            let Some(creative_number) = item.creatives.get(turn).copied() else {
                continue;
            };
            let Some(creative) = self.market.creative(creative_number) else {
                continue;
            };
            let priced = showable(item, creative, deal, &situation, &mut First).and_then(|fit| {
                if let Some(pod) = pod {
                    fits(&fit, pod)?;
                    let taken = &scratch.taken;
                    taken.separate(self.market, creative, creative_number, pod)?;
                }
                let zone = self.market.zones.get(item.zone);
                if let Some(zone) = zone {
                    let held = |cap: &FrequencyCap| {
                        let taken = &scratch.taken;
                        taken.count(self.market, cap, item, creative_number)
                    };
                    let now = self.at.now;
                    frequency::check_with(item, creative, self.user, now, zone, held)?;
                }
                let terms = self.terms(
                    item,
                    creative,
                    imp,
                    deal,
                    &fit,
                    &scratch.factors,
                    &scratch.hours,
                );
                let quote = self.quote(&terms, imp, deal, &fit)?;
                let checked = self
                    .funds
                    .check(&item.account, quote.max_cost, self.at.boot);
                match checked {
                    Err(Unfunded::Throttled) if must => Ok(()),
                    checked => checked,
                }?;
                Ok(Candidate {
                    item: number,
                    creative: creative_number,
                    fit,
                    deal,
                    price: quote.price,
                    stated: quote.price,
                    floor: quote.floor,
                    max_cost: quote.max_cost,
                    capped: !item.caps.is_empty(),
                    rate: terms.rate,
                    must,
                    arm,
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

    /// There is a key to sign notices with.
    pub(crate) fn signed(&self) -> Result<(), Ineligible> {
        if self.market.ring.0.is_empty() {
            return Err(Ineligible::Unsigned);
        }
        Ok(())
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
            most_quantity: self.limits.most_quantity(),
        }
    }

    /// Brings the factors to an imp whose facts are in `scratch`.
    pub(crate) fn factors_of_imp(&self, scratch: &mut Scratch) {
        let Scratch {
            request_factors,
            factors,
            facts,
            ..
        } = scratch;
        let sets = self.market.modifier_sets.iter().zip(&*request_factors);
        factors.clear();
        factors.extend(sets.map(|(set, factor)| set.of_imp(*factor, facts)));
    }

    /// How the creative at a place of a line item does beside the others, by the market's model.
    pub(crate) fn creative_rate(
        &self,
        item: &Item,
        imp: &Imp<'_>,
        by: RotateBy,
        place: usize,
    ) -> Probability {
        let number = item.creatives.get(place).copied();
        let creative = number.and_then(|it| self.market.creative(it));
        creative.map_or(Probability::ZERO, |creative| {
            let chance = Chance {
                line_item: &item.id,
                creative: creative.id(),
                opportunity: self.opportunity,
                imp,
            };
            self.market.model.creative_rate(by, &chance)
        })
    }

    /// What a line item offers for a creative on an imp.
    #[expect(
        clippy::too_many_arguments,
        reason = "everything that a price depends on"
    )]
    pub(crate) fn terms<'t>(
        &self,
        item: &'t Item,
        creative: &Creative,
        imp: &Imp<'_>,
        deal: Option<&openrtb::Deal<'_>>,
        fit: &Fit,
        factors: &[Factor],
        hours: &[WeekHour],
    ) -> Terms<'t> {
        let chance = Chance {
            line_item: &item.id,
            creative: creative.id(),
            opportunity: self.opportunity,
            imp,
        };
        let shown = Self::shown(item, deal, fit, hours);
        let of_imp = factors.get(item.modifiers).copied().unwrap_or(Factor::ONE);
        let set = self.market.modifier_sets.get(item.modifiers);
        Terms {
            rule: &item.price,
            rate: pricing::rate(item.price.bid, &*self.market.model, &chance),
            factor: set.map_or(of_imp, |set| set.whole(of_imp, &shown)),
            currency: item.currency,
        }
    }

    /// What modifiers look at that is known once an ad is laid on an imp.
    pub(crate) fn shown<'d>(
        item: &Item,
        deal: Option<&'d openrtb::Deal<'_>>,
        fit: &Fit,
        hours: &[WeekHour],
    ) -> Shown<'d> {
        Shown {
            hour: hours.get(item.zone).copied().unwrap_or_default(),
            deal: deal.and_then(|it| it.id.as_deref()),
            medium: fit.medium,
            size: fit.size,
        }
    }

    /// The bid on these terms, and its maximum cost.
    pub(crate) fn quote(
        &self,
        terms: &Terms<'_>,
        imp: &Imp<'_>,
        deal: Option<&openrtb::Deal<'_>>,
        fit: &Fit,
    ) -> Result<Quote, Ineligible> {
        pricing::quote(terms, &self.ask(imp, deal, fit), &self.market.rates)
    }

    /// What the seller asks for an ad that is shown so. A quantity that is refused is explained at the largest
    /// that is allowed.
    pub(crate) fn ask(&self, imp: &Imp<'_>, deal: Option<&openrtb::Deal<'_>>, fit: &Fit) -> Ask {
        Ask {
            floor: fit.floor(imp, deal),
            agreed: deal.is_some_and(|it| it.at.is_some_and(|at| at.0 == 3)),
            currency: self.opportunity.currency,
            quantity: imp.quantity.min(self.limits.most_quantity()),
        }
    }
}

/// The length of an ad of a dynamic pod is known, and not longer than the pod (C-102).
pub(crate) fn fits(fit: &crate::eligibility::Fit, pod: &Pod<'_>) -> Result<(), Ineligible> {
    match (pod.seconds, fit.length) {
        (Some(seconds), Some(length)) if length > seconds => Err(Ineligible::PodFull),
        (Some(_), None) => Err(Ineligible::LengthNotAllowed),
        (Some(_) | None, _) => Ok(()),
    }
}
