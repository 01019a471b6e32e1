//! Which line items get onto an imp's short lists, and the money behind the best.

use arrayvec::ArrayVec;
use units::BidId;

use super::context::Context;
use super::pod::Pod;
use super::search::{Floors, Search};
use super::{Chosen, Reasons, Scratch};
use crate::choose::{Candidate, Choice, Limits, ShortList, ToEnter};
use crate::eligibility::Ineligible;
use crate::index::{Bits, Room};
use crate::opportunity::Imp;
use crate::random::Random;

/// How often an imp is searched when others take the money between the look and the reservation.
const TRIES: usize = 3;

/// Where the candidates of a search go.
enum Lists<'l, 'a> {
    /// Into one list.
    One(&'l mut ShortList<'a>),
    /// Into one that keeps a pod's ads apart.
    Pod(&'l mut ShortList<'a>),
    /// Into one list per deal, of so many on offer (B-20).
    PerDeal(&'l mut Vec<ShortList<'a>>, usize),
}

/// The bids of a decision so far.
type Bids<'a> = Vec<Chosen<'a>>;

impl<'a> Context<'a, '_> {
    /// Adds the bids on one imp: one per matching deal, and the best of the open auction (B-20); or, for a
    /// dynamic pod, as many as fit into it (B-11).
    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of one decision, each with its own owner"
    )]
    pub(super) fn bids(
        &self,
        imp: &'a Imp<'a>,
        room: &mut Room,
        limits: &Limits,
        random: &mut Random,
        scratch: &mut Scratch,
        reasons: &mut Reasons,
        bids: &mut Bids<'a>,
    ) {
        let pod = Pod::of(self.opportunity, imp);
        let pod = pod.as_ref();
        let mut pen = Pen {
            imp,
            pod,
            random,
            reasons,
            bids,
            left: limits.per_imp,
        };
        scratch.taken.begin_imp();
        for number in &scratch.gone {
            room.open.remove_one(*number as usize);
            room.by_deal.remove_one(*number as usize);
        }
        if let Some(pod) = pod.filter(|it| it.seconds.is_some()) {
            self.pod_bids(pod, room, limits, scratch, &mut pen);
            return;
        }
        if !imp.deals.is_empty() {
            for _ in 0..TRIES {
                let mut lists = Vec::new();
                let into = Lists::PerDeal(&mut lists, imp.deals.len());
                self.fill(
                    into,
                    &mut room.by_deal,
                    &Floors::of_deals(imp),
                    scratch,
                    &mut pen,
                );
                // Guaranteed deals first, then the dearest, should there be more than bids.
                lists.sort_by_key(|it| std::cmp::Reverse(it.best()));
                let mut made = 0;
                for list in &lists {
                    made += self.reserve(list, scratch, &mut pen);
                }
                if made > 0 || lists.is_empty() {
                    break;
                }
            }
        }
        scratch.taken.begin_open();
        let wanted = if imp.deals.is_empty() {
            limits.open
        } else {
            limits.open_beside_deals
        };
        let wanted = wanted.min(pen.left);
        if imp.private_auction || wanted == 0 {
            return;
        }
        for _ in 0..TRIES {
            let mut list = ShortList::for_bids(wanted);
            let into = Lists::One(&mut list);
            self.fill(into, &mut room.open, &Floors::open(imp), scratch, &mut pen);
            if self.reserve(&list, scratch, &mut pen) > 0 || list.is_empty() {
                break;
            }
        }
    }

    /// Adds the ads of a dynamic pod: of different advertisers, as long together as it at most.
    fn pod_bids(
        &self,
        pod: &Pod<'a>,
        room: &mut Room,
        limits: &Limits,
        scratch: &mut Scratch,
        pen: &mut Pen<'_, 'a>,
    ) {
        let imp = pen.imp;
        let most = pod.most.map_or(usize::MAX, |it| it as usize);
        let mut list = ShortList::for_pod(limits.pod.min(most));
        if !imp.deals.is_empty() {
            let into = Lists::Pod(&mut list);
            self.fill(
                into,
                &mut room.by_deal,
                &Floors::of_deals(imp),
                scratch,
                pen,
            );
        }
        if !imp.private_auction {
            let into = Lists::Pod(&mut list);
            self.fill(into, &mut room.open, &Floors::open(imp), scratch, pen);
        }
        pen.left = list.wanted();
        let mut seconds = pod.seconds.unwrap_or(0);
        for candidate in list.iter() {
            let length = candidate.fit.length.unwrap_or(u32::MAX);
            let Some(rest) = seconds.checked_sub(length) else {
                pen.refuse(candidate.item, Ineligible::PodFull, scratch);
                continue;
            };
            if let Some(choice) = self.choice(candidate, scratch, pen) {
                seconds = rest;
                pen.bid(choice, scratch);
            }
        }
    }

    /// Looks at a set's line items until nobody that is left can enter the lists; who was looked at leaves
    /// the set.
    fn fill(
        &self,
        mut into: Lists<'_, 'a>,
        set: &mut Bits,
        floors: &Floors,
        scratch: &mut Scratch,
        pen: &mut Pen<'_, 'a>,
    ) {
        let offers = &self.market.offers;
        // What a search writes to lies beside what the rules read.
        let mut terms = std::mem::take(&mut scratch.terms);
        let mut ranks = std::mem::take(&mut scratch.ranks);
        for (term, kind) in terms.iter_mut().zip(offers.kinds()) {
            term.meet(kind, floors, &self.market.rates);
        }
        let mut search = Search::new(offers, &terms, self.seed);
        let slack = search.slack();
        ranks.under_floor.clear_like(set);
        'search: loop {
            let needed = into.to_enter(floors.deals).map_or(0, |it| it.price);
            if !search.gather(set, needed, &mut ranks) {
                break;
            }
            while let Some(rank) = ranks.best.pop() {
                if let Some(needed) = into.to_enter(floors.deals)
                    && (rank.bound < needed.price
                        || rank.bound <= needed.price.saturating_add(slack)
                            && rank.draw < needed.draw)
                {
                    break 'search;
                }
                let Some(looks) = scratch.looks.checked_sub(1) else {
                    break 'search;
                };
                scratch.looks = looks;
                let number = rank.number as usize;
                set.remove_one(number);
                match self.candidate(number, pen.imp, pen.pod, scratch) {
                    Ok(candidate) => into.insert(candidate, |a, b| self.are_apart(pen.pod, a, b)),
                    Err(reason) => {
                        if reason.is_of_request() {
                            scratch.gone.push(rank.number);
                        }
                        pen.refuse(number, reason, scratch);
                    }
                }
            }
        }
        if scratch.counts_floors {
            if !ranks.under_floor.is_empty() {
                pen.reasons.note(Ineligible::UnderFloor);
                scratch.under_floor.add(&ranks.under_floor);
            }
        } else {
            for number in ranks.under_floor.iter() {
                pen.refuse(number, Ineligible::UnderFloor, scratch);
            }
        }
        scratch.terms = terms;
        scratch.ranks = ranks;
    }

    /// The line items that are refused before any rule is run: not even the most that they can bid reaches
    /// a floor of the imp.
    pub(crate) fn out_of_reach(&self, imp: &Imp<'_>, scratch: &mut Scratch) -> Bits {
        let mut out_of_reach = Bits::empty(self.market.items.len());
        let Scratch { room, terms, .. } = scratch;
        let offers = &self.market.offers;
        let sets = [
            (&room.by_deal, Floors::of_deals(imp)),
            (&room.open, Floors::open(imp)),
        ];
        for (set, floors) in sets {
            for (term, kind) in terms.iter_mut().zip(offers.kinds()) {
                term.meet(kind, &floors, &self.market.rates);
            }
            let search = Search::new(offers, terms, self.seed);
            let cannot = |number: &usize| search.bound(*number).is_some_and(|(_, bids)| !bids);
            set.iter()
                .filter(cannot)
                .for_each(|number| out_of_reach.insert(number));
        }
        out_of_reach
    }

    /// Whether two candidates may not stand in one pod together.
    fn are_apart(&self, pod: Option<&Pod<'a>>, a: &Candidate<'a>, b: &Candidate<'a>) -> bool {
        let creative = |it: &Candidate<'a>| self.market.creative(it.creative);
        let by_rule = || {
            let (pod, (one, other)) = (pod?, creative(a).zip(creative(b))?);
            Some(pod.keeps_apart(one, other))
        };
        a.creative == b.creative || by_rule().unwrap_or(false)
    }

    /// Reserves for a list's bids, each down to a choice that caps cannot refuse; answers how many bids
    /// have any.
    fn reserve(&self, list: &ShortList<'a>, scratch: &mut Scratch, pen: &mut Pen<'_, 'a>) -> usize {
        let first = pen.bids.len();
        let wanted = list.wanted().min(pen.left);
        for candidate in list.iter() {
            let made = pen.bids.len() - first;
            if made < wanted {
                if let Some(choice) = self.choice(candidate, scratch, pen) {
                    pen.bid(choice, scratch);
                }
                continue;
            }
            // A fallback for the bid that has the fewest choices, none of them certain.
            let bids = pen.bids.iter().skip(first);
            let neediest = bids
                .enumerate()
                .filter(|(_, it)| {
                    !it.ranked.is_full() && it.ranked.iter().all(|it| it.candidate.capped)
                })
                .min_by_key(|(_, it)| it.ranked.len())
                .map(|(at, _)| first + at);
            let Some(at) = neediest else {
                break;
            };
            if let Some(choice) = self.choice(candidate, scratch, pen)
                && let Some(bid) = pen.bids.get_mut(at)
            {
                let (imp, pod) = (pen.imp.number, pen.pod);
                scratch.taken.add(imp, pod, &choice.candidate, false);
                bid.ranked.push(choice);
            }
        }
        pen.bids.len() - first
    }

    /// The money for one candidate.
    fn choice(
        &self,
        candidate: &Candidate<'a>,
        scratch: &mut Scratch,
        pen: &mut Pen<'_, 'a>,
    ) -> Option<Choice<'a>> {
        let account = &self.market.items.get(candidate.item)?.account;
        let (cost, must) = (candidate.max_cost, candidate.must);
        match self.funds.reserve(account, cost, must, self.at.boot) {
            Ok(reservation) => Some(Choice {
                candidate: *candidate,
                bid: BidId::new(self.at.now, pen.random.ten_bytes()),
                reservation,
            }),
            Err(why) => {
                pen.refuse(candidate.item, why.into(), scratch);
                None
            }
        }
    }
}

