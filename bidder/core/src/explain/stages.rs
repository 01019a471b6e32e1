//! What a request bids on already when a line item is met: imps of one request count one another.
//!
//! The decision's own search is run with money to look at only; what it chose stands before the line items
//! of later imps, and on the same imp the bids on deals before the open auction.

use std::collections::HashMap;

use crate::choose::Limits;
use crate::decide::{Context, Progress, Scratch, Taken};
use crate::eligibility::Ineligible;
use crate::opportunity::Imp;
use crate::random::Random;

/// When a line item is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before any bid on the imp.
    Deals,
    /// Beside the bids on its deals.
    Open,
}

/// The request's choices around one imp.
pub(super) struct Stages {
    all: Taken,
    /// Line items that the decision refused on this imp.
    refused: HashMap<usize, Ineligible>,
}

/// A decision that goes on from imp to imp beside its explanation.
pub(super) struct Rehearsal<'a> {
    progress: Progress<'a>,
    random: Random,
    left: usize,
}

impl<'a> Rehearsal<'a> {
    /// `random` as the decision has it behind its first draw.
    pub(super) fn new(limits: Limits, random: Random, imps: usize) -> Self {
        Self {
            progress: Progress::new(limits),
            random,
            left: imps,
        }
    }

    /// Makes the bids on the imp that was matched last; its sets stay as they are.
    pub(super) fn go_on(
        &mut self,
        context: &Context<'a, '_>,
        imp: &'a Imp<'a>,
        scratch: &mut Scratch,
    ) -> Stages {
        let sets = scratch.sets();
        scratch.refusals.clear();
        let progress = &mut self.progress;
        progress.go_on(context, imp, self.left, &mut self.random, scratch);
        self.left = self.left.saturating_sub(1);
        scratch.restore(sets);
        Stages {
            all: scratch.taken().clone(),
            refused: scratch.refusals.iter().copied().collect(),
        }
    }
}

impl Stages {
    /// When a line item is met.
    pub(super) fn of(&self, number: usize, scratch: &Scratch) -> Stage {
        if scratch.is_on_deal(number) || !scratch.is_matched(number) {
            Stage::Deals
        } else {
            Stage::Open
        }
    }

    /// Goes back to the choices of a stage, and to the money that they left.
    pub(super) fn enter(&self, stage: Stage, context: &Context<'_, '_>, scratch: &mut Scratch) {
        let count = match stage {
            Stage::Deals => self.all.before_imp(),
            Stage::Open => self.all.before_open(),
        };
        scratch.swap_taken(self.all.first(count));
        context.funds.count_first(count);
    }

    /// Goes on behind the imp.
    pub(super) fn leave(self, context: &Context<'_, '_>, scratch: &mut Scratch) {
        context.funds.count_first(self.all.len());
        scratch.swap_taken(self.all);
    }

    /// Why the decision refused a line item that it looked at.
    pub(super) fn refusal(&self, number: usize) -> Option<Ineligible> {
        self.refused.get(&number).copied()
    }
}
