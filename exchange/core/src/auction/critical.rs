//! What bids had to offer for a place in a pod: the critical price.
//!
//! Sets of ads are compared in a pod, and not ads. A bid is in the best set from the price on that brings its best
//! set as much as the best set without it.

use units::CpmMicros;

use super::allotment::Allotment;
use super::field::Lot;
use super::reply::Contender;
use crate::clearing::Pricing;
use crate::pods::{Filling, MOST_WEIGHED, Margin, Set, Worth, members, one};

/// From which price on a bid wins, all others as they are, in the auction's common currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Edge {
    /// Not known: beyond the bound of work, or more than its price decides.
    #[default]
    Unknown,
    /// None: a set with a bid of a higher tier stands against it.
    Outranked,
    /// The price that ties; zero where nothing would stand in its place.
    At(CpmMicros),
}

/// The edges of the contenders for pods.
#[derive(Debug, Default)]
pub(super) struct Edges {
    /// By contender; empty without pods.
    all: Vec<Edge>,
    /// Of winners at second price, by contender: the same without what its own buyer lost with.
    of_others: Vec<Edge>,
}

impl Edges {
    /// The edges in an allotment. First those of the winners, since prices follow from them.
    pub(super) fn of(allotment: &Allotment<'_>) -> Self {
        let lots = &allotment.field.lots;
        let mut edges = Self::default();
        if lots.is_empty() {
            return edges;
        }
        let contenders = allotment.field.contenders.len();
        edges.all.resize(contenders, Edge::Unknown);
        edges.of_others.resize(contenders, Edge::Unknown);
        let mut steps = MOST_WEIGHED.saturating_sub(allotment.steps);
        let pods = || lots.iter().zip(&allotment.fillings);
        let pods: Vec<Pod<'_>> = pods()
            .filter_map(|(lot, filling)| Pod::of(allotment, lot, filling))
            .collect();
        for pod in &pods {
            edges.weigh_winners(pod, &mut steps);
        }
        for pod in &pods {
            edges.weigh_losers(pod, &mut steps);
        }
        edges
    }

    /// From which price on a contender wins.
    pub(super) fn edge(&self, contender: usize) -> Edge {
        self.all.get(contender).copied().unwrap_or_default()
    }

    /// The same for a winner without what its own buyer lost with: a buyer does not bid up its own price.
    pub(super) fn against_others(&self, contender: usize) -> Edge {
        self.of_others.get(contender).copied().unwrap_or_default()
    }

    fn weigh_winners(&mut self, pod: &Pod<'_>, steps: &mut usize) {
        let problem = pod.lot.problem();
        let winners = pod.filling.ads;
        let margins = problem.margins(pod.candidates, winners, *steps);
        *steps = steps.saturating_sub(margins.steps);
        for ad in members(pod.candidates) {
            if let Some(margin) = margins.of(ad) {
                pod.tell(&mut self.all, ad, margin);
            }
        }
        let mut left = winners;
        while let Some(ad) = members(left).next() {
            let of_buyer = pod.of_buyer(ad);
            left &= !of_buyer & !one(ad);
            let lost = of_buyer & pod.candidates & !winners;
            let mut again: Set = 0;
            for ad in members(of_buyer & winners).filter(|ad| pod.is_priced_by_others(*ad)) {
                match margins.of(ad) {
                    // The best set without it is one of theirs, so it is the best of theirs.
                    Some(margin) if margin.rest & lost == 0 => {
                        pod.tell_price(&mut self.of_others, ad, margin);
                    }
                    Some(_) => again |= one(ad),
                    None => {}
                }
            }
            if again == 0 {
                continue;
            }
            let margins = problem.margins(pod.candidates & !lost, again, *steps);
            *steps = steps.saturating_sub(margins.steps);
            for ad in members(again) {
                if let Some(margin) = margins.of(ad) {
                    pod.tell_price(&mut self.of_others, ad, margin);
                }
            }
        }
    }

