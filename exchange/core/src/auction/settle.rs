//! Screening, ranking and pricing what the DSPs answered.

use openrtb::Repairs;
use units::CpmMicros;

use super::judge::{Fate, Judged, Win};
use super::plan::Plan;
use super::rank::{Standing, Tier, winners};
use super::reply::{BidIntake, Contender, Reply, ReplyFate};
use crate::clearing::{self, Discount, Pricing};
use crate::conditions::Conditions;
use crate::loss::Loss;
use crate::market::Market;

/// An auction after its one wait.
#[derive(Debug, Default)]
pub struct Settlement<'b> {
    /// What each ask came to, in the order of the replies: index of the ask, and its fate.
    pub replies: Vec<(usize, ReplyFate)>,
    /// What was tolerated while reading (C-24): index of the ask, and the repairs, if any.
    pub repairs: Vec<(usize, Repairs)>,
    /// Every bid with its fate.
    pub bids: Vec<Judged<'b>>,
    /// Indices of the bids that won, in the order of the imps.
    pub winners: Vec<usize>,
}

impl<'b> Settlement<'b> {
    /// The bids that won, with what they pay, in the order of the imps.
    pub fn won(&self) -> impl Iterator<Item = (&Judged<'b>, &Win)> {
        self.winners
            .iter()
            .filter_map(|index| self.bids.get(*index))
            .filter_map(|judged| judged.win().map(|win| (judged, win)))
    }

    /// Whether guaranteed deals won so many imps.
    #[must_use]
    pub fn is_filled_by_guarantees(&self, imps: usize) -> bool {
        let guaranteed = self.won().filter(|(_, win)| win.tier == Tier::Guaranteed);
        guaranteed.count() == imps
    }
}

/// Settles an auction: the same plan, market and replies give the same settlement, in any order of replies.
#[must_use]
pub fn settle<'b>(
    plan: &Plan<'_>,
    market: &Market,
    conditions: &Conditions<'_>,
    replies: &[Reply<'b>],
) -> Settlement<'b> {
    let mut intake = BidIntake::new(plan, market, conditions);
    let fates: Vec<(usize, ReplyFate)> = replies
        .iter()
        .map(|reply| (reply.ask, intake.take(reply)))
        .collect();
    let repairs = intake.take_repairs();
    let (mut bids, mut contenders) = intake.done();
    drop_broken_groups(&mut bids, &mut contenders);
    let standings: Vec<Standing> = contenders.iter().map(|c| c.standing).collect();
    let won = winners(&standings, plan.intake.request.imp.len());
    let race = Race {
        plan,
        market,
        conditions,
        contenders: &contenders,
        won: &won,
    };
    race.announce(&mut bids);
    let winners = won
        .iter()
        .flatten()
        .filter_map(|index| contenders.get(*index).map(|winner| winner.bid))
        .collect();
    Settlement {
        replies: fates,
        repairs,
        bids,
        winners,
    }
}

