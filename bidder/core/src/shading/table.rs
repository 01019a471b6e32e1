//! What is learned: least winning prices per scope, bounded in number, and the prices that follow.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use units::{CpmMicros, Probability, UnixMillis};

use super::Question;
use super::histogram::Histogram;
use super::key::{Place, Scope};
use crate::random::mix;

/// How shading learns and how far it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Most places and publishers that are told apart; the one that heard of nothing for longest gives way.
    pub scopes: usize,
    /// A scope with fewer fresh samples asks the next wider one.
    pub samples: u64,
    /// What was seen counts half after so long, in milliseconds.
    pub half_life_ms: i64,
    /// Of the auctions that the stated bid would win, at least this share must be won.
    pub keep_wins: Probability,
    /// Share of bids that go out as stated, so that prices above the shaded ones stay known.
    pub explore: Probability,
}

/// The least price that would have won an auction, as its seller told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumToWin {
    /// Where it was.
    pub place: Place,
    /// When the bid was made.
    pub bid_at: UnixMillis,
    /// The price, in USD.
    pub price: CpmMicros,
}

/// Learns from minimums to win.
#[derive(Debug)]
pub struct ShadingTable {
    policy: Policy,
    scopes: HashMap<Scope, Arc<Histogram>>,
    /// The same scopes but the widest, those that heard of nothing for longest first.
    by_age: BTreeSet<(UnixMillis, Scope)>,
}

/// What was learned up to an instant, to bid by.
#[derive(Debug, Clone)]
pub struct ShadingView {
    policy: Policy,
    scopes: HashMap<Scope, Arc<Histogram>>,
}

/// What the table says of a bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// This one goes out as stated, to see what lies above.
    Explores,
    /// Too little is known, even of everything.
    TooLittle,
    /// What to bid instead.
    Learned {
        /// In USD.
        price: CpmMicros,
        /// What it was learned for.
        scope: &'static str,
        /// When something was last heard of it: the version of what was learned.
        until: UnixMillis,
    },
}

/// A table as it is written down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedTable {
    scopes: Vec<SavedScope>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedScope {
    scope: Scope,
    as_of: UnixMillis,
    heard_at: UnixMillis,
    weights: Vec<(u16, u32)>,
}

impl ShadingTable {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            scopes: HashMap::new(),
            by_age: BTreeSet::new(),
        }
    }

    /// Goes on from what was written down; of too many scopes the newest are kept.
    #[must_use]
    pub fn restore(policy: Policy, saved: &SavedTable) -> Self {
        let mut table = Self::new(policy);
        for it in &saved.scopes {
            let histogram = Histogram::of(it.as_of, it.heard_at, &it.weights);
            table.put(it.scope, Arc::new(histogram));
        }
        table
    }

    /// Takes note of what an auction's seller told.
    pub fn observe(&mut self, told: &MinimumToWin, now: UnixMillis) {
        for scope in told.place.scopes(told.bid_at) {
            let known = self.scopes.remove(&scope);
            if let Some(known) = &known {
                self.by_age.remove(&(known.heard_at(), scope));
            }
            let mut histogram = known.unwrap_or_else(|| Arc::new(Histogram::new(now)));
            Arc::make_mut(&mut histogram).add(told.price, now, self.policy.half_life_ms);
            self.put(scope, histogram);
        }
    }

    /// What is known now.
    #[must_use]
    pub fn view(&self) -> ShadingView {
        ShadingView {
            policy: self.policy,
            scopes: self.scopes.clone(),
        }
    }

    /// What is known now, to be written down.
    #[must_use]
    pub fn save(&self) -> SavedTable {
        let saved = self.scopes.iter().map(|(scope, histogram)| SavedScope {
            scope: *scope,
            as_of: histogram.as_of(),
            heard_at: histogram.heard_at(),
            weights: histogram.weights().collect(),
        });
        let mut scopes: Vec<_> = saved.collect();
        scopes.sort_unstable_by_key(|it| (it.heard_at, it.scope));
        SavedTable { scopes }
    }

    /// How many places and publishers are told apart.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Whether nothing was heard of any place.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_age.is_empty()
    }

    fn put(&mut self, scope: Scope, histogram: Arc<Histogram>) {
        if scope != Scope::All {
            if self.by_age.len() >= self.policy.scopes
                && let Some((_, oldest)) = self.by_age.pop_first()
            {
                self.scopes.remove(&oldest);
            }
            if self.policy.scopes == 0 {
                return;
            }
            self.by_age.insert((histogram.heard_at(), scope));
        }
        self.scopes.insert(scope, histogram);
    }
}

impl ShadingView {
    /// Knows nothing: every bid goes out as stated.
    #[must_use]
    pub fn empty(policy: Policy) -> Self {
        Self {
            policy,
            scopes: HashMap::new(),
        }
    }

    /// What to bid in place of what is stated, in USD; `None` for the stated bid itself: where too little is
    /// known, even of everything, and for the share that explores.
    #[must_use]
    pub fn answer(&self, question: &Question, now: UnixMillis) -> Option<CpmMicros> {
        match self.look(question, now) {
            Looked::Learned { price, .. } => Some(price),
            Looked::Explores | Looked::TooLittle => None,
        }
    }

