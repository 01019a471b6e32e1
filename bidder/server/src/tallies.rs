//! Counts per campaign, kept by each worker and handed over once a second.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bidder_core::decide::Scratch;
use bidder_core::eligibility::Ineligible;
use bidder_core::market::Market;
use contracts::lease::Tally;
use units::CampaignId;

use crate::shared::Shared;
use crate::worker::Worker;

const REASONS: usize = Ineligible::ALL.len();

/// One worker's counts under one catalog version, by the campaign's number in it.
#[derive(Default)]
pub(crate) struct Counts {
    market: Option<Arc<Market>>,
    /// Each line item's campaign: refusals come by the hundred, and a whole line item is ten lines of a cache.
    campaigns: Vec<u32>,
    bids: Vec<u64>,
    /// Per campaign, one count for each reason.
    refused: Vec<u64>,
}

impl Counts {
    /// Changes to the catalog that is about to be decided by; counts of the one before are handed over.
    pub(crate) fn enter(&mut self, shared: &Shared, market: &Arc<Market>, scratch: &mut Scratch) {
        if self
            .market
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, market))
        {
            return;
        }
        self.hand_over(shared, scratch);
        self.market = Some(Arc::clone(market));
        self.campaigns.clear();
        let numbers = market.items.iter().map(|it| it.campaign_number);
        self.campaigns
            .extend(numbers.map(|it| u32::try_from(it).unwrap_or(u32::MAX)));
        self.bids = vec![0; market.campaigns.len()];
        self.refused = vec![0; market.campaigns.len() * REASONS];
    }

    /// Takes over the refusals that a decision left in its scratch memory.
    pub(crate) fn take(&mut self, scratch: &mut Scratch) {
        for (item, reason) in scratch.refusals.drain(..) {
            self.add_refusals(item, reason, 1);
        }
    }

    /// Counts a refusal that came after the decision, which was made by this catalog.
    pub(crate) fn refuse(
        &mut self,
        shared: &Shared,
        market: &Market,
        item: usize,
        reason: Ineligible,
    ) {
        if self.is_under(market) {
            self.add_refusals(item, reason, 1);
        } else {
            late(shared, market, item, |tally| {
                *tally.no_bids.entry(reason.label().to_owned()).or_default() += 1;
            });
        }
    }

    /// Counts a bid of a line item of this catalog.
    pub(crate) fn bid(&mut self, shared: &Shared, market: &Market, item: usize) {
        if !self.is_under(market) {
            late(shared, market, item, |tally| tally.bids += 1);
            return;
        }
        let campaign = self.campaigns.get(item).map(|it| *it as usize);
        if let Some(count) = campaign.and_then(|it| self.bids.get_mut(it)) {
            *count += 1;
        }
    }

    fn is_under(&self, market: &Market) -> bool {
        let own = self.market.as_deref();
        own.is_some_and(|it| std::ptr::eq(it, market))
    }

    fn add_refusals(&mut self, item: usize, reason: Ineligible, added: u64) {
        let campaign = self.campaigns.get(item).map(|it| *it as usize);
        let place = campaign.map(|it| it * REASONS + reason.index());
        if let Some(count) = place.and_then(|it| self.refused.get_mut(it)) {
            *count += added;
        }
    }

    /// Adds everything counted to what the control plane will be told.
    pub(crate) fn hand_over(&mut self, shared: &Shared, scratch: &mut Scratch) {
        let Some(market) = self.market.clone() else {
            return;
        };
        let mut matched: HashMap<usize, u64> = HashMap::new();
        scratch.matched.drain(|item, count| {
            if let Some(item) = market.items.get(item) {
                *matched.entry(item.campaign_number).or_default() += count;
            }
        });
        scratch.under_floor.drain(|item, count| {
            self.add_refusals(item, Ineligible::UnderFloor, count);
        });
        let mut tallies = shared
            .tallies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (number, campaign) in market.campaigns.iter().enumerate() {
            let matched = matched.get(&number).copied().unwrap_or(0);
            let bids = self.bids.get_mut(number).map_or(0, std::mem::take);
            let refused = self
                .refused
                .get_mut(number * REASONS..(number + 1) * REASONS);
            let refused = refused.unwrap_or_default();
            if matched == 0 && bids == 0 && refused.iter().all(|count| *count == 0) {
                continue;
            }
            let tally = tally_of(&mut tallies, &campaign.id);
            tally.matched += matched;
            tally.bids += bids;
            for (reason, count) in Ineligible::ALL.iter().zip(refused) {
                if *count > 0 {
                    let sum = tally.no_bids.entry(reason.label().to_owned()).or_default();
                    *sum += std::mem::take(count);
                }
            }
        }
    }
}

/// Counts for a request that outlived the catalog that it was decided by.
fn late(shared: &Shared, market: &Market, item: usize, count: impl FnOnce(&mut Tally)) {
    let mut tallies = shared
        .tallies
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(item) = market.items.get(item) {
        count(tally_of(&mut tallies, &item.campaign));
    }
}

fn tally_of<'t>(tallies: &'t mut HashMap<CampaignId, Tally>, id: &CampaignId) -> &'t mut Tally {
    tallies.entry(id.clone()).or_insert_with(|| Tally {
        campaign: id.clone(),
        matched: 0,
        bids: 0,
        no_bids: std::collections::BTreeMap::new(),
    })
}

/// Hands a worker's counts over once a second.
pub(crate) async fn flush(worker: Rc<Worker>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut scratch = worker.scratch.borrow_mut();
        let mut counts = worker.counts.borrow_mut();
        counts.hand_over(&worker.shared, &mut scratch);
        // A worker without requests would keep a catalog that is long replaced.
        let current = worker.shared.market.load();
        counts.market = counts.market.take().filter(|own| {
            let current = current.as_ref();
            current.is_some_and(|it| Arc::ptr_eq(own, it))
        });
    }
}
