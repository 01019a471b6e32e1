//! What winners pay, and what losers hear.

use units::CpmMicros;

use super::allotment::{Allotment, Winner};
use super::judge::{Fate, Judged, Win};
use super::plan::Plan;
use super::rank::Tier;
use super::reply::Contender;
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
}

/// A winner and what it pays.
struct Priced {
    contender: usize,
    win: Win,
    /// The price that would tie it, in its currency.
    tie: CpmMicros,
}

impl Race<'_> {
    /// The fates of all contenders, and of those under a floor the least that would have won: each with the
    /// index of its bid.
    pub(super) fn fates(&self, bids: &[Judged<'_>]) -> Vec<(usize, Fate)> {
        let winners = self.allotment.winners.iter();
        let priced: Vec<Priced> = winners.filter_map(|winner| self.price(*winner)).collect();
        let mut fates = Vec::with_capacity(bids.len());
        for (index, contender) in self.contenders.iter().enumerate() {
            let fate = match priced.iter().find(|priced| priced.contender == index) {
                Some(priced) => Fate::Won(priced.win),
                None => self.lost(index, contender, &priced),
            };
            fates.push((contender.bid, fate));
        }
        for (index, judged) in bids.iter().enumerate() {
            if let Some(loss @ (Loss::BelowFloor | Loss::BelowDealFloor)) = judged.loss() {
                let minimum_to_win = self.minimum_over_floor(judged, &priced);
                let fate = Fate::Lost {
                    loss,
                    minimum_to_win,
                };
                fates.push((index, fate));
            }
        }
        fates
    }

    fn price(&self, winner: Winner) -> Option<Priced> {
        let own = self.contenders.get(winner.contender)?;
        let next = self.next_price(winner.contender, own);
        let (pricing, floor) = self.priced_against(own);
        let increment = self.market.increment;
        let increment = self.conditions.increment(own.currency, increment);
        let clearing = clearing::clear(pricing, own.price, floor, next, increment);
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
            minimum_to_win: clearing::winner_minimum(own.price, own.floor, next),
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

    /// The next best price for the winner's place, in the winner's currency. Bids of a lower tier do not
    /// compete with the winner, whatever they offer.
    fn next_price(&self, index: usize, winner: &Contender) -> Option<CpmMicros> {
        let rates = &self.market.rates;
        let mut next = None;
        self.allotment.heirs(index, &mut |heir| {
            if let Some(heir) = self.contenders.get(heir)
                && heir.standing.tier >= winner.standing.tier
            {
                let price = rates.convert_price(heir.price, heir.currency, winner.currency);
                next = next.max(price);
            }
        });
        next
    }

    fn lost(&self, index: usize, loser: &Contender, priced: &[Priced]) -> Fate {
        let rates = &self.market.rates;
        let (mut outranked, mut minimum): (Option<bool>, Option<CpmMicros>) = (None, None);
        self.allotment
            .rivals(index, loser.standing.imp, &mut |rival| {
                let Some(rival) = priced.iter().find(|priced| priced.contender == rival) else {
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
        let loss = if self.allotment.is_hopeless(index) {
            Loss::GroupIncomplete
        } else if outranked == Some(true) {
            Loss::OutrankedByDeal
        } else {
            Loss::Outbid
        };
        // A group may win an imp below its best single bid: then price was not the cause.
        let by_price = |minimum: &CpmMicros| loss.is_by_price() && *minimum >= loser.price;
        Fate::Lost {
            loss,
            minimum_to_win: minimum.filter(by_price),
        }
    }

    /// Of a bid under its floor: the floor where nobody won, else the price that ties the last winner's,
    /// whichever is more; none where no price would have won against a deal.
    fn minimum_over_floor(&self, judged: &Judged<'_>, priced: &[Priced]) -> Option<CpmMicros> {
        let imp = judged.imp?;
        let of_imp = |priced: &&Priced| {
            let contender = self.contenders.get(priced.contender);
            contender.is_some_and(|contender| contender.standing.imp == imp)
        };
        let Some(last) = priced.iter().filter(of_imp).min_by_key(|priced| priced.tie) else {
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
