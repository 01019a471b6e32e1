//! Who won, and against whom.

use super::field::{Field, Lot};
use super::rank::Standing;
use crate::pods::{self, Filled, Filling};

/// A contender that wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Winner {
    pub(super) contender: usize,
    /// Its place in its break, from 1.
    pub(super) slot: Option<u32>,
}

/// Who wins.
pub(super) struct Allotment<'f> {
    pub(super) field: Field<'f>,
    /// One for each lot, exact among the contenders that are considered.
    pub(super) fillings: Vec<Filling>,
    /// Steps that were taken to fill the pods.
    pub(super) steps: usize,
    pub(super) filled: Vec<Filled>,
    pub(super) won: Vec<bool>,
    /// In the order of the imps; those of one imp by rank, or by their place in the break.
    pub(super) winners: Vec<Winner>,
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
        let mut fillings = self.fillings;
        for (filling, lot) in fillings.iter_mut().zip(&self.field.lots) {
            filling.exact &= !lot.is_cut;
        }
        fillings
    }

    /// Whether an imp is in a pod in which anything won.
    pub(super) fn is_in_filled_pod(&self, imp: usize) -> bool {
        self.lot(imp).is_some_and(|(_, filled)| filled.ads() != 0)
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
                if !(above && self.is_winner(other)) && self.may_win_beside(winner, other) {
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

    /// Whether a contender's partner may win this bid of it, were that winner not there.
    fn may_win_beside(&self, winner: usize, other: usize) -> bool {
        let of = |contender: usize| {
            let contender = self.field.contenders.get(contender)?;
            Some((contender.partner, contender.standing.imp))
        };
        let own = of(other);
        let Some(most) = own.and_then(|(partner, _)| self.field.limit(partner)) else {
            return true;
        };
        let imp = own.map(|(_, imp)| imp);
        let winners = self.winners_of(imp).iter().map(|winner| winner.contender);
        let beside = winners.filter(|it| *it != winner && *it != other && of(*it) == own);
        beside.count() < most
    }

    /// The winners that a contender lost to: of an imp in no pod the last of its winners, of a pod those whose
    /// place it could have had, else those of its imp.
    pub(super) fn rivals(&self, loser: usize, imp: usize, rival: &mut dyn FnMut(usize)) {
        let Some((lot, filled)) = self.lot(imp) else {
            if let Some(last) = self.winners_of(Some(imp)).last() {
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
            let all = self.winners_of(Some(imp)).iter();
            all.for_each(|winner| rival(winner.contender));
        }
    }

    /// The winners of an imp.
    pub(super) fn winners_of(&self, imp: Option<usize>) -> &[Winner] {
        let of = |winner: &Winner| self.field.standing(winner.contender).map(|s| s.imp);
        let first = self.winners.partition_point(|winner| of(winner) < imp);
        let from = self.winners.get(first..).unwrap_or_default();
        let count = from.partition_point(|winner| of(winner) == imp);
        from.get(..count).unwrap_or_default()
    }

    /// The pod of an imp, and what is in it.
    pub(super) fn lot(&self, imp: usize) -> Option<(&Lot, &Filled)> {
        let number = self.field.lot_of(imp)?;
        Some((self.field.lots.get(number)?, self.filled.get(number)?))
    }
}
