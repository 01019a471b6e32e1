//! What winners pay, and what losers hear.

use units::CpmMicros;

use super::allotment::{Allotment, Winner};
use super::critical::{Edge, Edges};
use super::judge::{Fate, Judged, Win};
use super::plan::Plan;
use super::rank::Tier;
use super::reply::Contender;
use crate::cause::Cause;
use crate::clearing::{self, Discount, Pricing};
use crate::conditions::Conditions;
use crate::loss::Loss;
use crate::market::Market;

/// The field after it was decided who wins.
pub(super) struct Race<'r> {
    pub(super) plan: &'r Plan<'r>,
    pub(super) market: &'r Market,
    pub(super) conditions: &'r Conditions<'r>,
    pub(super) contenders: &'r [Contender],
    pub(super) allotment: &'r Allotment<'r>,
    /// What decides in pods.
    pub(super) edges: Edges,
}

/// A winner and what it pays.
struct Priced {
    contender: usize,
    win: Win,
    /// The price that would tie it, in its currency.
    tie: CpmMicros,
}

/// The next best prices for a winner's place; in a pod what it had to offer for the set that it is in to be the best.
#[derive(Debug, Clone, Copy, Default)]
struct Next {
    /// Whether more than [`Self::any`] decides, or what does is not known.
    is_vague: bool,
    /// Of all bids: what the winner had to tie.
    any: Option<CpmMicros>,
    /// Of those of other buyers, each a seat of a DSP: what the winner competes with. A buyer does not bid up its own price, and
    /// one who is alone pays the floor.
    of_others: Option<CpmMicros>,
}

/// What a group bids, and the winners of its imps, in micros of the auction's common currency.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    own: i64,
    against: i64,
}