    /// The answer, and what it rests on.
    #[must_use]
    pub fn look(&self, question: &Question, now: UnixMillis) -> Looked {
        const SALT: u64 = 0x7368_6164_696e_6700;
        let Policy {
            samples,
            half_life_ms,
            keep_wins,
            explore,
            ..
        } = self.policy;
        let draw = mix(question.draw ^ SALT) % u64::from(Probability::ONE.billionths());
        if draw < u64::from(explore.billionths()) {
            return Looked::Explores;
        }
        let mut known = question
            .place
            .scopes(now)
            .into_iter()
            .filter_map(|scope| Some((scope, self.scopes.get(&scope)?)));
        let known = known.find(|(_, it)| it.samples(now, half_life_ms) >= samples.max(1));
        let Some((scope, learned)) = known else {
            return Looked::TooLittle;
        };
        Looked::Learned {
            price: learned.best(question.stated, question.floor, keep_wins),
            scope: scope.label(),
            until: learned.heard_at(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const POLICY: Policy = Policy {
        scopes: 4,
        samples: 10,
        half_life_ms: 24 * HOUR,
        keep_wins: Probability::ZERO,
        explore: Probability::ZERO,
    };

    fn place(publisher: u8, shape: u8) -> Place {
        Place::parse(&format!("{publisher:016x}{shape:08x}")).unwrap()
    }

    fn cpm(text: &str) -> CpmMicros {
        CpmMicros::parse(text).unwrap()
    }

    fn teach(table: &mut ShadingTable, place: Place, price: &str, times: u32, at: UnixMillis) {
        for _ in 0..times {
            let told = MinimumToWin {
                place,
                bid_at: at,
                price: cpm(price),
            };
            table.observe(&told, at);
        }
    }

    /// The price to the cent below, for a value of 8.
    fn cents(table: &ShadingTable, place: Place, now: UnixMillis) -> Option<i64> {
        let question = Question {
            place,
            stated: cpm("8"),
            floor: CpmMicros::ZERO,
            draw: 1,
        };
        let price = table.view().answer(&question, now)?;
        Some(price.micros() / 10_000)
    }

    #[test]
    fn the_narrowest_scope_with_enough_samples_tells_the_price() {
        let mut table = ShadingTable::new(POLICY);
        let now = UnixMillis(0);
        assert_eq!(cents(&table, place(1, 1), now), None, "nothing is known");
        teach(&mut table, place(1, 1), "1", 10, now);
        let known = cents(&table, place(1, 1), now);
        assert!(
            matches!(known, Some(100..=106)),
            "the place itself: {known:?}"
        );
        teach(&mut table, place(2, 1), "4", 10, now);
        let fallback = cents(&table, place(2, 2), now);
        assert!(
            matches!(fallback, Some(400..=425)),
            "its publisher: {fallback:?}"
        );
        let other_hour = cents(&table, place(1, 1), UnixMillis(HOUR));
        assert!(
            matches!(other_hour, Some(100..=106)),
            "another hour, its publisher: {other_hour:?}"
        );
        let strange = cents(&table, place(3, 3), now);
        assert!(
            matches!(strange, Some(100..=425)),
            "everything: {strange:?}"
        );
        assert_eq!(
            cents(&table, place(1, 1), UnixMillis(24 * 30 * HOUR)),
            None,
            "long ago"
        );
    }

    #[test]
    fn a_share_explores() {
        let policy = Policy {
            explore: Probability::parse("0.25").unwrap(),
            ..POLICY
        };
        let mut table = ShadingTable::new(policy);
        teach(&mut table, place(1, 1), "1", 10, UnixMillis(0));
        let view = table.view();
        let stated = (0..10_000_u64).filter(|draw| {
            let question = Question {
                place: place(1, 1),
                stated: cpm("8"),
                floor: CpmMicros::ZERO,
                draw: *draw,
            };
            view.answer(&question, UnixMillis(0)).is_none()
        });
        let stated = stated.count();
        assert!((2_300..2_700).contains(&stated), "{stated} of 10000");
    }

    #[test]
    fn the_scope_that_heard_of_nothing_for_longest_gives_way() {
        let mut table = ShadingTable::new(POLICY);
        for publisher in 1..=50 {
            let now = UnixMillis(i64::from(publisher));
            teach(&mut table, place(publisher, 1), "1", 10, now);
            assert!(table.len() <= 4, "{}", table.len());
        }
        let known = |publisher| table.scopes.contains_key(&Scope::Publisher(publisher));
        assert!(known(50) && known(49) && !known(48));
        assert!(
            table.scopes.contains_key(&Scope::All),
            "everything never gives way"
        );
    }

    #[test]
    fn what_was_written_down_is_gone_on_from() {
        let mut table = ShadingTable::new(POLICY);
        teach(&mut table, place(1, 1), "1", 20, UnixMillis(7));
        let json = serde_json::to_string(&table.save()).unwrap();
        let saved: SavedTable = serde_json::from_str(&json).unwrap();
        let restored = ShadingTable::restore(POLICY, &saved);
        assert_eq!(restored.save(), table.save());
        let price = cents(&restored, place(1, 1), UnixMillis(8));
        assert!(matches!(price, Some(100..=106)), "{price:?}");
        // A smaller table keeps the newest, and none keeps everything only.
        let one = Policy {
            scopes: 1,
            ..POLICY
        };
        assert_eq!(ShadingTable::restore(one, &saved).len(), 1);
        let none = Policy {
            scopes: 0,
            ..POLICY
        };
        assert!(ShadingTable::restore(none, &saved).is_empty());
    }
}
