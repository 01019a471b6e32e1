//! Profiles taken apart for the catalog in force, so that a user who comes back is matched by numbers.

use std::sync::{Arc, Weak};

use bidder_core::facts::UserFacts;
use bidder_core::market::Market;
use contracts::profile::Profile;
use quick_cache::Weighter;
use quick_cache::unsync::Cache;

/// What a user takes at least, in bytes; for how many places the cache is laid out.
const LEAST_BYTES: u64 = 1_024;

/// One profile as it was read, and what is used of it.
#[derive(Debug, Clone)]
struct Known {
    /// Held, so that its address, under which it stands here, names no other.
    _read: Arc<Profile>,
    profile: Arc<Profile>,
    facts: Arc<UserFacts>,
}

/// One worker's users, bounded by bytes; all forgotten when another catalog comes.
pub(crate) struct KnownUsers {
    market: Weak<Market>,
    users: Option<Cache<usize, Known, Weight>>,
}

#[derive(Clone, Copy)]
struct Weight;

impl Weighter<usize, Known> for Weight {
    fn weight(&self, _: &usize, known: &Known) -> u64 {
        LEAST_BYTES + u64::try_from(known.facts.size()).unwrap_or(u64::MAX / 2)
    }
}

impl KnownUsers {
    /// Keeps at most so many bytes; none are kept in fewer than one user takes.
    pub(crate) fn new(bytes: u64) -> Self {
        let places = usize::try_from(bytes / LEAST_BYTES).unwrap_or(usize::MAX);
        let cache = || Cache::with_weighter(places.clamp(16, 1 << 20), bytes, Weight);
        Self {
            market: Weak::new(),
            users: (places > 0).then(cache),
        }
    }

    /// A profile of the process' cache as `bounded` leaves it, and its facts for this catalog.
    pub(crate) fn of(
        &mut self,
        market: &Arc<Market>,
        read: &Arc<Profile>,
        bounded: impl FnOnce(Arc<Profile>) -> Arc<Profile>,
    ) -> (Arc<Profile>, Option<Arc<UserFacts>>) {
        let Some(users) = &mut self.users else {
            return (bounded(Arc::clone(read)), None);
        };
        if !std::ptr::eq(self.market.as_ptr(), Arc::as_ptr(market)) {
            users.clear();
            self.market = Arc::downgrade(market);
        }
        let place = Arc::as_ptr(read).addr();
        if let Some(known) = users.get(&place) {
            return (Arc::clone(&known.profile), Some(Arc::clone(&known.facts)));
        }
        let profile = bounded(Arc::clone(read));
        let facts = Arc::new(market.index.know(&profile));
        users.insert(
            place,
            Known {
                _read: Arc::clone(read),
                profile: Arc::clone(&profile),
                facts: Arc::clone(&facts),
            },
        );
        (profile, Some(facts))
    }
}

#[cfg(test)]
mod tests {
    use bidder_core::lease::LeaseTable;
    use contracts::catalog::Catalog;

    use super::*;

    #[test]
    fn a_profile_is_taken_apart_once_per_catalog() {
        let market = || {
            let leases = LeaseTable::new(units::BootId(uuid::Uuid::nil()));
            Arc::new(Market::build(&Catalog::default(), &leases, "http://b"))
        };
        let (one, other) = (market(), market());
        let profile = serde_json::from_value(serde_json::json!({"user_id": "ifa-9"}));
        let profile = Arc::new(profile.expect("a profile"));
        let mut known = KnownUsers::new(1 << 20);
        let facts = |known: &mut KnownUsers, market| known.of(market, &profile, |it| it).1;
        let first = facts(&mut known, &one).expect("kept");
        let again = facts(&mut known, &one).expect("kept");
        assert!(Arc::ptr_eq(&first, &again), "the same catalog");
        let later = facts(&mut known, &other).expect("kept");
        assert!(!Arc::ptr_eq(&first, &later), "another catalog");
        assert!(facts(&mut KnownUsers::new(0), &one).is_none(), "no memory");
    }
}