/// What writes one imp's bids.
struct Pen<'p, 'a> {
    imp: &'a Imp<'a>,
    pod: Option<&'p Pod<'a>>,
    random: &'p mut Random,
    reasons: &'p mut Reasons,
    bids: &'p mut Bids<'a>,
    /// How many bids more the imp may get.
    left: usize,
}

impl<'a> Pen<'_, 'a> {
    fn bid(&mut self, choice: Choice<'a>, scratch: &mut Scratch) {
        let (imp, pod) = (self.imp.number, self.pod);
        scratch.taken.add(imp, pod, &choice.candidate, true);
        self.left = self.left.saturating_sub(1);
        let mut ranked = ArrayVec::new();
        ranked.push(choice);
        self.bids.push(Chosen {
            imp: self.imp,
            ranked,
        });
    }

    fn refuse(&mut self, item: usize, reason: Ineligible, scratch: &mut Scratch) {
        self.reasons.note(reason);
        scratch.refusals.push((item, reason));
    }
}

impl<'a> Lists<'_, 'a> {
    fn insert(
        &mut self,
        candidate: Candidate<'a>,
        apart: impl Fn(&Candidate<'a>, &Candidate<'a>) -> bool,
    ) {
        match self {
            Self::One(list) => list.insert(candidate),
            Self::Pod(list) => list.insert_apart(candidate, apart),
            Self::PerDeal(lists, _) => {
                let same = |list: &&mut ShortList<'a>| {
                    let held = list.iter().next().and_then(|it| it.deal);
                    held.zip(candidate.deal)
                        .is_some_and(|(a, b)| std::ptr::eq(a, b))
                };
                if let Some(list) = lists.iter_mut().find(same) {
                    list.insert(candidate);
                } else {
                    let mut list = ShortList::for_bids(1);
                    list.insert(candidate);
                    lists.push(list);
                }
            }
        }
    }

    /// What a candidate must reach; `None` while any list has room.
    fn to_enter(&self, deal: bool) -> Option<ToEnter> {
        match self {
            Self::One(list) | Self::Pod(list) => list.to_enter(deal),
            Self::PerDeal(lists, offered) => {
                if lists.len() < *offered {
                    return None;
                }
                let mut least = None;
                for list in lists.iter() {
                    let needed = list.to_enter(deal)?;
                    if least.is_none_or(|it: ToEnter| needed.price < it.price) {
                        least = Some(needed);
                    }
                }
                // Equal prices are all looked at, where there are several lists.
                let draw = if lists.len() > 1 { 0 } else { least?.draw };
                least.map(|it| ToEnter { draw, ..it })
            }
        }
    }
}
