//! The best set of ads by dynamic programming.

use super::fill::{MOST_ADS, MOST_BREAKS, MOST_IN_BREAK, MOST_SECONDS, MOST_SLOTS, Problem};
use super::layout::{Place, Set, Wish, Worth, members, one, plus};

/// States of the pod as numbers: a bit for each slot, and for each break its seconds, its ads, and whether
/// its first and its last slot are taken.
pub(super) struct Scale {
    /// What all lengths have in common, by break.
    unit: [u32; MOST_BREAKS],
    /// Seconds and ads of each break, in units.
    room: [(u32, u32); MOST_BREAKS],
}

const SECONDS_BITS: u32 = 12;
const ADS_BITS: u32 = 6;
const BREAK_BITS: u32 = SECONDS_BITS + ADS_BITS + 2;
const SECONDS_MASK: u64 = (1 << SECONDS_BITS) - 1;
const ADS_MASK: u64 = (1 << ADS_BITS) - 1;
const FIRST: u64 = 1 << (SECONDS_BITS + ADS_BITS);
const LAST: u64 = FIRST << 1;
const SLOTS_AT: u32 = BREAK_BITS * 2;

impl Scale {
    /// `None` for a pod that is too large.
    pub(super) fn of(problem: &Problem<'_>) -> Option<Self> {
        let layout = problem.layout;
        if layout.slots > MOST_SLOTS || layout.breaks.len() > MOST_BREAKS {
            return None;
        }
        let mut scale = Self {
            unit: [1; MOST_BREAKS],
            room: [(0, 0); MOST_BREAKS],
        };
        let places = || problem.ads.iter().map(|ad| ad.place);
        for (at, whole) in layout.breaks.iter().enumerate() {
            let (mut unit, mut shortest) = (0, u32::MAX);
            for place in places() {
                if let Place::Break { index, seconds, .. } = place
                    && index == at
                {
                    unit = common(unit, seconds);
                    shortest = shortest.min(seconds.max(1));
                }
            }
            let unit = unit.max(1);
            let seconds = whole.seconds / unit;
            let ads = whole.ads.min(whole.seconds / shortest);
            if seconds > MOST_SECONDS || ads > MOST_IN_BREAK {
                return None;
            }
            *scale.unit.get_mut(at)? = unit;
            *scale.room.get_mut(at)? = (seconds, ads);
        }
        Some(scale)
    }

    /// What an ad adds to a state; twice where it may be first or last.
    fn moves(&self, place: Place) -> impl Iterator<Item = u64> {
        let (base, ends) = match place {
            Place::Slot(slot) => {
                let slot = u32::try_from(slot).unwrap_or(u32::MAX);
                (1_u64.checked_shl(SLOTS_AT.saturating_add(slot)), [0, 0])
            }
            Place::Break {
                index,
                seconds,
                wish,
            } => {
                let unit = self.unit.get(index).copied().unwrap_or(1);
                let base = u64::from(seconds / unit) | (1 << SECONDS_BITS);
                let ends = match wish {
                    Wish::Any => [0, 0],
                    Wish::First => [FIRST, FIRST],
                    Wish::Last => [LAST, LAST],
                    Wish::FirstOrLast => [FIRST, LAST],
                };
                let shift = if index == 0 { 0 } else { BREAK_BITS };
                let fits = u64::from(seconds / unit) <= SECONDS_MASK;
                (fits.then_some(base << shift), ends.map(|end| end << shift))
            }
        };
        let [first, second] = ends;
        let second = (first != second).then_some(second);
        [Some(first), second]
            .into_iter()
            .flatten()
            .filter_map(move |end| Some(base? | end))
    }

