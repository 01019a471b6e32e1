//! What a pod brings with an ad and without it, from which follows how much the ad had to bid.
//!
//! An ad is in the best set as long as what it bids is above its critical price: what the best set without it
//! brings, less what the best set around it brings apart from it. Both come from the program that fills pods
//! exactly, run over all items but the ad's own. They are left out by halves: the states that one half of the
//! items leads to are what the other half is divided from, so that no item is joined more often than halving
//! takes. The work is counted as that of the filling is: both together [`MOST_WEIGHED`] at most in one auction.
//! Ads that it does not suffice for have no margin.

use super::exact::{Item, Offer, Scale, State, Work};
use super::fill::{MOST_ADS, Problem};
use super::layout::{Set, Worth, members, one, plus};

/// States written and looked at in all pods of one auction, to fill them and to tell what bids had to offer.
pub const MOST_WEIGHED: usize = 200_000;

/// The best sets with an ad and without it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Margin {
    /// What the best set with it brings; `None` where no set has room for it.
    pub with: Option<Worth>,
    /// What the best set without it brings.
    pub without: Worth,
    /// The best set without it.
    pub rest: Set,
}

/// The margins of a pod's ads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Margins {
    of: Vec<Option<Margin>>,
    /// States that were written and looked at to find them.
    pub steps: usize,
}

impl Margins {
    /// The margin of an ad; `None` where it was not sought, fits nowhere, or the bound was reached.
    #[must_use]
    pub fn of(&self, ad: usize) -> Option<&Margin> {
        self.of.get(ad)?.as_ref()
    }
}

impl Problem<'_> {
    /// The margins of the ads in `sought`, and of those that are decided about together with one of them, in
    /// a pod that is filled from `candidates`.
    #[must_use]
    pub fn margins(&self, candidates: Set, sought: Set, steps: usize) -> Margins {
        let mut of = vec![None; self.ads.len().min(MOST_ADS)];
        let mut work = Work {
            problem: self,
            steps: 0,
            most: steps,
        };
        if let Some(scale) = Scale::of(self) {
            // What was found before the bound stays.
            let _ = work.margins(&scale, candidates, sought, &mut of);
        }
        Margins {
            of,
            steps: work.steps,
        }
    }
}

impl Work<'_, '_> {
    fn margins(
        &mut self,
        scale: &Scale,
        candidates: Set,
        sought: Set,
        of: &mut [Option<Margin>],
    ) -> Option<()> {
        let items = self.items(scale, candidates)?;
        let (sought, others): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| item.ads & sought != 0);
        if sought.is_empty() {
            return Some(());
        }
        let mut states = vec![State {
            key: 0,
            worth: Worth::default(),
            ads: 0,
        }];
        for item in &others {
            self.join(scale, &mut states, item)?;
        }
        self.leave_out(scale, &states, &sought, of)
    }

    /// The margins in each of the items, from the states that all items but these lead to.
    fn leave_out(
        &mut self,
        scale: &Scale,
        states: &[State],
        items: &[Item],
        of: &mut [Option<Margin>],
    ) -> Option<()> {
        if let [item] = items {
            return match item.most {
                None => self.weigh_sets(scale, states, item, of),
                Some(most) => self.weigh_alike(scale, states, &item.offers, most, of),
            };
        }
        let (front, back) = items.split_at(items.len() / 2);
        for (these, others) in [(front, back), (back, front)] {
            let mut states = states.to_vec();
            for item in others {
                self.join(scale, &mut states, item)?;
            }
            self.leave_out(scale, &states, these, of)?;
        }
        Some(())
    }

    /// Of ads of which some exclude others: every set of them with what fits beside it.
    fn weigh_sets(
        &mut self,
        scale: &Scale,
        states: &[State],
        item: &Item,
        of: &mut [Option<Margin>],
    ) -> Option<()> {
        // Before the first: half of them would tell something false.
        let looks = (item.offers.len() + 1).saturating_mul(states.len() + MOST_ADS);
        self.count(looks)?;
        for offer in std::iter::once(&Offer::NOTHING).chain(&item.offers) {
            let beside = states
                .iter()
                .filter(|state| scale.together(state.key, offer.step).is_some());
            let Some(best) = beside.max_by_key(|state| state.worth) else {
                continue;
            };
            let worth = plus(best.worth, offer.worth);
            for ad in members(item.ads) {
                let Some(margin) = of.get_mut(ad) else {
                    continue;
                };
                let margin = margin.get_or_insert_default();
                if offer.ads & one(ad) != 0 {
                    margin.with = margin.with.max(Some(worth));
                } else if worth > margin.without {
                    margin.without = worth;
                    margin.rest = best.ads | offer.ads;
                }
            }
        }
        Some(())
    }

    /// Of ads with the same place: with each number of them what fits beside so many.
    fn weigh_alike(
        &mut self,
        scale: &Scale,
        states: &[State],
        ads: &[Offer],
        most: usize,
        of: &mut [Option<Margin>],
    ) -> Option<()> {
        let step = ads.first().map_or(0, |ad| ad.step);
        self.count((states.len() + ads.len()).saturating_mul(most + 1))?;
        let mut beside: Vec<Option<&State>> = vec![None; most + 1];
        for state in states {
            let mut room = 0;
            let mut key = state.key;
            while room < most
                && let Some(fuller) = scale.together(key, step)
            {
                key = fuller;
                room += 1;
            }
            // Who has room for more has room for fewer.
            for best in beside.iter_mut().take(room + 1) {
                if best.is_none_or(|best| state.worth > best.worth) {
                    *best = Some(state);
                }
            }
        }
        for (rank, ad) in ads.iter().enumerate() {
            let mut margin = Margin::default();
            let others = ads.iter().enumerate().filter(|(other, _)| *other != rank);
            let mut others = others.map(|(_, other)| other);
            let (mut worth, mut set) = (Worth::default(), 0);
            for (number, best) in beside.iter().enumerate() {
                if let Some(best) = best {
                    let without = plus(best.worth, worth);
                    if without > margin.without {
                        margin.without = without;
                        margin.rest = best.ads | set;
                    }
                }
                if let Some(Some(best)) = beside.get(number + 1) {
                    let with = plus(plus(best.worth, worth), ad.worth);
                    margin.with = margin.with.max(Some(with));
                }
                let Some(other) = others.next() else {
                    break;
                };
                worth = plus(worth, other.worth);
                set |= other.ads;
            }
            for ad in members(ad.ads) {
                if let Some(of) = of.get_mut(ad) {
                    *of = Some(margin);
                }
            }
        }
        Some(())
    }
}
