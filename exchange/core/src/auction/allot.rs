//! Who wins: the most that the request can bring, tier by tier, with its pods and groups as they are.

use openrtb::BidRequest;

use super::judge::Judged;
use super::rank::Standing;
use super::reply::Contender;
use crate::medium::Medium;
use crate::pods::{self, Ad, Filled, Filling, MOST_ADS, MOST_STEPS, Pod, Problem, Set, Worth};

/// Groups of which every choice is tried; of more each is taken, the dearest first, if it brings more.
const MOST_TRIED: usize = 6;
/// Groups that are considered at all: of more the dearest.
const MOST_GROUPS: usize = 32;

/// Everything that may win, before it is decided.
pub(super) struct Field<'f> {
    contenders: &'f [Contender],
    bids: &'f [Judged<'f>],
    imps: usize,
    multibid: usize,
    /// Imps that take several native ads, and how many, where several were bid.
    native: Vec<(usize, usize)>,
    lots: Vec<Lot>,
    /// The pod of each imp; empty for a request without pods.
    lot_of: Vec<Option<usize>>,
    groups: Vec<Group>,
}

/// A pod and the contenders for it.
struct Lot {
    pod: Pod,
    /// Contenders by the number of their ad.
    contenders: Vec<usize>,
    ads: Vec<Ad>,
    excludes: Vec<Set>,
    /// There were more contenders than are considered.
    is_cut: bool,
}

/// A seatbid of which all bids win or none does, and that could win as a whole.
struct Group {
    number: usize,
    worth: Worth,
}

/// What part a contender has in a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// None: its group is not taken.
    Out,
    /// Any other.
    Free,
    /// Its group is taken, so it must win.
    Forced,
}

/// A decision, and how good it is.
#[derive(Debug, Clone, Default)]
struct Choice {
    worth: Worth,
    /// Winners of imps that are in no pod.
    singles: Vec<usize>,
    /// One for each lot.
    fillings: Vec<Filling>,
}

/// A contender that wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Winner {
    pub(super) contender: usize,
    /// Its place in its break, from 1.
    pub(super) slot: Option<u32>,
}

/// Who wins.
pub(super) struct Allotment<'f> {
    field: Field<'f>,
    fillings: Vec<Filling>,
    filled: Vec<Filled>,
    won: Vec<bool>,
    /// In the order of the imps; those of one imp by rank, or by their place in the break.
    pub(super) winners: Vec<Winner>,
}

impl Lot {
    fn problem(&self) -> Problem<'_> {
        Problem {
            layout: &self.pod.layout,
            ads: &self.ads,
            excludes: &self.excludes,
        }
    }

    fn ad_of(&self, contender: usize) -> Option<usize> {
        self.contenders.iter().position(|other| *other == contender)
    }
}

