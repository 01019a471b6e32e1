//! The best set of ads for a pod: exact by dynamic programming within a stated bound of work, else greedy.
//!
//! Exact means: no other legal set brings more, compared tier by tier ([`Worth`]). Ads that exclude one
//! another (de-duplication) are taken together as components; each component offers the sets of its ads that
//! may stand side by side, and the program goes through the components once, keeping the best worth for every
//! state of the pod (slots filled; seconds and ads of each break; its first and last slot). Its work is the
//! number of states that are written, and is counted: [`MOST_STEPS`] at most in one auction. A pod that would
//! need more, or is larger than [`MOST_SLOTS`], [`MOST_BREAKS`], [`MOST_SECONDS`] and [`MOST_ADS`] allow, is
//! filled greedily: ads one after the other, by tier and price per second, and again by tier and price; the
//! better of both.

use std::cmp::Ordering;

/// States written in all pods of one auction, before pods are filled greedily.
pub const MOST_STEPS: usize = 100_000;
/// Ads that are considered for one pod; of more those that come first by tier and price per second.
pub const MOST_ADS: usize = 128;
/// Slots of one pod that are filled exactly.
pub const MOST_SLOTS: usize = 16;
/// Breaks of one pod that are filled exactly.
pub const MOST_BREAKS: usize = 2;
/// Seconds of a break that is filled exactly, after division by what all lengths have in common.
pub const MOST_SECONDS: u32 = 4_095;
/// Ads in a break that is filled exactly.
const MOST_IN_BREAK: u32 = 63;

/// What ads bring: micros by tier, the highest tier first, and then a random number that decides between
/// equals. Sums are compared from the left.
pub type Worth = [i64; 5];

/// The sum of two worths.
#[must_use]
pub fn plus(one: Worth, other: Worth) -> Worth {
    let mut sum = one;
    for (sum, part) in sum.iter_mut().zip(other) {
        *sum = sum.saturating_add(part);
    }
    sum
}

/// Which slot of a break an ad wants (`bid.slotinpod`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Any.
    Any,
    /// The first, or none.
    First,
    /// The last, or none.
    Last,
    /// The first or the last, or none.
    FirstOrLast,
}

/// The place that an ad takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A slot of its own, by its number in the pod (structured).
    Slot(usize),
    /// Some seconds of a break (dynamic).
    Break {
        /// Which break.
        index: usize,
        /// How long the ad is, at least 1.
        seconds: u32,
        /// Which slot it wants.
        wish: Wish,
    },
}

/// A break that is filled with as many ads as fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// `poddur`.
    pub seconds: u32,
    /// `maxseq`; [`u32::MAX`] where it is absent.
    pub ads: u32,
}

/// What there is to be filled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// How many structured slots.
    pub slots: usize,
    /// The breaks.
    pub breaks: Vec<Break>,
}

/// An ad that could be in the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ad {
    /// Where.
    pub place: Place,
    /// What it brings.
    pub worth: Worth,
}

/// Ads as a set, by index.
pub type Set = u128;

/// The set of one ad.
#[must_use]
pub const fn one(ad: usize) -> Set {
    if ad < MOST_ADS { 1 << ad } else { 0 }
}

/// The ads of a set, in order.
pub fn members(mut set: Set) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let next = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        usize::try_from(next).ok().filter(|ad| *ad < MOST_ADS)
    })
}

/// A filled pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filling {
    /// The ads that are in it.
    pub ads: Set,
    /// What they bring together.
    pub worth: Worth,
    /// States that were written to find it.
    pub steps: usize,
    /// Whether no other set brings more.
    pub exact: bool,
}

/// A pod to be filled.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'p> {
    /// What there is to be filled.
    pub layout: &'p Layout,
    /// At most [`MOST_ADS`] ads.
    pub ads: &'p [Ad],
    /// For each ad those that may not stand beside it; symmetric.
    pub excludes: &'p [Set],
}

