//! Screening, ranking and pricing what the DSPs answered.

use openrtb::{Imp, Native, Repairs};

use super::allotment::Winner;
use super::critical::Edges;
use super::field::Field;
use super::judge::{Fate, Judged, Win};
use super::plan::Plan;
use super::race::Race;
use super::rank::Tier;
use super::reply::{BidIntake, Contender, Reply, ReplyFate};
use crate::conditions::Conditions;
use crate::loss::Loss;
use crate::market::Market;
use crate::pods::Filling;

/// An auction after its one wait.
#[derive(Debug, Default)]
pub struct Settlement<'b> {
    /// What each ask came to, in the order of the replies: index of the ask, and its fate.
    pub replies: Vec<(usize, ReplyFate)>,
    /// What was tolerated while reading (C-24): index of the ask, and the repairs, if any.
    pub repairs: Vec<(usize, Repairs)>,
    /// Every bid with its fate.
    pub bids: Vec<Judged<'b>>,
    /// Indices of the bids that won, in the order of the imps; those of one imp by rank, or by their place in
    /// the break.
    pub winners: Vec<usize>,
    /// How each pod was filled, in the order of its first imp.
    pub pods: Vec<Filling>,
    /// Version of the rates that prices were compared at.
    pub rates: u32,
    /// Run, but never billed.
    pub is_test: bool,
    /// Somebody upstream decides (`source.fd`), so that winning here is not final.
    pub is_provisional: bool,
}

impl<'b> Settlement<'b> {
    /// The bids that won, with what they pay, in the order of the imps.
    pub fn won(&self) -> impl Iterator<Item = (&Judged<'b>, &Win)> {
        self.winners
            .iter()
            .filter_map(|index| self.bids.get(*index))
            .filter_map(|judged| judged.win().map(|win| (judged, win)))
    }

    /// Whether guaranteed deals won all that there is of every imp, as many bids of each as its seller takes: then
    /// no bid without a guarantee can win any more. A break may take more ads, and so may a place for several
    /// native ones: they are never full.
    #[must_use]
    pub fn is_filled_by_guarantees(&self, plan: &Plan<'_>, multibid: usize) -> bool {
        let imps = &plan.intake.request.imp;
        let guaranteed =
            |(_, win): &(&Judged<'_>, &Win)| win.tier == Tier::Guaranteed && win.slot.is_none();
        let mut taken = vec![0; imps.len()];
        for (judged, _) in self.won().filter(guaranteed) {
            if let Some(taken) = judged.imp.and_then(|imp| taken.get_mut(imp)) {
                *taken += 1;
            }
        }
        let mut imps = imps.iter().zip(taken);
        imps.all(|(imp, taken)| taken >= multibid.max(1) && !takes_several_native_ads(imp))
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
    let (mut bids, mut contenders, natives) = intake.done();
    drop_broken_groups(&mut bids, &mut contenders);
    let request = &plan.intake.request;
    let field = Field::new(
        request,
        &natives,
        &contenders,
        &bids,
        conditions.multibid,
        &market.partners,
    );
    let allotment = field.allot();
    let race = Race {
        plan,
        market,
        conditions,
        contenders: &contenders,
        allotment: &allotment,
        edges: Edges::of(&allotment),
    };
    let fates_of_bids = race.fates(&bids);
    let bid_of = |winner: &Winner| contenders.get(winner.contender).map(|winner| winner.bid);
    let winners = allotment.winners.iter().filter_map(bid_of).collect();
    let pods = allotment.into_fillings();
    for (index, fate, cause) in fates_of_bids {
        if let Some(judged) = bids.get_mut(index) {
            judged.fate = fate;
            judged.cause = cause;
        }
    }
    Settlement {
        replies: fates,
        repairs,
        bids,
        winners,
        pods,
        rates: market.rates.id,
        is_test: request.test(),
        is_provisional: request.source.as_deref().and_then(|source| source.fd) == Some(true),
    }
}

/// Whether an imp has places for several native ads.
fn takes_several_native_ads(imp: &Imp<'_>) -> bool {
    let asked = imp.native.as_deref().map(Native::request);
    asked.is_some_and(|asked| asked.is_ok_and(|asked| asked.plcmtcnt > Some(1)))
}

/// A group that lost a member to screening cannot win as a whole.
fn drop_broken_groups(bids: &mut [Judged<'_>], contenders: &mut Vec<Contender>) {
    let Some(most) = bids.iter().filter_map(|judged| judged.group).max() else {
        return;
    };
    // Members less admitted members, by the number of the group.
    let mut missing = vec![0_usize; most + 1];
    for group in bids.iter().filter_map(|judged| judged.group) {
        if let Some(missing) = missing.get_mut(group) {
            *missing += 1;
        }
    }
    for group in contenders.iter().filter_map(|c| c.standing.group) {
        if let Some(missing) = missing.get_mut(group) {
            *missing -= 1;
        }
    }
    contenders.retain(|contender| {
        let group = contender.standing.group;
        let stays = group.is_none_or(|group| missing.get(group) == Some(&0));
        if let (false, Some(judged)) = (stays, bids.get_mut(contender.bid)) {
            judged.fate = Fate::Lost {
                loss: Loss::GroupIncomplete,
                minimum_to_win: None,
            };
        }
        stays
    });
}