impl<'f> Field<'f> {
    pub(super) fn new(
        request: &BidRequest<'_>,
        contenders: &'f [Contender],
        bids: &'f [Judged<'f>],
        multibid: usize,
    ) -> Self {
        let mut field = Self {
            contenders,
            bids,
            imps: request.imp.len(),
            multibid: multibid.max(1),
            native: Vec::new(),
            lots: Vec::new(),
            lot_of: Vec::new(),
            groups: Vec::new(),
        };
        if contenders.is_empty() {
            return field;
        }
        field.native = field.native_places(request);
        for pod in pods::pods(request) {
            field.lot_of.resize(field.imps, None);
            for (imp, _) in &pod.imps {
                if let Some(lot) = field.lot_of.get_mut(*imp) {
                    *lot = Some(field.lots.len());
                }
            }
            let lot = field.lot(request, pod);
            field.lots.push(lot);
        }
        field.groups = field.groups();
        field
    }

    fn standing(&self, contender: usize) -> Option<&Standing> {
        self.contenders.get(contender).map(|c| &c.standing)
    }

    fn medium(&self, contender: usize) -> Option<Medium> {
        let bid = self.contenders.get(contender)?.bid;
        self.bids.get(bid)?.medium
    }

    fn lot_of(&self, imp: usize) -> Option<usize> {
        self.lot_of.get(imp).copied().flatten()
    }

    /// The contenders for an imp.
    fn on(&self, imp: usize) -> impl Iterator<Item = usize> + '_ {
        let numbered = self.contenders.iter().enumerate();
        numbered.filter_map(move |(index, c)| (c.standing.imp == imp).then_some(index))
    }

    fn native_places(&self, request: &BidRequest<'_>) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        for (index, imp) in request.imp.iter().enumerate() {
            let Some(native) = imp.native.as_deref() else {
                continue;
            };
            let mut bids = self
                .on(index)
                .filter(|bid| self.medium(*bid) == Some(Medium::Native));
            if bids.nth(1).is_none() {
                continue;
            }
            let count = native.request().ok().and_then(|asked| asked.plcmtcnt);
            let count = count.and_then(|count| usize::try_from(count).ok());
            places.extend(count.filter(|count| *count > 1).map(|count| (index, count)));
        }
        places
    }

    fn lot(&self, request: &BidRequest<'_>, pod: Pod) -> Lot {
        let placed = |index: usize| {
            let contender = self.contenders.get(index)?;
            let judged = self.bids.get(contender.bid)?;
            let imp = contender.standing.imp;
            let seconds = contender.seconds;
            let place = pod.place(request, imp, &judged.bid, judged.medium?, seconds)?;
            let worth = contender.standing.worth();
            Some((index, Ad { place, worth }))
        };
        let mut ads: Vec<(usize, Ad)> = (0..self.contenders.len()).filter_map(placed).collect();
        // By what they are and not by arrival; where there are too many, the best.
        ads.sort_by(|(_, a), (_, b)| pods::by_density(b, a));
        let is_cut = ads.len() > MOST_ADS;
        ads.truncate(MOST_ADS);
        let named: Vec<_> = ads
            .iter()
            .filter_map(|(index, _)| {
                let contender = self.contenders.get(*index)?;
                Some((contender.partner, &self.bids.get(contender.bid)?.bid))
            })
            .collect();
        Lot {
            excludes: pods::excludes(pod.dedupe, &named),
            is_cut,
            pod,
            contenders: ads.iter().map(|(index, _)| *index).collect(),
            ads: ads.into_iter().map(|(_, ad)| ad).collect(),
        }
    }

    /// The groups that could win as a whole, the dearest first.
    fn groups(&self) -> Vec<Group> {
        let mut members: Vec<(usize, usize, usize)> = self
            .contenders
            .iter()
            .enumerate()
            .filter_map(|(index, c)| Some((c.standing.group?, c.standing.imp, index)))
            .collect();
        members.sort_unstable();
        let mut groups: Vec<Group> = members
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|members| self.stands(members))
            .filter_map(|members| {
                let standings = members
                    .iter()
                    .filter_map(|(.., index)| self.standing(*index));
                let worth = standings
                    .map(Standing::worth)
                    .fold(Worth::default(), pods::plus);
                let (number, ..) = *members.first()?;
                Some(Group { number, worth })
            })
            .collect();
        groups.sort_by(|a, b| b.worth.cmp(&a.worth));
        groups.truncate(MOST_GROUPS);
        groups
    }

    /// Whether the members of a group, in the order of their imps, could win together.
    fn stands(&self, members: &[(usize, usize, usize)]) -> bool {
        let mut sets: Vec<Set> = vec![0; self.lots.len()];
        members.chunk_by(|a, b| a.1 == b.1).all(|of_imp| {
            let Some((_, imp, _)) = of_imp.first() else {
                return true;
            };
            let Some(number) = self.lot_of(*imp) else {
                return of_imp.len() <= self.multibid;
            };
            let (Some(lot), Some(set)) = (self.lots.get(number), sets.get_mut(number)) else {
                return false;
            };
            of_imp.iter().all(|(.., index)| {
                let ad = lot.ad_of(*index);
                *set |= ad.map_or(0, pods::one);
                ad.is_some()
            })
        }) && self
            .lots
            .iter()
            .zip(sets)
            .all(|(lot, set)| lot.problem().is_legal(set))
    }

    fn role(&self, contender: usize, taken: u32) -> Role {
        let Some(number) = self.standing(contender).and_then(|s| s.group) else {
            return Role::Free;
        };
        let group = self.groups.iter().position(|group| group.number == number);
        match group {
            Some(group) if taken & (1 << group) != 0 => Role::Forced,
            _ => Role::Out,
        }
    }

    /// The best choice with these groups, a bit for each, and no other.
    fn choose(&self, taken: u32, steps: &mut usize) -> Option<Choice> {
        let mut choice = Choice::default();
        self.choose_singles(taken, &mut choice)?;
        for (imp, places) in self.several() {
            self.choose_several(imp, places, taken, &mut choice)?;
        }
        for lot in &self.lots {
            let (mut candidates, mut forced) = (0, 0);
            for (ad, contender) in lot.contenders.iter().enumerate() {
                match self.role(*contender, taken) {
                    Role::Out => {}
                    Role::Free => candidates |= pods::one(ad),
                    Role::Forced => forced |= pods::one(ad),
                }
            }
            let mut filling = lot.problem().fill(candidates, forced, *steps)?;
            filling.exact &= !lot.is_cut;
            *steps = steps.saturating_sub(filling.steps);
            choice.worth = pods::plus(choice.worth, filling.worth);
            choice.fillings.push(filling);
        }
        Some(choice)
    }

    /// Imps in no pod that several bids may win, and how many native ads each takes.
    fn several(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let native = |imp: usize| self.native.iter().find(|(index, _)| *index == imp);
        let imps = 0..if self.multibid > 1 || !self.native.is_empty() {
            self.imps
        } else {
            0
        };
        imps.filter(move |imp| self.lot_of(*imp).is_none())
            .map(move |imp| (imp, native(imp).map_or(1, |(_, places)| *places)))
            .filter(|(_, places)| *places > 1 || self.multibid > 1)
    }

    fn is_single(&self, imp: usize) -> bool {
        self.lot_of(imp).is_none()
            && self.multibid == 1
            && self.native.iter().all(|(index, _)| *index != imp)
    }

    /// One winner for each imp, in one pass.
    fn choose_singles(&self, taken: u32, choice: &mut Choice) -> Option<()> {
        let mut best: Vec<Option<(Role, usize)>> = vec![None; self.imps];
        for (index, contender) in self.contenders.iter().enumerate() {
            let role = self.role(index, taken);
            let standing = &contender.standing;
            if role == Role::Out || !self.is_single(standing.imp) {
                continue;
            }
            let slot = best.get_mut(standing.imp)?;
            let better = match *slot {
                None => true,
                Some((Role::Forced, _)) if role == Role::Forced => return None,
                Some((former, _)) if former != role => role > former,
                Some((_, former)) => {
                    let former = self.standing(former);
                    former.is_none_or(|former| standing.order() > former.order())
                }
            };
            if better {
                *slot = Some((role, index));
            }
        }
        for (_, index) in best.into_iter().flatten() {
            self.take(index, choice);
        }
        Some(())
    }

    /// The best bids of an imp that takes several: of native ads as many as it has places, else as many as
    /// the seller is shown.
    fn choose_several(
        &self,
        imp: usize,
        places: usize,
        taken: u32,
        choice: &mut Choice,
    ) -> Option<()> {
        let mut ranked: Vec<usize> = self
            .on(imp)
            .filter(|index| self.role(*index, taken) != Role::Out)
            .collect();
        let rank = |index: &usize| {
            let order = self.standing(*index).map(Standing::order);
            (self.role(*index, taken), order)
        };
        ranked.sort_by(|a, b| rank(b).cmp(&rank(a)));
        let forced = |index: &&usize| self.role(**index, taken) == Role::Forced;
        if ranked.iter().filter(forced).count() > self.multibid {
            return None;
        }
        let is_native = |index: usize| self.medium(index) == Some(Medium::Native);
        let all_native = ranked.first().is_some_and(|index| is_native(*index));
        let most = if all_native {
            places.max(self.multibid)
        } else {
            self.multibid
        };
        let beyond = ranked
            .iter()
            .skip(self.multibid)
            .filter(|index| is_native(**index));
        let winners = ranked.iter().take(self.multibid).chain(beyond);
        for index in winners.take(most) {
            self.take(*index, choice);
        }
        Some(())
    }

    fn take(&self, contender: usize, choice: &mut Choice) {
        if let Some(standing) = self.standing(contender) {
            choice.worth = pods::plus(choice.worth, standing.worth());
            choice.singles.push(contender);
        }
    }

    fn best(&self) -> Choice {
        let mut steps = MOST_STEPS;
        let mut best = self.choose(0, &mut steps).unwrap_or_default();
        let mut improves = |taken: u32| match self.choose(taken, &mut steps) {
            Some(choice) if choice.worth > best.worth => {
                best = choice;
                true
            }
            _ => false,
        };
        if self.groups.len() <= MOST_TRIED {
            for taken in 1..(1_u32 << self.groups.len()) {
                improves(taken);
            }
        } else {
            let mut taken = 0;
            for group in 0..self.groups.len() {
                if improves(taken | (1 << group)) {
                    taken |= 1 << group;
                }
            }
        }
        best
    }

    /// Decides.
    pub(super) fn allot(self) -> Allotment<'f> {
        let choice = self.best();
        let single = |contender: &usize| Winner {
            contender: *contender,
            slot: None,
        };
        let mut winners: Vec<Winner> = choice.singles.iter().map(single).collect();
        let mut filled = Vec::with_capacity(self.lots.len());
        for (lot, filling) in self.lots.iter().zip(&choice.fillings) {
            let pod = Filled::new(&lot.problem(), filling.ads);
            for (ad, slot) in pod.in_order(&lot.problem()) {
                winners.extend(lot.contenders.get(ad).map(|contender| Winner {
                    contender: *contender,
                    slot,
                }));
            }
            filled.push(pod);
        }
        // Stable: what stands in one imp keeps its order.
        winners.sort_by_key(|winner| self.standing(winner.contender).map(|s| s.imp));
        let mut won = vec![false; self.contenders.len()];
        for winner in &winners {
            if let Some(won) = won.get_mut(winner.contender) {
                *won = true;
            }
        }
        Allotment {
            field: self,
            fillings: choice.fillings,
            filled,
            won,
            winners,
        }
    }
}