    fn weigh_losers(&mut self, pod: &Pod<'_>, steps: &mut usize) {
        if pod.lot.is_cut {
            return;
        }
        let known = |ad: &usize| {
            let contender = pod.lot.contenders.get(*ad);
            contender.is_some_and(|contender| self.edge(*contender) != Edge::Unknown)
        };
        let known = members(pod.candidates).filter(known);
        let known = known.fold(0, |known, ad| known | one(ad));
        let sought = pod.candidates & !pod.filling.ads & !known;
        let margins = pod.lot.problem().margins(pod.candidates, sought, *steps);
        *steps = steps.saturating_sub(margins.steps);
        for ad in members(sought) {
            if let Some(margin) = margins.of(ad) {
                pod.tell(&mut self.all, ad, margin);
            }
        }
    }
}

/// A pod whose best set is known, and in which no group has part.
struct Pod<'p> {
    allotment: &'p Allotment<'p>,
    lot: &'p Lot,
    filling: &'p Filling,
    candidates: Set,
}

impl<'p> Pod<'p> {
    fn of(allotment: &'p Allotment<'p>, lot: &'p Lot, filling: &'p Filling) -> Option<Self> {
        if !filling.exact || filling.ads == 0 {
            return None;
        }
        let mut candidates = 0;
        for (ad, contender) in lot.contenders.iter().enumerate() {
            match allotment.field.standing(*contender)?.group {
                None => candidates |= one(ad),
                // Who wins elsewhere decides about it, too.
                Some(_) if !allotment.is_hopeless(*contender) => return None,
                Some(_) => {}
            }
        }
        Some(Self {
            allotment,
            lot,
            filling,
            candidates,
        })
    }

    fn contender(&self, ad: usize) -> Option<(usize, &'p Contender)> {
        let index = *self.lot.contenders.get(ad)?;
        Some((index, self.allotment.field.contenders.get(index)?))
    }

    /// The ads of the buyer, a seat of a DSP, that one is of.
    fn of_buyer(&self, ad: usize) -> Set {
        let buyer = |ad: usize| {
            let (_, contender) = self.contender(ad)?;
            let judged = self.allotment.field.bids.get(contender.bid)?;
            Some((contender.partner, judged.seat.as_deref()))
        };
        let own = buyer(ad);
        let all = members(self.candidates).filter(|other| buyer(*other) == own);
        all.fold(0, |all, ad| all | one(ad))
    }

    fn is_priced_by_others(&self, ad: usize) -> bool {
        let contender = self.contender(ad);
        contender.is_some_and(|(_, contender)| contender.pricing == Pricing::SecondPlus)
    }

    /// Notes from which price on an ad wins, where nothing else was left out of consideration.
    fn tell(&self, edges: &mut [Edge], ad: usize, margin: &Margin) {
        if !self.lot.is_cut {
            self.tell_price(edges, ad, margin);
        }
    }

    fn tell_price(&self, edges: &mut [Edge], ad: usize, margin: &Margin) {
        if let Some((index, contender)) = self.contender(ad)
            && let Some(edge) = edges.get_mut(index)
        {
            *edge = self.edge(ad, contender, margin);
        }
    }

    fn edge(&self, ad: usize, contender: &Contender, margin: &Margin) -> Edge {
        let standing = &contender.standing;
        let won = self.filling.ads & one(ad) != 0;
        // What is ahead, and what it is ahead of.
        let (ahead, behind) = match (won, margin.with) {
            (true, _) => (margin.without, self.filling.worth),
            (false, Some(with)) => (self.filling.worth, with),
            (false, None) => return Edge::Unknown,
        };
        let part = standing.tier.part();
        if ahead.iter().take(part).ne(behind.iter().take(part)) {
            return Edge::Outranked;
        }
        let price = |worth: &Worth| worth.get(part).copied();
        let lacks = price(&ahead)
            .zip(price(&behind))
            .and_then(|(ahead, behind)| ahead.checked_sub(behind));
        let tie = lacks.and_then(|lacks| standing.price.micros().checked_add(lacks));
        tie.and_then(CpmMicros::new).map_or(Edge::Unknown, Edge::At)
    }
}
