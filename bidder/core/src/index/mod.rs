//! Matching by dense bitsets: per dimension the postings of each value, narrowed by AND.
//!
//! Targeting is decided here for all line items at once; what is left is checked one by one
//! ([`crate::eligibility::admissible`]). A test compares the index with the rules applied in turn.

mod bits;
mod dimension;
mod hash;
mod shapes;
mod tally;

pub use bits::Bits;
pub use shapes::{Shape, Size};
pub use tally::MatchTally;

use crate::facts::{Dimension, Facts};
use crate::market::Item;
use crate::opportunity::Imp;
use dimension::Lists;
use shapes::Shapes;

/// The index of one catalog version.
#[derive(Debug)]
pub struct Index {
    count: usize,
    all: Bits,
    lists: Vec<(Dimension, Lists)>,
    deals: Lists,
    shapes: Shapes,
}

/// Sets that are overwritten by each match; their memory is kept.
#[derive(Debug, Default)]
pub struct Room {
    /// Who takes the request.
    request: Bits,
    room: Bits,
    /// Who takes the imp in the open auction.
    pub open: Bits,
    /// Who takes the imp through a deal.
    pub by_deal: Bits,
}

impl Index {
    /// Builds the index over line items in their order.
    #[must_use]
    pub fn build(items: &[Item]) -> Self {
        let count = items.len();
        let mut all = Bits::empty(count);
        (0..count).for_each(|number| all.insert(number));
        let lists = |dimension| {
            let rules = items.iter().map(|item| item.rules.list(dimension));
            Lists::build(count, rules)
        };
        Self {
            count,
            all,
            lists: Dimension::ALL
                .into_iter()
                .filter(|it| *it != Dimension::Deal)
                .map(|it| (it, lists(it)))
                .collect(),
            deals: lists(Dimension::Deal),
            shapes: Shapes::build(count, items.iter().map(|item| &*item.shapes)),
        }
    }

    /// How many line items are indexed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether no line item is indexed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Finds who takes the request as a whole; kept in `room` for its imps.
    pub fn match_request(&self, facts: &Facts, room: &mut Room) {
        room.request.copy_from(&self.all);
        for (dimension, lists) in &self.lists {
            lists.narrow(facts.values(*dimension), &mut room.request, &mut room.room);
        }
    }

    /// Narrows to who takes one imp: `room.open` and `room.by_deal`, which do not overlap.
    pub fn match_imp(&self, imp: &Imp<'_>, facts: &Facts, room: &mut Room) {
        let Room {
            request,
            room,
            open,
            by_deal,
        } = room;
        open.copy_from(&self.all);
        open.remove(&self.all);
        self.add_shapes(imp, open);
        open.keep(request);
        self.deals.narrow(facts.values(Dimension::Deal), open, room);
        by_deal.copy_from(open);
        by_deal.remove(self.deals.open());
        if imp.private_auction {
            open.remove(&self.all);
        } else {
            open.keep(self.deals.open());
        }
    }

    fn add_shapes(&self, imp: &Imp<'_>, set: &mut Bits) {
        if let Some(banner) = &imp.banner {
            if imp.interstitial {
                self.shapes.add_every_banner(set);
            } else {
                banner
                    .sizes()
                    .for_each(|size| self.shapes.add_banner(size, set));
            }
        }
        if imp.video.is_some() {
            self.shapes.add(Shape::Video, set);
        }
        if imp.audio.is_some() {
            self.shapes.add(Shape::Audio, set);
        }
        if imp.native.is_some() {
            self.shapes.add(Shape::Native, set);
        }
    }
}
