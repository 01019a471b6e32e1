//! What decided against bids that were admitted, or were under a floor: for people who ask.

use units::CpmMicros;

use super::allotment::Winner;
use super::field::Lot;
use super::judge::{Fate, Judged};
use super::race::Race;
use super::rank::Tier;
use super::reply::Contender;
use crate::cause::Cause;
use crate::loss::Loss;
use crate::pods::{self, Filled, Place, Problem, Set};

impl Race<'_> {
    /// What decided against a contender that lost, where its loss does not tell it.
    pub(super) fn cause(&self, index: usize, loser: &Contender, fate: &Fate) -> Option<Cause> {
        let Fate::Lost {
            loss: Loss::Outbid, ..
        } = fate
        else {
            return None;
        };
        if loser.standing.group.is_some() {
            return Some(Cause::WithGroup);
        }
        match self.allotment.lot(loser.standing.imp) {
            Some((lot, filled)) => self.in_pod(index, loser, lot, filled),
            None => self.on_imp(loser),
        }
    }

    /// The floor of a bid under it, and what won there.
    pub(super) fn cause_under_floor(&self, judged: &Judged<'_>) -> Option<Cause> {
        let last = judged.imp.and_then(|imp| self.last_of(imp));
        // No price would have won against a deal.
        let is_open =
            |it: &&Contender| it.standing.tier == Tier::Open || judged.bid.dealid.is_some();
        let won = last.filter(is_open).and_then(|last| {
            let rates = &self.market.rates;
            rates.convert_price(last.price, last.currency, judged.currency)
        });
        let floor = judged.floor?;
        Some(Cause::Floor {
            floor,
            won: won.filter(|won| *won >= floor),
        })
    }

    /// The winner of an imp that stands under all others.
    fn last_of(&self, imp: usize) -> Option<&Contender> {
        let winners = self.allotment.winners_of(Some(imp)).iter();
        let winners = winners.filter_map(|winner| self.contenders.get(winner.contender));
        winners.min_by_key(|winner| winner.standing.order())
    }

    /// On an imp in no pod.
    fn on_imp(&self, loser: &Contender) -> Option<Cause> {
        let last = self.last_of(loser.standing.imp)?;
        let is_above = loser.standing.order() > last.standing.order();
        let of_its_dsp = self.last_of_full_dsp(loser);
        match of_its_dsp {
            Some(_) if is_above => Some(Cause::MostOfDsp),
            Some(own) => Some(self.against(loser, own, true)),
            None if is_above => last.standing.group.map(|_| Cause::ToGroup),
            None => Some(self.against(loser, last, true)),
        }
    }

    /// The least of the winners of a bid's own DSP on its imp, where that has won as often as it may.
    fn last_of_full_dsp(&self, loser: &Contender) -> Option<&Contender> {
        let most = self.allotment.field.limit(loser.partner)?;
        let winner = |winner: &Winner| self.contenders.get(winner.contender);
        let winners = self.allotment.winners_of(Some(loser.standing.imp)).iter();
        let own = || {
            winners
                .clone()
                .filter_map(winner)
                .filter(|it| it.partner == loser.partner)
        };
        let last = own().min_by_key(|it| it.standing.order());
        last.filter(|_| own().count() >= most)
    }

    /// Of a bid that stands no higher than one that won; `is_alone` where nothing else was to be beaten.
    fn against(&self, loser: &Contender, winner: &Contender, is_alone: bool) -> Cause {
        let (own, other) = (&loser.standing, &winner.standing);
        if (own.tier, own.price) == (other.tier, other.price) {
            return Cause::Draw;
        }
        let rates = &self.market.rates;
        let price = rates.convert_price(winner.price, winner.currency, loser.currency);
        let is_told = is_alone && own.tier == other.tier;
        let is_beyond = |price: &CpmMicros| is_told && *price > loser.price;
        Cause::Higher(price.filter(is_beyond))
    }

    /// In a pod: what may not come twice decides before the price does.
    fn in_pod(&self, index: usize, loser: &Contender, lot: &Lot, filled: &Filled) -> Option<Cause> {
        let Some(ad) = lot.ad_of(index) else {
            return Some(Cause::Crowded);
        };
        let problem = lot.problem();
        let alone = Problem {
            excludes: &[],
            ..problem
        };
        let standing = |ad: usize| self.contenders.get(*lot.contenders.get(ad)?);
        let rivals = pods::members(filled.ads())
            .filter(|winner| filled.replaces(&alone, ad, *winner))
            .filter_map(standing);
        let last = rivals.min_by_key(|rival| rival.standing.order());
        let is_above = last.is_some_and(|last| loser.standing.order() > last.standing.order());
        let excluded = problem.excludes.get(ad).copied().unwrap_or_default() & filled.ads();
        if excluded != 0 && (is_above || alone.is_legal(filled.ads() | pods::one(ad))) {
            return self.shared(loser, lot, excluded);
        }
        // In a break a set of others might have been beaten as well.
        let is_slot = problem
            .ads
            .get(ad)
            .is_some_and(|ad| matches!(ad.place, Place::Slot(_)));
        match last {
            None => Some(Cause::ToSet),
            Some(last) if is_above => Some(match last.standing.group {
                Some(_) => Cause::ToGroup,
                None => Cause::ToSet,
            }),
            Some(last) => Some(self.against(loser, last, is_slot)),
        }
    }

    /// What a bid has in common with ads of its pod.
    fn shared(&self, loser: &Contender, lot: &Lot, excluded: Set) -> Option<Cause> {
        let named = |contender: &Contender| {
            let judged = self.allotment.field.bids.get(contender.bid)?;
            Some((contender.partner, &judged.bid))
        };
        let own = named(loser)?;
        let mut beside = pods::members(excluded)
            .filter_map(|ad| self.contenders.get(*lot.contenders.get(ad)?))
            .filter_map(named);
        let shared = beside.find_map(|other| pods::shared(lot.pod.dedupe, [own, other]));
        shared.map(Cause::InPod)
    }
}
