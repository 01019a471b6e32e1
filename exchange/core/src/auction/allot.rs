//! Who wins: the most that the request can bring, tier by tier, with its pods and groups as they are.

use super::allotment::{Allotment, Winner};
use super::field::Field;
use super::rank::Standing;
use crate::medium::Medium;
use crate::pods::{self, Filled, Filling, MOST_STEPS, Worth};

/// Groups of which every choice is tried; of more each is taken, the dearest first, if it brings more.
const MOST_TRIED: usize = 6;
/// Contenders that are looked at for all choices together: of more bids fewer choices are tried.
const MOST_LOOKS: usize = 100_000;

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
    /// One for each lot, exact among the contenders that are considered.
    fillings: Vec<Filling>,
}

impl<'f> Field<'f> {
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
            let filling = lot.problem().fill(candidates, forced, *steps)?;
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
        ranked.sort_by_cached_key(|index| std::cmp::Reverse(rank(index)));
        let forced = |index: &&usize| self.role(**index, taken) == Role::Forced;
        let must = ranked.iter().filter(forced).count();
        self.keep_what_partners_may_win(&mut ranked);
        if must > self.multibid || ranked.iter().filter(forced).count() < must {
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

    /// Of the bids of one imp, the best first, only as many of each partner as may win it.
    fn keep_what_partners_may_win(&self, ranked: &mut Vec<usize>) {
        // How many of each partner stand before.
        let mut before = vec![0_usize; self.partners.len()];
        ranked.retain(|index| {
            let of = self.contenders.get(*index).map(|c| c.partner);
            let limit = of.and_then(|of| self.limit(of));
            let Some(before) = of.and_then(|of| before.get_mut(of)) else {
                return false;
            };
            *before += 1;
            limit.is_none_or(|most| *before <= most)
        });
    }

    fn take(&self, contender: usize, choice: &mut Choice) {
        if let Some(standing) = self.standing(contender) {
            choice.worth = pods::plus(choice.worth, standing.worth());
            choice.singles.push(contender);
        }
    }

    /// The best choice, and the steps that were taken to find it.
    fn best(&self) -> (Choice, usize) {
        let mut steps = MOST_STEPS;
        let mut best = self.choose(0, &mut steps).unwrap_or_default();
        let mut improves = |taken: u32| match self.choose(taken, &mut steps) {
            Some(choice) if choice.worth > best.worth => {
                best = choice;
                true
            }
            _ => false,
        };
        let tries_all = self.groups.len() <= MOST_TRIED
            && self.contenders.len() << self.groups.len() <= MOST_LOOKS;
        if tries_all {
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
        (best, MOST_STEPS.saturating_sub(steps))
    }

    /// Decides.
    pub(super) fn allot(self) -> Allotment<'f> {
        let (choice, steps) = self.best();
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
            steps,
            filled,
            won,
            winners,
        }
    }
}