    /// Two states together, where the pod has room for both.
    pub(super) fn together(&self, one: u64, other: u64) -> Option<u64> {
        if (one & other) >> SLOTS_AT != 0 {
            return None;
        }
        for (at, (seconds, ads)) in self.room.iter().enumerate() {
            let shift = if at == 0 { 0 } else { BREAK_BITS };
            let (one, other) = (one >> shift, other >> shift);
            let length = (one & SECONDS_MASK) + (other & SECONDS_MASK);
            let count = ((one >> SECONDS_BITS) & ADS_MASK) + ((other >> SECONDS_BITS) & ADS_MASK);
            if length > u64::from(*seconds)
                || count > u64::from(*ads)
                || one & other & (FIRST | LAST) != 0
            {
                return None;
            }
        }
        // Within its room no part runs over into the next.
        Some(one + other)
    }

    /// How many ads with this move can stand in the pod.
    fn copies(&self, step: u64) -> usize {
        let mut copies = 1;
        let mut state = step;
        while copies < MOST_ADS {
            match self.together(state, step) {
                Some(more) => state = more,
                None => break,
            }
            copies += 1;
        }
        copies
    }
}

/// The greatest common divisor.
fn common(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A set that a component offers.
#[derive(Clone, Copy)]
pub(super) struct Offer {
    pub(super) step: u64,
    pub(super) worth: Worth,
    pub(super) ads: Set,
}

impl Offer {
    /// The empty set.
    pub(super) const NOTHING: Self = Self {
        step: 0,
        worth: [0; 5],
        ads: 0,
    };
}

/// Ads that are decided about together.
pub(super) struct Item {
    pub(super) ads: Set,
    /// Sets of which one is taken at most; or single ads with the same place, the dearest first.
    pub(super) offers: Vec<Offer>,
    /// How many of those single ads the pod has room for: no more could be needed.
    pub(super) most: Option<usize>,
}

/// The best way to a state of the pod.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) key: u64,
    pub(super) worth: Worth,
    pub(super) ads: Set,
}

/// The work done so far.
pub(super) struct Work<'w, 'p> {
    pub(super) problem: &'w Problem<'p>,
    pub(super) steps: usize,
    pub(super) most: usize,
}

impl Work<'_, '_> {
    /// Counts steps; `None` when there were too many.
    pub(super) fn count(&mut self, steps: usize) -> Option<()> {
        self.steps = self.steps.saturating_add(steps);
        (self.steps <= self.most).then_some(())
    }

    /// The best set with `forced`; `None` when the bound was reached.
    pub(super) fn exact(&mut self, scale: &Scale, free: Set, forced: Set) -> Option<Set> {
        let mut states = self.offers(scale, forced, true)?;
        if states.is_empty() {
            states.push(Offer::NOTHING);
        }
        let mut states: Vec<State> = states
            .into_iter()
            .filter(|offer| offer.ads == forced)
            .map(|offer| State {
                key: offer.step,
                worth: offer.worth,
                ads: offer.ads,
            })
            .collect();
        states.sort_by_key(|state| state.key);
        states.dedup_by_key(|state| state.key);
        for item in self.items(scale, free)? {
            self.join(scale, &mut states, &item)?;
        }
        let best = states.iter().max_by(|a, b| {
            let worth = a.worth.cmp(&b.worth);
            worth.then_with(|| b.key.cmp(&a.key))
        })?;
        Some(best.ads)
    }

    /// What the program goes through: components of ads that exclude one another, and ads that differ in their
    /// worth alone.
    pub(super) fn items(&mut self, scale: &Scale, free: Set) -> Option<Vec<Item>> {
        let mut all = Vec::new();
        let mut singles: Vec<Offer> = Vec::new();
        let mut left = free;
        while let Some(ad) = members(left).next() {
            let component = self.component(ad, left);
            left &= !component;
            self.count(1)?;
            let offers = self.offers(scale, component, false)?;
            match offers.as_slice() {
                [single] => singles.push(*single),
                _ => all.push(Item {
                    ads: component,
                    offers,
                    most: None,
                }),
            }
        }
        singles.sort_by(|a, b| a.step.cmp(&b.step).then_with(|| b.worth.cmp(&a.worth)));
        for same in singles.chunk_by(|a, b| a.step == b.step) {
            let step = same.first().map_or(0, |single| single.step);
            all.push(Item {
                ads: same.iter().fold(0, |ads, single| ads | single.ads),
                offers: same.to_vec(),
                most: Some(scale.copies(step)),
            });
        }
        Some(all)
    }

