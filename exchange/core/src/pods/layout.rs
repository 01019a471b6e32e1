//! What a pod is made of: slots, breaks, and the ads that could be in them.

use std::cmp::Ordering;

use super::fill::MOST_ADS;

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
