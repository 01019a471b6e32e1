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

use super::exact::{Scale, Work};
use super::layout::{Ad, Layout, Set, Worth, by_density, members, one, plus};
use super::usage::Usage;

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
pub(super) const MOST_IN_BREAK: u32 = 63;

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

    pub(super) fn excluded_by(&self, ad: usize) -> Set {
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