impl Allotment<'_> {
    /// Whether a contender wins.
    pub(super) fn is_winner(&self, contender: usize) -> bool {
        self.won.get(contender).copied().unwrap_or_default()
    }

    /// Whether a contender's group could not win, whatever the others had bid.
    pub(super) fn is_hopeless(&self, contender: usize) -> bool {
        let group = self.field.standing(contender).and_then(|s| s.group);
        group.is_some_and(|number| self.field.groups.iter().all(|it| it.number != number))
    }

    /// How each pod was filled.
    pub(super) fn into_fillings(self) -> Vec<Filling> {
        self.fillings
    }

    /// The contenders that would have a winner's place if it were not there: of an imp in no pod those that
    /// do not stand above it, of a pod those that fit beside its other ads.
    pub(super) fn heirs(&self, winner: usize, heir: &mut dyn FnMut(usize)) {
        let Some(own) = self.field.standing(winner) else {
            return;
        };
        let Some((lot, filled)) = self.lot(own.imp) else {
            for other in self.field.on(own.imp).filter(|other| *other != winner) {
                let above = self.field.standing(other).map(Standing::order) > Some(own.order());
                if !(above && self.is_winner(other)) {
                    heir(other);
                }
            }
            return;
        };
        let Some(ad) = lot.ad_of(winner) else {
            return;
        };
        for (other, contender) in lot.contenders.iter().enumerate() {
            if !self.is_winner(*contender) && filled.replaces(&lot.problem(), other, ad) {
                heir(*contender);
            }
        }
    }

    /// The winners that a contender lost to: of an imp in no pod the last of its winners, of a pod those whose
    /// place it could have had, else those of its imp.
    pub(super) fn rivals(&self, loser: usize, imp: usize, rival: &mut dyn FnMut(usize)) {
        let on =
            |winner: &&Winner| self.field.standing(winner.contender).map(|s| s.imp) == Some(imp);
        let Some((lot, filled)) = self.lot(imp) else {
            if let Some(last) = self.winners.iter().filter(on).next_back() {
                rival(last.contender);
            }
            return;
        };
        let mut any = false;
        if let Some(ad) = lot.ad_of(loser) {
            for winner in pods::members(filled.ads()) {
                if filled.replaces(&lot.problem(), ad, winner)
                    && let Some(contender) = lot.contenders.get(winner)
                {
                    any = true;
                    rival(*contender);
                }
            }
        }
        if !any {
            let all = self.winners.iter().filter(on);
            all.for_each(|winner| rival(winner.contender));
        }
    }

    fn lot(&self, imp: usize) -> Option<(&Lot, &Filled)> {
        let number = self.field.lot_of(imp)?;
        Some((self.field.lots.get(number)?, self.filled.get(number)?))
    }
}
