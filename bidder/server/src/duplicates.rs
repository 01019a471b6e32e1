//! The same opportunity, offered through several SSPs: the first call bids, the others do not.
//!
//! Known are the opportunities that this process bid on a moment ago; another process does not know of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bidder_core::decide::{Chosen, Decision};
use bidder_core::lease::BootMillis;
use bidder_core::opportunity::{Imp, Opportunity};
use bidder_core::random::{hash, mix};
use openrtb::BidRequest;
use serde::Deserialize;
use service::config::Millis;

use crate::worker::Worker;

const SHARDS: usize = 64;

/// How many opportunities are remembered, and how long.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateLimits {
    /// An opportunity is the same for so long.
    pub life: Millis,
    /// Most that are remembered; the oldest go first. 0: none.
    pub most: usize,
}

/// Opportunities that were bid on, by `source.tid` and imp.
#[derive(Debug)]
pub(crate) struct Opportunities {
    shards: Vec<Mutex<Shard>>,
    most: usize,
    life_ms: u64,
    /// Nobody outside can choose which opportunities collide.
    salt: u64,
}

#[derive(Debug, Default)]
struct Shard {
    /// By opportunity: the request that bid on it, and until when that counts.
    known: HashMap<u64, (u64, BootMillis)>,
    /// In the order of their ends.
    ends: VecDeque<(BootMillis, u64)>,
}

/// One imp of a request as other SSPs may offer it, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    opportunity: u64,
    request: u64,
}

