//! What the outbox is delivering, and how much of it is one DSP's: entries that fail take no more than a share.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use tokio::sync::Notify;
use units::PartnerId;

/// What is being delivered.
#[derive(Default)]
pub(super) struct InWork {
    /// An entry that waits for its repetition looks stale, and is not.
    positions: HashSet<String>,
    by_partner: HashMap<PartnerId, Share>,
    /// Bids whose win notices are on their way for the first time: what is billed waits for them.
    wins: HashSet<String>,
    told: Rc<Notify>,
}

/// One DSP's part of it.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    /// Entries of it, those that wait for a repetition among them.
    all: usize,
    /// Those that wait: they failed, and keep their place until they are repeated.
    waiting: usize,
}

impl InWork {
    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.positions.len()
    }

    /// Takes an entry of a DSP on; not one that is there, nor one of a DSP whose share is full of entries that
    /// failed: it stays where it is and comes again as stale.
    pub(super) fn begin(
        &mut self,
        position: &str,
        partner: Option<&PartnerId>,
        most: usize,
    ) -> bool {
        if self.positions.contains(position) {
            return false;
        }
        if let Some(partner) = partner {
            let share = self.by_partner.entry(partner.clone()).or_default();
            if share.waiting >= most && share.all >= most.saturating_mul(2) {
                return false;
            }
            share.all += 1;
        }
        self.positions.insert(position.to_owned())
    }

    pub(super) fn end(&mut self, position: &str, partner: Option<&PartnerId>) {
        self.positions.remove(position);
        let Some(partner) = partner else {
            return;
        };
        if let Some(share) = self.by_partner.get_mut(partner) {
            share.all = share.all.saturating_sub(1);
            if share.all == 0 {
                self.by_partner.remove(partner);
            }
        }
    }

    /// Whether an entry that failed may keep its place until it is repeated; if so it is counted as waiting.
    pub(super) fn may_wait(&mut self, partner: &PartnerId, most: usize) -> bool {
        let Some(share) = self.by_partner.get_mut(partner) else {
            return false;
        };
        let may = share.waiting < most;
        share.waiting += usize::from(may);
        may
    }

    /// The win notice of a bid is on its way.
    pub(super) fn tells_win(&mut self, bid: String) {
        self.wins.insert(bid);
    }

    /// The win notice of a bid was called, whatever came of it.
    pub(super) fn told_win(&mut self, bid: &str) {
        if self.wins.remove(bid) {
            self.told.notify_waiters();
        }
    }

    /// Who hears of the next win notice that was called, where that of this bid is still on its way.
    pub(super) fn win_under_way(&self, bid: &str) -> Option<Rc<Notify>> {
        self.wins.contains(bid).then(|| Rc::clone(&self.told))
    }

    pub(super) fn waits_no_more(&mut self, partner: &PartnerId) {
        if let Some(share) = self.by_partner.get_mut(partner) {
            share.waiting = share.waiting.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_fail_take_no_more_than_their_share() {
        let (bad, good) = (PartnerId::from("bad"), PartnerId::from("good"));
        let mut in_work = InWork::default();
        let begin = |in_work: &mut InWork, at: u32, partner: &PartnerId| {
            in_work.begin(&format!("{partner}-{at}"), Some(partner), 2)
        };
        for at in 0..9 {
            assert!(begin(&mut in_work, at, &bad), "nothing failed so far");
            assert!(!begin(&mut in_work, at, &bad), "it is there already");
        }
        let may_wait = [(); 4].map(|()| in_work.may_wait(&bad, 2));
        assert_eq!(may_wait, [true, true, false, false]);
        for at in 2..9 {
            in_work.end(&format!("bad-{at}"), Some(&bad));
        }
        let more: Vec<bool> = (9..13).map(|at| begin(&mut in_work, at, &bad)).collect();
        assert_eq!(more, [true, true, false, false], "two wait, two are tried");
        assert!(begin(&mut in_work, 0, &good), "another's place is free");
        in_work.waits_no_more(&bad);
        in_work.end("bad-0", Some(&bad));
        assert!(begin(&mut in_work, 11, &bad), "one wait is over");
        for at in [1, 9, 10, 11] {
            in_work.end(&format!("bad-{at}"), Some(&bad));
        }
        in_work.end("good-0", Some(&good));
        assert!(in_work.positions.is_empty() && in_work.by_partner.is_empty());
    }
}