impl Problem<'_> {
    /// The best set among `candidates` that holds all of `forced`; `None` when those cannot stand together.
    #[must_use]
    pub fn fill(&self, candidates: Set, forced: Set, steps: usize) -> Option<Filling> {
        let mut usage = Usage::of(self.layout);
        let mut excluded: Set = 0;
        for ad in members(forced) {
            if excluded & one(ad) != 0 || !usage.take(self.ads.get(ad)?.place) {
                return None;
            }
            excluded |= self.excluded_by(ad);
        }
        let free = candidates & !forced & !excluded;
        let mut work = Work {
            problem: self,
            steps: 0,
            most: steps,
        };
        let exact = Scale::of(self).and_then(|scale| work.exact(&scale, free, forced));
        let steps = work.steps;
        let (ads, exact) = match exact {
            Some(ads) => (ads, true),
            None => (self.greedy(free, forced, &usage), false),
        };
        Some(Filling {
            ads,
            worth: self.worth(ads),
            steps,
            exact,
        })
    }

    /// What a set brings.
    #[must_use]
    pub fn worth(&self, ads: Set) -> Worth {
        members(ads)
            .filter_map(|ad| self.ads.get(ad))
            .fold(Worth::default(), |sum, ad| plus(sum, ad.worth))
    }

    fn excluded_by(&self, ad: usize) -> Set {
        self.excludes.get(ad).copied().unwrap_or_default()
    }

    /// Whether a set can stand in the pod.
    #[must_use]
    pub fn is_legal(&self, ads: Set) -> bool {
        let mut usage = Usage::of(self.layout);
        members(ads).all(|ad| {
            self.excluded_by(ad) & ads == 0
                && self.ads.get(ad).is_some_and(|ad| usage.take(ad.place))
        })
    }

    fn greedy(&self, free: Set, forced: Set, usage: &Usage) -> Set {
        let in_order = |order: fn(&Ad, &Ad) -> Ordering| {
            let mut ads: Vec<usize> = members(free).collect();
            ads.sort_by(|a, b| match (self.ads.get(*a), self.ads.get(*b)) {
                (Some(a), Some(b)) => order(b, a),
                _ => Ordering::Equal,
            });
            let mut usage = usage.clone();
            let (mut set, mut excluded) = (forced, 0);
            for ad in ads {
                let place = self.ads.get(ad).map(|ad| ad.place);
                if excluded & one(ad) == 0 && place.is_some_and(|place| usage.take(place)) {
                    set |= one(ad);
                    excluded |= self.excluded_by(ad);
                }
            }
            set
        };
        let dense = in_order(by_density);
        let dear = in_order(|a, b| a.worth.cmp(&b.worth));
        if self.worth(dear) > self.worth(dense) {
            dear
        } else {
            dense
        }
    }
}

/// By tier, then price per second, then the random number.
#[must_use]
pub fn by_density(a: &Ad, b: &Ad) -> Ordering {
    let tier = |ad: &Ad| ad.worth.iter().position(|part| *part > 0);
    let seconds = |ad: &Ad| match ad.place {
        Place::Slot(_) => 1,
        Place::Break { seconds, .. } => i128::from(seconds.max(1)),
    };
    let price = |ad: &Ad| {
        let [.., last] = ad.worth;
        tier(ad)
            .and_then(|tier| ad.worth.get(tier))
            .map_or(i128::from(last), |price| i128::from(*price))
    };
    let last = |ad: &Ad| {
        let [.., last] = ad.worth;
        last
    };
    // The first tier is the highest.
    tier(b)
        .cmp(&tier(a))
        .then_with(|| (price(a) * seconds(b)).cmp(&(price(b) * seconds(a))))
        .then_with(|| last(a).cmp(&last(b)))
}

/// What is left of a pod.
#[derive(Debug, Clone)]
pub(super) struct Usage {
    slots: Vec<bool>,
    breaks: Vec<(Break, Ends)>,
}

/// How many ads of a break want one of its ends.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    first: u32,
    last: u32,
    either: u32,
}

impl Usage {
    pub(super) fn of(layout: &Layout) -> Self {
        Self {
            slots: vec![false; layout.slots],
            breaks: layout
                .breaks
                .iter()
                .map(|left| (*left, Ends::default()))
                .collect(),
        }
    }

    /// Takes a place, if it is free.
    pub(super) fn take(&mut self, place: Place) -> bool {
        match place {
            Place::Slot(slot) => {
                let free = self.slots.get_mut(slot).filter(|taken| !**taken);
                free.map(|taken| *taken = true).is_some()
            }
            Place::Break {
                index,
                seconds,
                wish,
            } => {
                let Some((left, ends)) = self.breaks.get_mut(index) else {
                    return false;
                };
                let mut wanted = *ends;
                let ends_fit = wanted.want(wish);
                let after = left
                    .seconds
                    .checked_sub(seconds)
                    .zip(left.ads.checked_sub(1));
                match after.filter(|_| ends_fit) {
                    Some((seconds, ads)) => {
                        *left = Break { seconds, ads };
                        *ends = wanted;
                        true
                    }
                    None => false,
                }
            }
        }
    }
}