impl Opportunities {
    pub(crate) fn new(limits: &DuplicateLimits, salt: u64) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            most: limits.most.div_ceil(SHARDS),
            life_ms: u64::try_from(limits.life.0.as_millis()).unwrap_or(u64::MAX),
            salt,
        }
    }

    /// The claim of a request on an imp.
    pub(crate) fn of(&self, tid: &str, imp: &str, request: &str) -> Claim {
        let text = |text: &str| mix(hash(text.as_bytes()) ^ self.salt);
        Claim {
            opportunity: mix(text(tid) ^ text(imp).rotate_left(1)),
            request: text(request),
        }
    }

    /// Whether the request may bid: nobody else did. A repeated call of the same request may again.
    pub(crate) fn claim(&self, claim: Claim, now: BootMillis) -> bool {
        let Some(shard) = self.shard(claim).filter(|_| self.most > 0) else {
            return true;
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((end, oldest)) = shard.ends.front().copied()
            && (end <= now || shard.ends.len() >= self.most)
        {
            shard.ends.pop_front();
            if shard.known.get(&oldest).is_some_and(|(_, it)| *it == end) {
                shard.known.remove(&oldest);
            }
        }
        if let Some((request, _)) = shard.known.get(&claim.opportunity) {
            return *request == claim.request;
        }
        let end = now.after_ms(self.life_ms);
        shard.known.insert(claim.opportunity, (claim.request, end));
        shard.ends.push_back((end, claim.opportunity));
        true
    }

    /// Whether another request bid on the opportunity.
    pub(crate) fn is_of_another(&self, claim: Claim, now: BootMillis) -> bool {
        let Some(shard) = self.shard(claim) else {
            return false;
        };
        let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shard.known.get(&claim.opportunity);
        known.is_some_and(|(request, end)| *request != claim.request && *end > now)
    }

    /// The request did not bid after all.
    pub(crate) fn release(&self, claim: Claim) {
        let Some(shard) = self.shard(claim) else {
            return;
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard
            .known
            .get(&claim.opportunity)
            .is_some_and(|(it, _)| *it == claim.request)
        {
            shard.known.remove(&claim.opportunity);
        }
    }

    fn shard(&self, claim: Claim) -> Option<&Mutex<Shard>> {
        let at = claim.opportunity % (SHARDS as u64);
        self.shards.get(usize::try_from(at).ok()?)
    }
}

/// The claims of a decision's bids, in their order.
#[derive(Debug)]
pub(crate) struct Claims(Vec<(Claim, bool)>);

impl Claims {
    /// Claims the imps of all bids; none without a `source.tid`.
    pub(crate) fn make(
        worker: &Worker,
        request: &BidRequest<'_>,
        decision: &Decision<'_>,
        now: BootMillis,
    ) -> Self {
        let tid = request.source.as_deref().and_then(|it| it.tid.as_deref());
        let (Some(tid), Some(id)) = (tid.filter(|it| !it.is_empty()), request.id.as_deref()) else {
            return Self(Vec::new());
        };
        let table = &worker.shared.opportunities;
        let claim = |chosen: &Chosen<'_>| {
            let claim = table.of(tid, chosen.imp.id, id);
            (claim, table.claim(claim, now))
        };
        Self(decision.imps.iter().map(claim).collect())
    }

    /// The imps, by their place in the request, on whose opportunity another request has bid.
    pub(crate) fn of_others(
        worker: &Worker,
        opportunity: &Opportunity<'_>,
        now: BootMillis,
    ) -> Vec<usize> {
        let request = opportunity.request;
        let tid = request.source.as_deref().and_then(|it| it.tid.as_deref());
        let Some(tid) = tid.filter(|it| !it.is_empty()) else {
            return Vec::new();
        };
        let table = &worker.shared.opportunities;
        let is_taken =
            |imp: &&Imp<'_>| table.is_of_another(table.of(tid, imp.id, opportunity.id), now);
        let taken = opportunity.imps.iter().filter(is_taken);
        taken.map(|imp| imp.number).collect()
    }

    /// Whether a bid's opportunity was bid on by another request.
    pub(crate) fn denies(&self, bid: usize) -> bool {
        self.0.get(bid).is_some_and(|(_, granted)| !granted)
    }

    /// Whether all bids are so denied.
    pub(crate) fn deny_all(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|(_, granted)| !granted)
    }

    /// Keeps the claims of what went out, and leaves the others to whoever comes next.
    pub(crate) fn keep(&self, worker: &Worker, places: &[Option<usize>]) {
        let table = &worker.shared.opportunities;
        let went_out = |at: usize| places.get(at).copied().flatten().is_some();
        for (claim, _) in self.0.iter().filter(|(_, granted)| *granted) {
            // Bids on one imp share their claim.
            let mut bids = self.0.iter().enumerate();
            let is_used = |(at, (it, _)): (usize, &(Claim, bool))| {
                it.opportunity == claim.opportunity && went_out(at)
            };
            if !bids.any(is_used) {
                table.release(*claim);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: BootMillis = BootMillis(1_000);

    fn table(most: usize) -> Opportunities {
        let life = Millis(Duration::from_secs(10));
        Opportunities::new(&DuplicateLimits { life, most }, 7)
    }

    #[test]
    fn one_bid_per_tid_and_imp() {
        let table = table(1_000);
        struct Case(&'static str, [&'static str; 3], u64, bool);
        let cases = [
            Case("the first", ["t1", "1", "ssp-a"], 0, true),
            Case("through another SSP", ["t1", "1", "ssp-b"], 10, false),
            Case("the same call again", ["t1", "1", "ssp-a"], 20, true),
            Case("another imp", ["t1", "2", "ssp-b"], 30, true),
            Case("another opportunity", ["t2", "1", "ssp-b"], 40, true),
            Case("still the same", ["t1", "1", "ssp-b"], 9_999, false),
            Case("its life is over", ["t1", "1", "ssp-b"], 10_000, true),
        ];
        for Case(says, [tid, imp, request], after, may) in cases {
            let claim = table.of(tid, imp, request);
            let now = NOW.after_ms(after);
            assert_eq!(table.is_of_another(claim, now), !may, "{says}");
            assert_eq!(table.claim(claim, now), may, "{says}");
        }
    }

    #[test]
    fn who_did_not_bid_leaves_it_to_the_next() {
        let table = table(1_000);
        let (one, two) = (table.of("t", "1", "a"), table.of("t", "1", "b"));
        assert!(table.claim(one, NOW) && !table.claim(two, NOW));
        table.release(two);
        assert!(!table.claim(two, NOW), "only its own claim");
        table.release(one);
        assert!(table.claim(two, NOW) && !table.claim(one, NOW));
    }

    #[test]
    fn it_is_bounded() {
        let small = table(SHARDS * 4);
        for at in 0..10_000 {
            small.claim(small.of(&at.to_string(), "1", "a"), NOW);
        }
        let held = |shard: &Mutex<Shard>| shard.lock().unwrap().known.len();
        assert!(small.shards.iter().map(held).sum::<usize>() <= SHARDS * 4);
        let off = table(0);
        let claims = [off.of("t", "1", "a"), off.of("t", "1", "b")];
        assert!(claims.into_iter().all(|it| off.claim(it, NOW)));
    }
}
