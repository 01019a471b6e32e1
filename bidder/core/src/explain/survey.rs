//! A first look at every line item: whether it would bid, what stopped the decision, and which come nearest.

use std::collections::BTreeMap;

use super::stages::{Stage, Stages};
use super::{Question, conditions, targeted};
use crate::decide::{Context, Pod, Scratch};
use crate::eligibility::Ineligible;
use crate::market::Item;
use crate::opportunity::Imp;

/// A line item that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) number: usize,
    /// What stopped the decision; `None` when it would bid.
    pub(super) reason: Option<Ineligible>,
    /// At least so many rules refuse.
    at_least: usize,
}

impl Met {
    pub(super) const fn would_bid(&self) -> bool {
        self.reason.is_none()
    }

    fn place(&self) -> (bool, usize, u8, usize) {
        let hardness = self.reason.map_or(0, conditions::hardness);
        (!self.would_bid(), self.at_least, hardness, self.number)
    }
}

/// What was found.
#[derive(Debug)]
pub(super) struct Survey {
    /// Those to be told of: who would bid, then the nearest by what is known so far.
    pub(super) nearest: Vec<Met>,
    pub(super) would_bid: usize,
    pub(super) omitted: BTreeMap<&'static str, usize>,
}

/// Looks at every line item that is asked for, each as the decision met it.
pub(super) fn survey<'a>(
    context: &Context<'a, '_>,
    imp: &'a Imp<'a>,
    question: &Question<'_>,
    stages: &Stages,
    scratch: &mut Scratch,
) -> Survey {
    let out_of_reach = context.out_of_reach(imp, scratch);
    let market = context.market;
    let is_asked = |item: &Item| {
        question.line_item.is_none_or(|id| item.id.as_str() == id)
            && question
                .campaign
                .is_none_or(|id| item.campaign.as_str() == id)
    };
    let mut met: Vec<Met> = Vec::new();
    for stage in [Stage::Deals, Stage::Open] {
        stages.enter(stage, context, scratch);
        let items = market.items.iter().enumerate();
        for (number, item) in items.filter(|(_, item)| is_asked(item)) {
            if stages.of(number, scratch) != stage {
                continue;
            }
            let mut one = meet(context, number, item, imp, scratch);
            if out_of_reach.contains(number) {
                one.reason = Some(Ineligible::UnderFloor);
            }
            // What the rules let through and the decision refused after all: for what it had bid before.
            one.reason = one.reason.or_else(|| stages.refusal(number));
            if question.is_claimed(imp) {
                one.reason = one.reason.or(Some(Ineligible::DuplicateOpportunity));
            }
            met.push(one);
        }
    }
    let would_bid = met.iter().filter(|it| it.would_bid()).count();
    met.sort_unstable_by_key(Met::place);
    let mut omitted = BTreeMap::new();
    for more in met.iter().skip(question.most) {
        let label = more.reason.map_or("bids", Ineligible::label);
        *omitted.entry(label).or_default() += 1;
    }
    met.truncate(question.most);
    Survey {
        nearest: met,
        would_bid,
        omitted,
    }
}

/// As the decision meets it: by the index first, then rule by rule until one refuses.
fn meet<'a>(
    context: &Context<'a, '_>,
    number: usize,
    item: &Item,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
) -> Met {
    if scratch.is_matched(number) {
        let pod = Pod::of(context.opportunity, imp);
        let pod = pod.as_ref();
        let candidate = context.candidate(number, imp, pod, scratch);
        let reason = candidate.err();
        return Met {
            number,
            reason,
            at_least: usize::from(reason.is_some()),
        };
    }
    let (first, count) = targeted::missed(context, item, imp, scratch);
    Met {
        number,
        reason: Some(first),
        at_least: count,
    }
}
