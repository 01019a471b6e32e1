//! What a request's bids hold already: imps of one request count one another.

use contracts::catalog::{CapScope, FrequencyCap};

use super::pod::Pod;
use crate::choose::Candidate;
use crate::creative::Creative;
use crate::eligibility::Ineligible;
use crate::market::{Item, Market};

/// The choices made so far for one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken {
    held: Vec<Held>,
    /// How many there were when the imp in work was begun, and when its open auction was.
    before_imp: usize,
    before_open: usize,
}

/// A choice that was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// The imp's place in the request.
    imp: usize,
    pod: Option<usize>,
    pub(crate) item: usize,
    pub(crate) creative: usize,
    on_deal: bool,
    /// It goes out unless caps refuse it; else it is a fallback.
    first: bool,
}

impl Taken {
    pub(super) fn clear(&mut self) {
        self.held.clear();
        (self.before_imp, self.before_open) = (0, 0);
    }

    /// The bids on another imp begin; first those on its deals.
    pub(super) const fn begin_imp(&mut self) {
        self.before_imp = self.held.len();
        self.before_open = self.held.len();
    }

    /// The bids of the open auction on the imp begin.
    pub(super) const fn begin_open(&mut self) {
        self.before_open = self.held.len();
    }

    /// How many choices there were when the imp in work was begun.
    pub(crate) const fn before_imp(&self) -> usize {
        self.before_imp
    }

    /// How many choices there were when the open auction on the imp in work was begun.
    pub(crate) const fn before_open(&self) -> usize {
        self.before_open
    }

    /// How many choices there are.
    pub(crate) const fn len(&self) -> usize {
        self.held.len()
    }

    /// The same with so many choices only.
    pub(crate) fn first(&self, count: usize) -> Self {
        let mut first = self.clone();
        first.held.truncate(count);
        first
    }

    pub(super) fn add(
        &mut self,
        imp: usize,
        pod: Option<&Pod<'_>>,
        candidate: &Candidate<'_>,
        first: bool,
    ) {
        self.held.push(Held {
            imp,
            pod: pod.map(|it| it.number),
            item: candidate.item,
            creative: candidate.creative,
            on_deal: candidate.deal.is_some(),
            first,
        });
    }

    /// The rules between a line item and the request's other bids.
    ///
    /// # Errors
    /// Its advertiser bids on enough imps, or on a deal of this one that goes first.
    pub(crate) fn check(
        &self,
        market: &Market,
        item: &Item,
        imp: usize,
        on_deal: bool,
    ) -> Result<(), Ineligible> {
        if self.held.is_empty() {
            return Ok(());
        }
        if !on_deal && self.goes_first(market, item, imp).is_some() {
            return Err(Ineligible::DealsFirst);
        }
        let most = item.options.max_per_request;
        if most.is_some_and(|most| self.other_imps(market, item, imp) >= most) {
            return Err(Ineligible::EnoughInRequest);
        }
        Ok(())
    }

    fn of_advertiser<'t>(
        &'t self,
        market: &'t Market,
        item: &'t Item,
    ) -> impl Iterator<Item = (&'t Held, &'t Item)> {
        self.held.iter().filter_map(|held| {
            let other = market.items.get(held.item)?;
            (other.advertiser == item.advertiser).then_some((held, other))
        })
    }

    /// The bid of its advertiser on a deal of the imp that goes before its open bids.
    pub(crate) fn goes_first(&self, market: &Market, item: &Item, imp: usize) -> Option<Held> {
        let first = |(held, other): &(&Held, &Item)| {
            held.imp == imp && held.on_deal && other.options.deals_first
        };
        let found = self.of_advertiser(market, item).find(first);
        found.map(|(held, _)| *held)
    }

    /// How many other imps its advertiser bids on.
    pub(crate) fn other_imps(&self, market: &Market, item: &Item, imp: usize) -> u32 {
        let mut imps = 0;
        let mut last = None;
        // Choices of one imp lie side by side.
        let held = self.of_advertiser(market, item);
        for (held, _) in held.filter(|(held, _)| held.imp != imp) {
            imps += u32::from(last != Some(held.imp));
            last = Some(held.imp);
        }
        imps
    }

    /// How many bids of this request count for a cap already.
    pub(crate) fn count(
        &self,
        market: &Market,
        cap: &FrequencyCap,
        item: &Item,
        creative: usize,
    ) -> u32 {
        let counts = |held: &&Held| {
            let Some(other) = market.items.get(held.item).filter(|_| held.first) else {
                return false;
            };
            match cap.scope {
                CapScope::Creative => held.creative == creative,
                CapScope::LineItem => other.id == item.id,
                CapScope::Campaign => other.campaign == item.campaign,
                CapScope::Advertiser => other.advertiser == item.advertiser,
            }
        };
        u32::try_from(self.held.iter().filter(counts).count()).unwrap_or(u32::MAX)
    }

    /// Nothing in the pod is of the same advertiser or creative, or, where the seller says so, category.
    ///
    /// # Errors
    /// Something is.
    pub(crate) fn separate(
        &self,
        market: &Market,
        creative: &Creative,
        number: usize,
        pod: &Pod<'_>,
    ) -> Result<(), Ineligible> {
        match self.beside(market, creative, number, pod) {
            Some(_) => Err(Ineligible::PodSeparation),
            None => Ok(()),
        }
    }

    /// The first choice in the pod that a creative may not stand beside.
    pub(crate) fn beside(
        &self,
        market: &Market,
        creative: &Creative,
        number: usize,
        pod: &Pod<'_>,
    ) -> Option<Held> {
        let mut others = self.held.iter().filter(|it| it.pod == Some(pod.number));
        let conflicts = |held: &&Held| {
            held.creative == number
                || market
                    .creative(held.creative)
                    .is_some_and(|other| pod.keeps_apart(creative, other))
        };
        others.find(conflicts).copied()
    }
}
