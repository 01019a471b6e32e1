//! Users that were read a moment ago, kept in the process, so that their next bid waits for nothing.
//!
//! Stamps in here may be behind: caps are confirmed by the script whatever they say (money.md). A write
//! of a profile and an erasure are told to every process at once (`keys::CHANGES`) and remove the user
//! from here; should that not arrive, the user is forgotten after the cache's life.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use contracts::matches::Matches;
use contracts::profile::Profile;
use contracts::stamps::UserStamps;
use quick_cache::Weighter;
use quick_cache::sync;
use units::UserId;

/// Users whose forgetting is told apart; of two in one place one may be read once more than needed.
const PLACES: usize = 1_024;
/// What a user takes at least, in bytes; for how many places the cache is laid out.
const LEAST_BYTES: u64 = 512;

/// One id as it is in Redis.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) profile: Option<Arc<Profile>>,
    pub(crate) stamps: Arc<UserStamps>,
    /// A profile was there but could not be read.
    pub(crate) unreadable: bool,
    /// The user whose alias this id is.
    pub(crate) alias_of: Option<UserId>,
}

/// What can be kept of a user.
pub(crate) trait Weighed {
    /// The bytes that it takes, about.
    fn bytes(&self) -> usize;
}

struct Kept<V> {
    read_at: Instant,
    known: Arc<V>,
}

impl<V> Clone for Kept<V> {
    fn clone(&self) -> Self {
        Self {
            read_at: self.read_at,
            known: Arc::clone(&self.known),
        }
    }
}

/// Bounded by bytes and by time.
pub(crate) struct Cache<V> {
    users: sync::Cache<Box<str>, Kept<V>, Weight>,
    life: Duration,
    hasher: RandomState,
    /// How often a user of each place was forgotten.
    forgotten: Box<[AtomicU64]>,
}

#[derive(Clone, Copy)]
struct Weight;

impl<V: Weighed> Weighter<Box<str>, Kept<V>> for Weight {
    fn weight(&self, id: &Box<str>, kept: &Kept<V>) -> u64 {
        let bytes = id.len() + kept.known.bytes();
        LEAST_BYTES + u64::try_from(bytes).unwrap_or(u64::MAX / 2)
    }
}

impl Weighed for Known {
    fn bytes(&self) -> usize {
        let Self {
            profile, stamps, ..
        } = self;
        let of_profile = profile.as_ref().map_or(0, |it| {
            (it.segments.len() + it.interests.len() + it.behaviors.len()) * 64
        });
        let of_scope =
            |it: &contracts::stamps::ScopeStamps| 96 + (it.confirmed.len() + it.pending.len()) * 8;
        let of_stamps: usize = stamps.scopes.values().map(of_scope).sum();
        of_profile + of_stamps
    }
}

/// Says whether a user was forgotten since it was made.
#[derive(Clone, Copy)]
pub(crate) struct Mark(u64);

impl Weighed for Matches {
    fn bytes(&self) -> usize {
        let ids = self.0.iter();
        ids.map(|it| 64 + it.partner.as_str().len() + it.uid.len())
            .sum()
    }
}

impl<V: Weighed> Cache<V> {
    /// None for no bytes or no life.
    pub(crate) fn new(bytes: u64, life: Duration) -> Option<Self> {
        if bytes == 0 || life.is_zero() {
            return None;
        }
        let items = usize::try_from(bytes / LEAST_BYTES).unwrap_or(usize::MAX);
        Some(Self {
            users: sync::Cache::with_weighter(items.clamp(16, 1 << 20), bytes, Weight),
            life,
            hasher: RandomState::new(),
            forgotten: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
        })
    }

    pub(crate) fn get(&self, id: &str, now: Instant) -> Option<Arc<V>> {
        let kept = self.users.get(id)?;
        let fresh = now.saturating_duration_since(kept.read_at) < self.life;
        fresh.then_some(kept.known)
    }

    /// To be made before a user is read.
    pub(crate) fn mark(&self, id: &str) -> Mark {
        Mark(self.place(id).load(Relaxed))
    }

    /// Keeps what was read since the mark, unless the user was forgotten in between.
    pub(crate) fn keep(&self, id: &str, known: Arc<V>, mark: Mark, read_at: Instant) {
        let place = self.place(id);
        if place.load(Relaxed) != mark.0 {
            return;
        }
        self.users.insert(id.into(), Kept { read_at, known });
        if place.load(Relaxed) != mark.0 {
            self.users.remove(id);
        }
    }

    pub(crate) fn forget(&self, id: &str) {
        self.place(id).fetch_add(1, Relaxed);
        self.users.remove(id);
    }

    /// For when it is not known who changed.
    pub(crate) fn forget_all(&self) {
        for place in &self.forgotten {
            place.fetch_add(1, Relaxed);
        }
        self.users.clear();
    }

    fn place(&self, id: &str) -> &AtomicU64 {
        let places = u64::try_from(PLACES).unwrap_or(1);
        let at = usize::try_from(self.hasher.hash_one(id) % places).unwrap_or(0);
        self.forgotten.get(at).unwrap_or(&self.forgotten[0])
    }
}

impl<V: Weighed> std::fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache")
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(10);

    #[test]
    fn a_user_is_kept_for_its_life_unless_forgotten() {
        let none = |bytes, life| Cache::<Known>::new(bytes, life).is_none();
        assert!(none(0, LIFE) && none(1, Duration::ZERO));
        let cache: Cache<Known> = Cache::new(1 << 20, LIFE).unwrap();
        let now = Instant::now();
        let known = || Arc::new(Known::default());
        cache.keep("u", known(), cache.mark("u"), now);
        assert!(cache.get("u", now + LIFE / 2).is_some());
        assert!(cache.get("u", now + LIFE).is_none(), "its life is over");
        assert!(cache.get("v", now).is_none());
        cache.forget("u");
        assert!(cache.get("u", now).is_none(), "S13: forgotten");

        let mark = cache.mark("u");
        cache.forget("u");
        cache.keep("u", known(), mark, now);
        assert!(
            cache.get("u", now).is_none(),
            "what was read before it was forgotten is not kept"
        );
        let mark = cache.mark("u");
        cache.forget_all();
        cache.keep("u", known(), mark, now);
        assert!(cache.get("u", now).is_none());
    }

    #[test]
    fn it_keeps_so_many_bytes_and_no_more() {
        let cache = Cache::new(64 * 1024, LIFE).unwrap();
        let now = Instant::now();
        for number in 0..10_000 {
            let id = format!("user-{number}");
            cache.keep(&id, Arc::new(Known::default()), cache.mark(&id), now);
        }
        assert!(
            cache.users.weight() <= 64 * 1024,
            "{}",
            cache.users.weight()
        );
        assert!(cache.users.len() > 10);
    }
}