/// A group that lost a member to screening, or names an imp twice, cannot win as a whole.
fn drop_broken_groups(bids: &mut [Judged<'_>], contenders: &mut Vec<Contender>) {
    if bids.iter().all(|judged| judged.group.is_none()) {
        return;
    }
    let members = |group: usize| bids.iter().filter(move |j| j.group == Some(group)).count();
    let whole = |contender: &Contender| {
        let Some(group) = contender.standing.group else {
            return true;
        };
        let same = || {
            contenders
                .iter()
                .filter(|other| other.standing.group == Some(group))
        };
        let twice = same().any(|one| {
            same().any(|other| one.bid != other.bid && one.standing.imp == other.standing.imp)
        });
        same().count() == members(group) && !twice
    };
    let keep: Vec<bool> = contenders.iter().map(whole).collect();
    let mut keep = keep.into_iter();
    contenders.retain(|contender| {
        let stays = keep.next().unwrap_or(true);
        if let (false, Some(judged)) = (stays, bids.get_mut(contender.bid)) {
            judged.fate = Fate::Lost {
                loss: Loss::GroupIncomplete,
                minimum_to_win: None,
            };
        }
        stays
    });
}

/// The ranked field, when prices and losses are announced.
struct Race<'r, 'p> {
    plan: &'r Plan<'p>,
    market: &'r Market,
    conditions: &'r Conditions<'r>,
    contenders: &'r [Contender],
    won: &'r [Option<usize>],
}

impl Race<'_, '_> {
    /// Gives every contender its fate, and losers by price the least that would have won.
    fn announce(&self, bids: &mut [Judged<'_>]) {
        for (index, contender) in self.contenders.iter().enumerate() {
            let imp = contender.standing.imp;
            let fate = if self.winner_of(imp) == Some(index) {
                self.win(index, contender)
            } else {
                let outranked = self
                    .winner_of(imp)
                    .and_then(|winner| self.contenders.get(winner))
                    .is_some_and(|winner| winner.standing.tier > contender.standing.tier);
                Fate::Lost {
                    loss: if outranked {
                        Loss::OutrankedByDeal
                    } else {
                        Loss::Outbid
                    },
                    minimum_to_win: None,
                }
            };
            if let Some(judged) = bids.get_mut(contender.bid) {
                judged.fate = fate;
            }
        }
        // Winners' prices are known from here on.
        for index in 0..bids.len() {
            let minimum = bids
                .get(index)
                .and_then(|judged| self.loser_minimum(judged, bids));
            if let Some(Fate::Lost { minimum_to_win, .. }) =
                bids.get_mut(index).map(|judged| &mut judged.fate)
            {
                *minimum_to_win = minimum;
            }
        }
    }

    fn winner_of(&self, imp: usize) -> Option<usize> {
        self.won.get(imp).copied().flatten()
    }

    fn win(&self, index: usize, winner: &Contender) -> Fate {
        let next = self.next_price(index, winner);
        let (pricing, floor) = self.priced_against(winner);
        let clearing = clearing::clear(pricing, winner.price, floor, next, self.market.increment);
        let share = self
            .market
            .partners
            .get(winner.partner)
            .and_then(|partner| self.conditions.discount(partner.id.as_str()));
        let (discount, price) = match share {
            Some(share) => {
                let (discount, rest) = Discount::of(clearing, share);
                (Some(discount), rest)
            }
            None => (None, clearing),
        };
        let answer_price = self
            .market
            .rates
            .convert_price(price, winner.currency, self.plan.currency)
            .unwrap_or(price);
        Fate::Won(Win {
            clearing,
            discount,
            price,
            answer_price,
            floor: winner.floor,
            minimum_to_win: clearing::winner_minimum(winner.price, winner.floor, next),
            tier: winner.standing.tier,
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

    /// The next best eligible price on the winner's imp, in the winner's currency. Bids of a lower tier do
    /// not compete with the winner, whatever they offer.
    fn next_price(&self, index: usize, winner: &Contender) -> Option<CpmMicros> {
        self.contenders
            .iter()
            .enumerate()
            .filter(|(other, contender)| {
                *other != index
                    && contender.standing.imp == winner.standing.imp
                    && contender.standing.tier >= winner.standing.tier
            })
            .filter_map(|(_, other)| {
                let rates = &self.market.rates;
                rates.convert_price(other.price, other.currency, winner.currency)
            })
            .max()
    }

    /// The price that ties the winner's, or the floor where nobody won; only where price was the cause.
    fn loser_minimum(&self, judged: &Judged<'_>, bids: &[Judged<'_>]) -> Option<CpmMicros> {
        let loss = judged.loss().filter(|loss| loss.is_by_price())?;
        let by_floor = matches!(loss, Loss::BelowFloor | Loss::BelowDealFloor);
        let floor = judged.floor.filter(|_| by_floor);
        let winner = self
            .winner_of(judged.imp?)
            .and_then(|index| self.contenders.get(index));
        let Some(winner) = winner else {
            return floor;
        };
        let win = bids.get(winner.bid)?.win()?;
        // Under a deal's rank no price would have won.
        if win.tier != Tier::Open && judged.bid.dealid.is_none() {
            return None;
        }
        let tie = match winner.pricing {
            Pricing::First => winner.price,
            Pricing::SecondPlus | Pricing::Agreed => win.clearing,
        };
        let rates = &self.market.rates;
        let tie = rates.convert_price(tie, winner.currency, judged.currency)?;
        let minimum = floor.map_or(tie, |floor| floor.max(tie));
        // A group may win an imp below its best single bid: then price was not the cause.
        (minimum >= judged.bid.price.cpm()?).then_some(minimum)
    }
}
