//! What a request's bids hold already: imps of one request count one another.

use contracts::catalog::{CapScope, FrequencyCap};

use super::pod::Pod;
use crate::choose::Candidate;
use crate::creative::Creative;
use crate::eligibility::Ineligible;
use crate::market::{Item, Market};

/// The choices made so far for one request.
#[derive(Debug, Default)]
pub(crate) struct Taken(Vec<Held>);

#[derive(Debug, Clone, Copy)]
struct Held {
    /// The imp's place in the request.
    imp: usize,
    pod: Option<usize>,
    item: usize,
    creative: usize,
    on_deal: bool,
    /// It goes out unless caps refuse it; else it is a fallback.
    first: bool,
}

impl Taken {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn add(
        &mut self,
        imp: usize,
        pod: Option<&Pod<'_>>,
        candidate: &Candidate<'_>,
        first: bool,
    ) {
        self.0.push(Held {
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
    pub(super) fn check(
        &self,
        market: &Market,
        item: &Item,
        imp: usize,
        on_deal: bool,
    ) -> Result<(), Ineligible> {
        if self.0.is_empty() {
            return Ok(());
        }
        let of_advertiser = || {
            self.0.iter().filter_map(|held| {
                let other = market.items.get(held.item)?;
                (other.advertiser == item.advertiser).then_some((held, other))
            })
        };
        let goes_first = |(held, other): (&Held, &Item)| {
            held.imp == imp && held.on_deal && other.options.deals_first
        };
        if !on_deal && of_advertiser().any(goes_first) {
            return Err(Ineligible::DealsFirst);
        }
        if let Some(most) = item.options.max_per_request {
            let mut imps = 0;
            let mut last = None;
            // Choices of one imp lie side by side.
            for (held, _) in of_advertiser().filter(|(held, _)| held.imp != imp) {
                imps += u32::from(last != Some(held.imp));
                last = Some(held.imp);
            }
            if imps >= most {
                return Err(Ineligible::EnoughInRequest);
            }
        }
        Ok(())
    }

    /// How many bids of this request count for a cap already.
    pub(super) fn count(
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
        u32::try_from(self.0.iter().filter(counts).count()).unwrap_or(u32::MAX)
    }

    /// Nothing in the pod is of the same advertiser or creative, or, where the seller says so, category.
    ///
    /// # Errors
    /// Something is.
    pub(super) fn separate(
        &self,
        market: &Market,
        creative: &Creative,
        number: usize,
        pod: &Pod<'_>,
    ) -> Result<(), Ineligible> {
        let mut others = self.0.iter().filter(|held| held.pod == Some(pod.number));
        let conflicts = |held: &Held| {
            held.creative == number
                || market
                    .creative(held.creative)
                    .is_some_and(|other| pod.keeps_apart(creative, other))
        };
        if others.any(conflicts) {
            return Err(Ineligible::PodSeparation);
        }
        Ok(())
    }
}