    /// Adds to `states` what an item makes of them.
    pub(super) fn join(
        &mut self,
        scale: &Scale,
        states: &mut Vec<State>,
        item: &Item,
    ) -> Option<()> {
        match item.most {
            None => self.add(scale, states, &item.offers),
            Some(most) => item
                .offers
                .iter()
                .take(most)
                .try_for_each(|single| self.add(scale, states, std::slice::from_ref(single))),
        }
    }

    /// Each offer continues from the states before all of them.
    fn add(&mut self, scale: &Scale, states: &mut Vec<State>, offers: &[Offer]) -> Option<()> {
        let before = states.len();
        let from: Vec<State> = states.clone();
        self.count(before)?;
        let mut merged: Vec<State> = Vec::new();
        for offer in offers {
            self.count(states.len() + before)?;
            merge(scale, states, &from, offer, &mut merged);
        }
        Some(())
    }

    /// All ads that are tied to one by exclusions, over several if need be.
    fn component(&self, ad: usize, within: Set) -> Set {
        let mut component = one(ad);
        let mut front = component;
        while front != 0 {
            let next = members(front).fold(0, |next, ad| next | self.problem.excluded_by(ad));
            front = next & within & !component;
            component |= front;
        }
        component
    }

    /// The sets of these ads that can stand side by side, the empty one left out; with `whole`, ways of
    /// having all of them.
    fn offers(&mut self, scale: &Scale, ads: Set, whole: bool) -> Option<Vec<Offer>> {
        let mut offers = Vec::new();
        self.extend(scale, ads, Offer::NOTHING, whole, &mut offers)?;
        Some(offers)
    }

    fn extend(
        &mut self,
        scale: &Scale,
        left: Set,
        offer: Offer,
        whole: bool,
        offers: &mut Vec<Offer>,
    ) -> Option<()> {
        let problem = self.problem;
        let mut rest = left;
        for index in members(left) {
            rest &= !one(index);
            let Some(ad) = problem.ads.get(index) else {
                continue;
            };
            for step in scale.moves(ad.place) {
                self.count(1)?;
                let Some(step) = scale.together(offer.step, step) else {
                    continue;
                };
                let longer = Offer {
                    step,
                    worth: plus(offer.worth, ad.worth),
                    ads: offer.ads | one(index),
                };
                offers.push(longer);
                let rest = rest & !problem.excluded_by(index);
                self.extend(scale, rest, longer, whole, offers)?;
            }
            // All of them, or nothing of use.
            if whole {
                break;
            }
        }
        Some(())
    }
}

/// Adds to `states` what an offer makes of the states `from`; both stay in the order of their keys.
fn merge(
    scale: &Scale,
    states: &mut Vec<State>,
    from: &[State],
    offer: &Offer,
    merged: &mut Vec<State>,
) {
    merged.clear();
    let mut old = states.iter().copied().peekable();
    for state in from {
        let Some(key) = scale.together(state.key, offer.step) else {
            continue;
        };
        let new = State {
            key,
            worth: plus(state.worth, offer.worth),
            ads: state.ads | offer.ads,
        };
        while let Some(smaller) = old.next_if(|old| old.key < key) {
            merged.push(smaller);
        }
        match old.next_if(|old| old.key == key) {
            Some(same) if same.worth >= new.worth => merged.push(same),
            _ => merged.push(new),
        }
    }
    merged.extend(old);
    std::mem::swap(states, merged);
}
