//! Which line items may answer an imp: a ranked short list, deals first, then by price.

use openrtb::Deal;
use units::{BidId, CpmMicros, Nanos, Probability};

use crate::eligibility::Fit;
use crate::lease::Reservation;
use crate::random::mix;

/// Most choices per imp: the winner and its fallbacks, should caps refuse it.
pub const SHORT_LIST: usize = 4;

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
    /// Bids on deals first, since they may win on priority; then the dearer; then the draw.
    fn rank(&self) -> (bool, CpmMicros, u64) {
        (self.deal.is_some(), self.price, self.draw)
    }
}

/// The draw of a line item under a request's seed.
#[must_use]
pub const fn draw(seed: u64, item: usize) -> u64 {
    mix(seed ^ mix(item as u64))
}

/// The best candidates of one imp, the best first, down to the first that caps cannot refuse.
#[derive(Debug, Default)]
pub struct ShortList<'a> {
    places: [Option<Candidate<'a>>; SHORT_LIST],
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
    /// Puts a candidate into its place; who falls off the end, or behind one without caps, is not needed.
    pub fn insert(&mut self, candidate: Candidate<'a>) {
        let mut moving = Some(candidate);
        let mut closed = false;
        for place in &mut self.places {
            if closed {
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
            closed = place.as_ref().is_some_and(|it| !it.capped);
        }
    }

    /// What a candidate with or without a deal must reach; `None` while there is room.
    #[must_use]
    pub fn to_enter(&self, deal: bool) -> Option<ToEnter> {
        let last = self.iter().last()?;
        let full = !last.capped || self.places.iter().all(Option::is_some);
        full.then(|| ToEnter {
            price: if last.deal.is_some() && !deal {
                u64::MAX
            } else {
                last.price.micros().unsigned_abs()
            },
            draw: last.draw,
        })
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
            draw: draw(1, item),
        }
    }

    #[test]
    fn deals_first_then_by_price() {
        let deal = Deal::default();
        let mut list = ShortList::default();
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
        let mut list = ShortList::default();
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
    fn ties_are_drawn_by_the_seed() {
        //
        let winners: std::collections::HashSet<_> = (0..40)
            .map(|seed| {
                let mut list = ShortList::default();
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
