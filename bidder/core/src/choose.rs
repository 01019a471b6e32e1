//! Which line items may answer an imp: ranked short lists, deals first, then by price.

use std::time::Duration;

use openrtb::Deal;
use serde::{Deserialize, Serialize};
use units::{BidId, CpmMicros, Multiplier, Nanos, Probability};

use crate::eligibility::Fit;
use crate::lease::Reservation;
use crate::market::ArmNumber;
use crate::random::mix;

/// Most choices per bid: the one that goes out and its fallbacks, should caps refuse it.
pub const SHORT_LIST: usize = 4;
/// Most bids on one imp, and most places of a list.
pub const MOST_BIDS: usize = 8;

/// How much one request may get; from the configuration, and part of what a decision is made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bids of the open auction on an imp that offers no deals.
    pub open: usize,
    /// Bids of the open auction on an imp that offers deals, beside one bid per deal (B-20).
    pub open_beside_deals: usize,
    /// All bids on one imp together.
    pub per_imp: usize,
    /// Bids on an imp that is a dynamic pod (B-11).
    pub pod: usize,
    /// Line items that are looked at for one request; shared evenly between its imps.
    pub looks: usize,
    /// Impressions that one display may count for: what the seller says, the advertiser pays (C-120, C-150).
    #[serde(default = "usual_quantity")]
    pub quantity: u32,
}

/// Records of decisions that were made without this limit say nothing of it.
fn usual_quantity() -> u32 {
    Limits::default().quantity
}

/// More impressions than one display can be seen by.
const MOST_QUANTITY: u32 = 1_000_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            open: 1,
            open_beside_deals: 2,
            per_imp: MOST_BIDS,
            pod: MOST_BIDS,
            looks: 6_000,
            quantity: 1_000,
        }
    }
}

/// Line items that are looked at in a millisecond with certainty.
const LOOKS_PER_MS: usize = 1_000;

impl Limits {
    /// These limits with no more line items to look at than there is time for.
    #[must_use]
    pub fn within(self, time: Option<Duration>) -> Self {
        let millis = time.map(|it| usize::try_from(it.as_millis()).unwrap_or(usize::MAX));
        let most = millis.map_or(usize::MAX, |it| it.saturating_mul(LOOKS_PER_MS));
        Self {
            looks: self.looks.min(most.max(LOOKS_PER_MS)),
            ..self
        }
    }

    /// Impressions that one display may count for, as a multiplier.
    #[must_use]
    pub fn most_quantity(&self) -> Multiplier {
        let millionths = i64::from(self.quantity) * Multiplier::ONE.millionths();
        Multiplier::new(millionths).unwrap_or(Multiplier::ONE)
    }

    /// The first limit that is out of its range, and the range.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let bids = [
            ("open", self.open),
            ("open_beside_deals", self.open_beside_deals),
            ("per_imp", self.per_imp),
            ("pod", self.pod),
        ];
        let outside = bids.into_iter().find(|it| !(1..=MOST_BIDS).contains(&it.1));
        match outside {
            Some((key, _)) => Some((key, format!("must be 1 to {MOST_BIDS}"))),
            None if self.looks == 0 => Some(("looks", "must be at least 1".to_owned())),
            None if !(1..=MOST_QUANTITY).contains(&self.quantity) => {
                Some(("quantity", format!("must be 1 to {MOST_QUANTITY}")))
            }
            None => None,
        }
    }
}

/// A line item that may bid on an imp.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its number in the market.
    pub item: usize,
    /// Its creative's number in the market.
    pub creative: usize,
    /// How the creative is shown.
    pub fit: Fit,
    /// The deal it bids on.
    pub deal: Option<&'a Deal<'a>>,
    /// The bid in the response's currency.
    pub price: CpmMicros,
    /// The bid before shading lowered it; what is reserved.
    pub stated: CpmMicros,
    /// The least that the seller accepts, in the same currency.
    pub floor: CpmMicros,
    /// The most that it can cost, in the campaign's currency.
    pub max_cost: Nanos,
    /// Whether frequency caps may still refuse it.
    pub capped: bool,
    /// How likely what it pays for is, by the market's model; certain for a CPM.
    pub rate: Probability,
    /// Whether the deal says that the bidder must bid (`guar`, C-113).
    pub must: bool,
    /// The arm of its experiment that the user is in.
    pub arm: Option<ArmNumber>,
    /// Decides between equal prices, by the request's seed (never by the order in the catalog).
    pub draw: u64,
}