impl Usage {
    /// Whether there is room for one ad when another has left.
    pub(super) fn has_room(&self, into: Place, out: Place) -> bool {
        match (into, out) {
            (Place::Slot(slot), out) => {
                let taken = self.slots.get(slot).copied();
                taken.is_some_and(|taken| !taken || out == Place::Slot(slot))
            }
            (
                Place::Break {
                    index,
                    seconds,
                    wish,
                },
                out,
            ) => {
                let Some((mut left, mut ends)) = self.breaks.get(index).copied() else {
                    return false;
                };
                if let Place::Break {
                    index: other,
                    seconds,
                    wish,
                } = out
                    && other == index
                {
                    left.seconds = left.seconds.saturating_add(seconds);
                    left.ads = left.ads.saturating_add(1);
                    ends.give_back(wish);
                }
                ends.want(wish) && left.seconds >= seconds && left.ads >= 1
            }
        }
    }
}

impl Ends {
    /// Notes a wish; whether all can be granted.
    const fn want(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::Any => {}
            Wish::First => self.first += 1,
            Wish::Last => self.last += 1,
            Wish::FirstOrLast => self.either += 1,
        }
        self.first <= 1 && self.last <= 1 && self.first + self.last + self.either <= 2
    }

    const fn give_back(&mut self, wish: Wish) {
        match wish {
            Wish::Any => {}
            Wish::First => self.first = self.first.saturating_sub(1),
            Wish::Last => self.last = self.last.saturating_sub(1),
            Wish::FirstOrLast => self.either = self.either.saturating_sub(1),
        }
    }
}

/// States of the pod as numbers: a bit for each slot, and for each break its seconds, its ads, and whether
/// its first and its last slot are taken.
struct Scale {
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
    fn of(problem: &Problem<'_>) -> Option<Self> {
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
    fn together(&self, one: u64, other: u64) -> Option<u64> {
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
struct Offer {
    step: u64,
    worth: Worth,
    ads: Set,
}

/// The best way to a state of the pod.
#[derive(Clone, Copy)]
struct State {
    key: u64,
    worth: Worth,
    ads: Set,
}

/// The work done so far.
struct Work<'w, 'p> {
    problem: &'w Problem<'p>,
    steps: usize,
    most: usize,
}

impl Work<'_, '_> {
    /// Counts steps; `None` when there were too many.
    fn count(&mut self, steps: usize) -> Option<()> {
        self.steps = self.steps.saturating_add(steps);
        (self.steps <= self.most).then_some(())
    }

    /// The best set with `forced`; `None` when the bound was reached.
    fn exact(&mut self, scale: &Scale, free: Set, forced: Set) -> Option<Set> {
        let mut states = self.offers(scale, forced, true)?;
        if states.is_empty() {
            states.push(Offer {
                step: 0,
                worth: Worth::default(),
                ads: 0,
            });
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
        let mut merged: Vec<State> = Vec::new();
        for offers in self.components(scale, free)? {
            // Each offer continues from the states before this component.
            let before = states.len();
            let from: Vec<State> = states.clone();
            self.count(before)?;
            for offer in offers {
                self.count(states.len() + before)?;
                merge(scale, &mut states, &from, &offer, &mut merged);
            }
        }
        let best = states.iter().max_by(|a, b| {
            let worth = a.worth.cmp(&b.worth);
            worth.then_with(|| b.key.cmp(&a.key))
        })?;
        Some(best.ads)
    }

    /// The offers of each component of ads that exclude one another. Of single ads with the same place only
    /// those that could be needed are kept: the best as many as the pod has room for.
    fn components(&mut self, scale: &Scale, free: Set) -> Option<Vec<Vec<Offer>>> {
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
                _ => all.push(offers),
            }
        }
        singles.sort_by(|a, b| a.step.cmp(&b.step).then_with(|| b.worth.cmp(&a.worth)));
        for same in singles.chunk_by(|a, b| a.step == b.step) {
            let most = same.first().map_or(0, |single| scale.copies(single.step));
            all.extend(same.iter().take(most).map(|single| vec![*single]));
        }
        Some(all)
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
        let nothing = Offer {
            step: 0,
            worth: Worth::default(),
            ads: 0,
        };
        self.extend(scale, ads, nothing, whole, &mut offers)?;
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