impl Race<'_> {
    /// The fates of all contenders, and of those under a floor the least that would have won: each with the
    /// index of its bid, and with what decided.
    pub(super) fn fates(&self, bids: &[Judged<'_>]) -> Vec<(usize, Fate, Option<Cause>)> {
        let winners = self.allotment.winners.iter();
        let priced = winners.filter_map(|winner| self.price(*winner, bids));
        let priced: Vec<Priced> = priced.collect();
        let sums = self.sums_of_groups();
        let mut fates = Vec::with_capacity(bids.len());
        for (index, contender) in self.contenders.iter().enumerate() {
            let fate = match self.priced(index, &priced) {
                Some(priced) => Fate::Won(priced.win),
                None => self.lost(index, contender, &priced, &sums),
            };
            fates.push((contender.bid, fate, self.cause(index, contender, &fate)));
        }
        for (index, judged) in bids.iter().enumerate() {
            if let Some(loss @ (Loss::BelowFloor | Loss::BelowDealFloor)) = judged.loss() {
                let minimum_to_win = self.minimum_over_floor(judged, &priced);
                let fate = Fate::Lost {
                    loss,
                    minimum_to_win,
                };
                fates.push((index, fate, self.cause_under_floor(judged)));
            }
        }
        fates
    }

    /// The winners of an imp among all, which stand in the order of the imps.
    fn priced_of<'s>(&self, imp: usize, priced: &'s [Priced]) -> &'s [Priced] {
        let of = |priced: &Priced| {
            let contender = self.contenders.get(priced.contender);
            contender.map(|contender| contender.standing.imp)
        };
        let first = priced.partition_point(|priced| of(priced) < Some(imp));
        let from = priced.get(first..).unwrap_or_default();
        let count = from.partition_point(|priced| of(priced) == Some(imp));
        from.get(..count).unwrap_or_default()
    }

    /// What a contender pays, if it wins.
    fn priced<'s>(&self, contender: usize, priced: &'s [Priced]) -> Option<&'s Priced> {
        if !self.allotment.is_winner(contender) {
            return None;
        }
        let imp = self.contenders.get(contender)?.standing.imp;
        let mut of_imp = self.priced_of(imp, priced).iter();
        of_imp.find(|priced| priced.contender == contender)
    }

    fn price(&self, winner: Winner, bids: &[Judged<'_>]) -> Option<Priced> {
        let own = self.contenders.get(winner.contender)?;
        let Next {
            is_vague,
            any,
            of_others,
        } = self.next(winner.contender, own, bids);
        let (pricing, floor) = self.priced_against(own);
        let increment = self.market.increment;
        let increment = self.conditions.increment(own.currency, increment);
        let clearing = clearing::clear(pricing, own.price, floor, of_others, increment);
        let partner = self.market.partners.get(own.partner)?;
        let share = self.conditions.discount(partner.id.as_str());
        let (discount, price) = match share.map(|share| Discount::of(clearing, share)) {
            Some((discount, rest)) => (Some(discount), rest),
            None => (None, clearing),
        };
        let rates = &self.market.rates;
        let answer_price = rates.convert_price(price, own.currency, self.plan.currency);
        let win = Win {
            clearing,
            discount,
            price,
            answer_price: answer_price.unwrap_or(price),
            floor: own.floor,
            minimum_to_win: (!is_vague)
                .then(|| clearing::winner_minimum(own.price, own.floor, any)),
            tier: own.standing.tier,
            slot: winner.slot,
        };
        let tie = match pricing {
            Pricing::First => own.price,
            Pricing::SecondPlus | Pricing::Agreed => clearing,
        };
        Some(Priced {
            contender: winner.contender,
            win,
            tie,
        })
    }

    /// How a winner is priced, and the floor that counts for it: an open bid's may be soft.
    fn priced_against(&self, winner: &Contender) -> (Pricing, CpmMicros) {
        let soft = self
            .conditions
            .soft_floor
            .filter(|_| winner.standing.tier == Tier::Open)
            .and_then(|soft| {
                let rates = &self.market.rates;
                rates.convert_price(soft.price, soft.currency, winner.currency)
            });
        match soft {
            Some(soft) => {
                clearing::under_soft_floor(winner.pricing, winner.price, winner.floor, soft)
            }
            None => (winner.pricing, winner.floor),
        }
    }

    /// The next best prices for the winner's place, in the winner's currency. Bids of a lower tier do not
    /// compete with the winner, whatever they offer.
    fn next(&self, index: usize, winner: &Contender, bids: &[Judged<'_>]) -> Next {
        if self.allotment.field.lot_of(winner.standing.imp).is_none() {
            return self.next_alone(index, winner, bids);
        }
        let told = |edge: Edge| match edge {
            Edge::At(price) => {
                let rates = &self.market.rates;
                let price = rates.convert_price(price, self.plan.currency, winner.currency)?;
                Some(price).filter(|price| *price > CpmMicros::ZERO)
            }
            Edge::Unknown | Edge::Outranked => None,
        };
        let (edge, of_others) = (self.edges.edge(index), self.edges.against_others(index));
        Next {
            is_vague: edge == Edge::Unknown,
            any: told(edge),
            of_others: match of_others {
                // Then the dearest that could stand there beside the others.
                Edge::Unknown => self.next_alone(index, winner, bids).of_others,
                edge @ (Edge::At(_) | Edge::Outranked) => told(edge),
            },
        }
    }

    /// The next best prices where the other winners stay.
    fn next_alone(&self, index: usize, winner: &Contender, bids: &[Judged<'_>]) -> Next {
        let rates = &self.market.rates;
        let seat = |it: &Contender| bids.get(it.bid).and_then(|bid| bid.seat.as_deref());
        let own_seat = seat(winner);
        let mut next = Next::default();
        self.allotment.heirs(index, &mut |heir| {
            if let Some(heir) = self.contenders.get(heir)
                && heir.standing.tier >= winner.standing.tier
            {
                let price = rates.convert_price(heir.price, heir.currency, winner.currency);
                next.any = next.any.max(price);
                if heir.partner != winner.partner || seat(heir) != own_seat {
                    next.of_others = next.of_others.max(price);
                }
            }
        });
        next
    }

    fn lost(
        &self,
        index: usize,
        loser: &Contender,
        priced: &[Priced],
        sums: &[Option<Sums>],
    ) -> Fate {
        let rates = &self.market.rates;
        let (mut outranked, mut minimum): (Option<bool>, Option<CpmMicros>) = (None, None);
        self.allotment
            .rivals(index, loser.standing.imp, &mut |rival| {
                let Some(rival) = self.priced(rival, priced) else {
                    return;
                };
                let above = rival.win.tier > loser.standing.tier;
                outranked = Some(above && outranked.unwrap_or(true));
                let currency = self.contenders.get(rival.contender).map(|c| c.currency);
                let tie =
                    currency.and_then(|it| rates.convert_price(rival.tie, it, loser.currency));
                // No price would have won against a higher tier.
                if let Some(tie) = tie.filter(|_| !above) {
                    minimum = Some(minimum.map_or(tie, |minimum| minimum.min(tie)));
                }
            });
        // In a pod sets stand against each other, and not one bid against another.
        if self.allotment.field.lot_of(loser.standing.imp).is_some() {
            minimum = None;
            match self.edges.edge(index) {
                Edge::At(price) => {
                    outranked = None;
                    minimum = rates.convert_price(price, self.plan.currency, loser.currency);
                }
                Edge::Outranked => outranked = Some(true),
                Edge::Unknown => {}
            }
        }
        let loss = if self.allotment.is_hopeless(index) {
            Loss::GroupIncomplete
        } else if outranked == Some(true) {
            Loss::OutrankedByDeal
        } else {
            Loss::Outbid
        };
        if let Some(group) = loser.standing.group {
            let sums = sums.get(group).copied().flatten();
            minimum = sums.and_then(|sums| self.minimum_of_member(loser, sums));
        }
        // A group may win an imp below its best single bid: then price was not the cause.
        let by_price = |minimum: &CpmMicros| loss.is_by_price() && *minimum >= loser.price;
        Fate::Lost {
            loss,
            minimum_to_win: minimum.filter(by_price),
        }
    }

    /// What the groups bid together, and what stands against them, by their numbers.
    fn sums_of_groups(&self) -> Vec<Option<Sums>> {
        let grouped = self.contenders.iter().filter_map(|c| c.standing.group);
        let Some(most) = grouped.max() else {
            return Vec::new();
        };
        let mut sums = vec![Some(Sums::default()); most + 1];
        for contender in self.contenders {
            let Some(of) = contender.standing.group.and_then(|it| sums.get_mut(it)) else {
                continue;
            };
            let against = self.stands_against(contender);
            *of = of.zip(against).map(|(sums, against)| Sums {
                own: sums.own.saturating_add(contender.standing.price.micros()),
                against: sums.against.saturating_add(against),
            });
        }
        sums
    }

    /// The price of the winner whose place a member of a group wants, in the auction's common currency; none where
    /// more than that one price decides: in a break, among several winners, against another tier or group.
    fn stands_against(&self, member: &Contender) -> Option<i64> {
        let imp = member.standing.imp;
        if self.allotment.field.lot_of(imp).is_some() || self.allotment.field.multibid > 1 {
            return None;
        }
        match self.allotment.winners_of(Some(imp)) {
            [] => Some(0),
            [winner] => {
                let winner = self.contenders.get(winner.contender)?.standing;
                let is_alone = winner.group.is_none() && winner.tier == member.standing.tier;
                is_alone.then_some(winner.price.micros())
            }
            _ => None,
        }
    }

    /// What a member of a group had to bid, the others as they are, for the group to tie what won: in second price,
    /// too, since it is bids and not payments that sets are chosen by.
    fn minimum_of_member(&self, member: &Contender, sums: Sums) -> Option<CpmMicros> {
        let lacks = sums.against.checked_sub(sums.own)?;
        let minimum = member.standing.price.micros().checked_add(lacks)?;
        let rates = &self.market.rates;
        rates.convert_price(
            CpmMicros::new(minimum)?,
            self.plan.currency,
            member.currency,
        )
    }

    /// Of a bid under its floor: the floor where nobody won, else the price that ties the last winner's,
    /// whichever is more; none where no price would have won against a deal, and in a pod that others are in.
    fn minimum_over_floor(&self, judged: &Judged<'_>, priced: &[Priced]) -> Option<CpmMicros> {
        let imp = judged.imp?;
        if self.allotment.is_in_filled_pod(imp) {
            return None;
        }
        let of_imp = self.priced_of(imp, priced).iter();
        let Some(last) = of_imp.min_by_key(|priced| priced.tie) else {
            return judged.floor;
        };
        if last.win.tier != Tier::Open && judged.bid.dealid.is_none() {
            return None;
        }
        let currency = self.contenders.get(last.contender)?.currency;
        let rates = &self.market.rates;
        let tie = rates.convert_price(last.tie, currency, judged.currency)?;
        let minimum = judged.floor.map_or(tie, |floor| floor.max(tie));
        (minimum >= judged.bid.price.cpm()?).then_some(minimum)
    }
}