/// A choice with the money behind it.
#[derive(Debug)]
pub struct Choice<'a> {
    /// What is bid.
    pub candidate: Candidate<'a>,
    /// The bid's id.
    pub bid: BidId,
    /// What is held for it.
    pub reservation: Reservation,
}

impl Candidate<'_> {
    /// Bids on deals first, since they may win on priority (X-30), guaranteed ones before all; then the
    /// dearer; then the draw.
    fn rank(&self) -> (bool, bool, CpmMicros, u64) {
        (self.must, self.deal.is_some(), self.price, self.draw)
    }
}

/// The draw of a line item under a request's seed.
#[must_use]
pub const fn draw(seed: u64, item: usize) -> u64 {
    mix(seed ^ mix(item as u64))
}

/// The best candidates of one imp, the best first.
#[derive(Debug)]
pub struct ShortList<'a> {
    places: [Option<Candidate<'a>>; MOST_BIDS],
    wanted: usize,
    fallbacks: bool,
}

/// What a candidate must reach to enter a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToEnter {
    /// In millionths of the response's currency; more than any price where only deals can enter.
    pub price: u64,
    /// At the same price.
    pub draw: u64,
}

impl<'a> ShortList<'a> {
    /// A list for so many bids, with fallbacks for those that caps may refuse.
    #[must_use]
    pub fn for_bids(wanted: usize) -> Self {
        Self {
            places: [None; MOST_BIDS],
            wanted: wanted.clamp(1, MOST_BIDS),
            fallbacks: true,
        }
    }

    /// A list for so many ads of a pod: whatever caps refuse, the others are there.
    #[must_use]
    pub fn for_pod(wanted: usize) -> Self {
        Self {
            fallbacks: false,
            ..Self::for_bids(wanted)
        }
    }

    /// Puts a candidate into its place; who falls off the end, or is not needed any more, is dropped.
    pub fn insert(&mut self, candidate: Candidate<'a>) {
        let mut moving = Some(candidate);
        let most = self.most();
        let mut left = self.wanted;
        for (at, place) in self.places.iter_mut().enumerate() {
            if left == 0 || at >= most {
                *place = None;
                continue;
            }
            let stays = match (&*place, &moving) {
                (Some(held), Some(new)) => held.rank() >= new.rank(),
                (None, _) => false,
                (Some(_), None) => true,
            };
            if !stays {
                std::mem::swap(place, &mut moving);
            }
            let taken = place
                .as_ref()
                .is_some_and(|it| !self.fallbacks || !it.capped);
            left -= usize::from(taken);
        }
    }

    /// Puts a candidate into its place unless a better one keeps it apart; those that it keeps apart leave.
    pub fn insert_apart(
        &mut self,
        candidate: Candidate<'a>,
        apart: impl Fn(&Candidate<'a>, &Candidate<'a>) -> bool,
    ) {
        let better = |held: &Candidate<'a>| held.rank() >= candidate.rank();
        if self
            .iter()
            .any(|held| better(held) && apart(held, &candidate))
        {
            return;
        }
        let mut kept = [None; MOST_BIDS];
        let stay = self
            .iter()
            .filter(|held| better(held) || !apart(held, &candidate));
        for (to, held) in kept.iter_mut().zip(stay) {
            *to = Some(*held);
        }
        self.places = kept;
        self.insert(candidate);
    }

    /// What a candidate with or without a deal must reach; `None` while there is room.
    #[must_use]
    pub fn to_enter(&self, deal: bool) -> Option<ToEnter> {
        let last = self.iter().last()?;
        let certain = self.iter().filter(|it| !self.fallbacks || !it.capped);
        let full = certain.count() >= self.wanted || self.iter().count() >= self.most();
        full.then(|| ToEnter {
            price: if last.deal.is_some() && !deal {
                u64::MAX
            } else {
                last.price.micros().unsigned_abs()
            },
            draw: last.draw,
        })
    }

    /// The rank of the best on it: guaranteed deals first, then the price.
    #[must_use]
    pub fn best(&self) -> (bool, CpmMicros) {
        let best = self.iter().next();
        best.map_or((false, CpmMicros::ZERO), |it| (it.must, it.price))
    }

