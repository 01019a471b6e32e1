//! How much one process keeps in the events Redis until it is called for: bounded, however long that takes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};

use units::UnixMillis;

/// What is kept, by when it ends.
#[derive(Debug)]
pub(crate) struct Holding {
    most: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: u64,
    ends: BinaryHeap<Reverse<(UnixMillis, u64)>>,
}

impl Holding {
    /// At most so many bytes at a time.
    #[must_use]
    pub(crate) fn new(most: u64) -> Self {
        Self {
            most,
            kept: Mutex::default(),
        }
    }

    /// Whether so many bytes may be kept until then; if so they are counted.
    pub(crate) fn take(&self, bytes: u64, until: UnixMillis, now: UnixMillis) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(Reverse((end, freed))) = kept.ends.peek().copied() {
            if end > now {
                break;
            }
            kept.ends.pop();
            kept.bytes = kept.bytes.saturating_sub(freed);
        }
        let all = kept.bytes.saturating_add(bytes);
        if all > self.most {
            return false;
        }
        kept.bytes = all;
        kept.ends.push(Reverse((until, bytes)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_fits_and_what_ended_makes_room() {
        let holding = Holding::new(10);
        let take = |bytes, until, now| holding.take(bytes, UnixMillis(until), UnixMillis(now));
        assert!(take(6, 100, 0));
        assert!(take(4, 50, 0));
        assert!(!take(1, 60, 49), "full");
        assert!(take(4, 60, 50), "what ends first made room");
        assert!(!take(11, 200, 300), "more than ever fits");
        assert!(take(10, 400, 300));
        assert!(!take(u64::MAX, 400, 300), "no overflow");
    }
}