    /// How many bids it is for.
    #[must_use]
    pub const fn wanted(&self) -> usize {
        self.wanted
    }

    /// Whether nobody is on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.iter().all(Option::is_none)
    }

    /// The candidates, the best first.
    pub fn iter(&self) -> impl Iterator<Item = &Candidate<'a>> {
        self.places.iter().flatten()
    }

    const fn most(&self) -> usize {
        let most = if self.fallbacks {
            self.wanted + SHORT_LIST - 1
        } else {
            self.wanted
        };
        if most < MOST_BIDS { most } else { MOST_BIDS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eligibility::Medium;

    fn candidate<'a>(item: usize, price: &str, deal: Option<&'a Deal<'a>>) -> Candidate<'a> {
        Candidate {
            item,
            creative: 0,
            fit: Fit {
                medium: Medium::Banner,
                size: None,
                length: None,
                protocol: None,
            },
            deal,
            price: CpmMicros::parse(price).unwrap(),
            stated: CpmMicros::parse(price).unwrap(),
            floor: CpmMicros::ZERO,
            max_cost: Nanos::ZERO,
            capped: true,
            rate: Probability::ONE,
            must: false,
            arm: None,
            draw: draw(1, item),
        }
    }

    #[test]
    fn limits_of_records_before_the_quantity_are_read() {
        let before = r#"{"open":1,"open_beside_deals":2,"per_imp":8,"pod":8,"looks":6000}"#;
        let limits: Limits = serde_json::from_str(before).unwrap();
        assert_eq!(limits, Limits::default());
    }

    #[test]
    fn deals_first_then_by_price() {
        let deal = Deal::default();
        let mut list = ShortList::for_bids(1);
        for (item, price, deal) in [
            (1, "1", None),
            (2, "3", None),
            (3, "0.5", Some(&deal)),
            (4, "2", None),
            (5, "9", None),
            (6, "0.1", None),
        ] {
            list.insert(candidate(item, price, deal));
        }
        let order: Vec<_> = list.iter().map(|it| it.item).collect();
        assert_eq!(order, [3, 5, 2, 4]);
        assert_eq!(list.to_enter(false).map(|it| it.price), Some(2_000_000));
    }

    #[test]
    fn nobody_is_kept_behind_one_without_caps() {
        let mut list = ShortList::for_bids(1);
        for (item, price, capped) in [(1, "1", true), (2, "3", true), (3, "2", false)] {
            list.insert(Candidate {
                capped,
                ..candidate(item, price, None)
            });
        }
        let order: Vec<_> = list.iter().map(|it| it.item).collect();
        assert_eq!(order, [2, 3]);
        assert_eq!(list.to_enter(false).map(|it| it.price), Some(2_000_000));
    }

    #[test]
    fn each_bid_has_its_places() {
        let mut list = ShortList::for_bids(2);
        for (item, capped) in [(9, true), (8, false), (7, true), (6, false), (5, false)] {
            list.insert(Candidate {
                capped,
                ..candidate(item, &item.to_string(), None)
            });
        }
        let order: Vec<_> = list.iter().map(|it| it.item).collect();
        assert_eq!(order, [9, 8, 7, 6], "down to the second that is certain");
        let mut pod = ShortList::for_pod(2);
        // Every second one is kept apart from one another.
        let apart = |a: &Candidate<'_>, b: &Candidate<'_>| a.item % 2 == b.item % 2;
        for item in [1, 2, 3, 5, 4] {
            pod.insert_apart(candidate(item, &item.to_string(), None), apart);
        }
        let order: Vec<_> = pod.iter().map(|it| it.item).collect();
        assert_eq!(order, [5, 4]);
    }

    #[test]
    fn ties_are_drawn_by_the_seed() {
        // X-76
        let winners: std::collections::HashSet<_> = (0..40)
            .map(|seed| {
                let mut list = ShortList::for_bids(1);
                for item in 0..3 {
                    let mut tied = candidate(item, "1", None);
                    tied.draw = draw(seed, item);
                    list.insert(tied);
                }
                list.iter().next().map(|it| it.item)
            })
            .collect();
        assert_eq!(
            winners.len(),
            3,
            "every one of three wins under some of 40 seeds"
        );
    }
}
