//! Matching by dense bitsets: per dimension the postings of each value, narrowed by AND.
//!
//! Targeting is decided here for all line items at once: the lists by postings, then, for who is left and
//! asks for more, the program over the catalog's terms. What remains is checked one by one
//! ([`crate::eligibility::admissible`]). A test compares the index with a naive reading of the catalog.

mod bits;
mod dimension;
mod hash;
mod shapes;
mod shared;
mod tally;

pub use bits::Bits;
pub(crate) use hash::Quick;
pub use shapes::{Shape, Size};
pub use shared::{FetchedList, MOST_ENTRIES, SharedLists};
pub use tally::MatchTally;

use std::sync::Arc;

use crate::facts::Dimension;
use crate::market::Item;
use crate::opportunity::Imp;
use crate::targeting::{Memo, Terms, Truth, View};
use dimension::Lists;
use shapes::Shapes;

/// The index of one catalog version.
#[derive(Debug)]
pub struct Index {
    count: usize,
    /// Who can match at all: those whose shared lists are here.
    all: Bits,
    /// Dimensions of the whole request, those by which most line items narrow first.
    of_request: Vec<(Dimension, Lists)>,
    /// Dimensions of one imp, deals apart.
    of_imp: Vec<(Dimension, Lists)>,
    deals: Lists,
    shapes: Shapes,
    terms: Terms,
    shared: Arc<SharedLists>,
    /// The program of each line item; [`NO_PROGRAM`] for none.
    residuals: Box<[u32]>,
    /// Who has a program that is the same for all imps.
    asks_of_request: Bits,
    /// Who has a program that may differ from imp to imp.
    asks_of_imp: Bits,
}

const NO_PROGRAM: u32 = u32::MAX;

/// Sets that are overwritten by each match; their memory is kept.
#[derive(Debug, Default)]
pub struct Room {
    /// Who takes the request.
    request: Bits,
    room: Bits,
    memo: Memo,
    /// Who takes the imp in the open auction.
    pub open: Bits,
    /// Who takes the imp through a deal.
    pub by_deal: Bits,
}

impl Index {
    /// Builds the index over line items in their order, with the terms that their rules name.
    #[must_use]
    pub fn build(items: &[Item], terms: Terms, shared: Arc<SharedLists>) -> Self {
        let count = items.len();
        let set = |takes: &dyn Fn(&Item) -> bool| {
            let mut set = Bits::empty(count);
            let taken = items.iter().enumerate().filter(|(_, item)| takes(item));
            taken.for_each(|(number, _)| set.insert(number));
            set
        };
        let lists = |dimension| {
            let rules = items.iter().map(|item| item.rules.narrowing(dimension));
            Lists::build(count, rules)
        };
        let narrowing = |of_imp: bool| {
            let dimensions = Dimension::ALL.into_iter();
            let mut built: Vec<_> = dimensions
                .filter(|it| *it != Dimension::Deal && it.is_of_imp() == of_imp)
                .map(|it| (it, lists(it)))
                .filter(|(_, lists)| !lists.is_open())
                .collect();
            built.sort_by_key(|(_, lists)| lists.open().count());
            built
        };
        let residual = |item: &Item| item.rules.residual();
        Self {
            count,
            all: set(&|item| !item.rules.is_pending()),
            of_request: narrowing(false),
            of_imp: narrowing(true),
            deals: lists(Dimension::Deal),
            shapes: Shapes::build(count, items.iter().map(|item| &*item.shapes)),
            residuals: items
                .iter()
                .map(|item| residual(item).unwrap_or(NO_PROGRAM))
                .collect(),
            asks_of_request: set(&|item| residual(item).is_some_and(|it| !terms.is_of_imp(it))),
            asks_of_imp: set(&|item| residual(item).is_some_and(|it| terms.is_of_imp(it))),
            terms,
            shared,
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

    /// The catalog's terms.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The shared lists that it was built with.
    #[must_use]
    pub fn shared(&self) -> &SharedLists {
        &self.shared
    }

    /// Finds who takes the request as a whole; kept in `room` for its imps.
    pub fn match_request(&self, view: &View<'_>, room: &mut Room) {
        let Room {
            request,
            room,
            memo,
            ..
        } = room;
        request.copy_from(&self.all);
        for (dimension, lists) in &self.of_request {
            lists.narrow(view.facts.values(*dimension), request, room);
        }
        memo.begin_request(&self.terms);
        self.ask(&self.asks_of_request, view, memo, request);
    }

    /// Narrows to who takes one imp: `room.open` and `room.by_deal`, which do not overlap.
    pub fn match_imp(&self, imp: &Imp<'_>, view: &View<'_>, room: &mut Room) {
        let Room {
            request,
            room,
            memo,
            open,
            by_deal,
        } = room;
        open.clear_like(request);
        self.add_shapes(imp, open);
        open.keep(request);
        for (dimension, lists) in &self.of_imp {
            lists.narrow(view.facts.values(*dimension), open, room);
        }
        self.deals
            .narrow(view.facts.values(Dimension::Deal), open, room);
        memo.begin_imp();
        self.ask(&self.asks_of_imp, view, memo, open);
        by_deal.copy_from(open);
        by_deal.remove(self.deals.open());
        if imp.private_auction {
            open.clear_like(request);
        } else {
            open.keep(self.deals.open());
        }
    }

    /// Removes from `set` those of `askers` whose program is not true.
    fn ask(&self, askers: &Bits, view: &View<'_>, memo: &mut Memo, set: &mut Bits) {
        set.retain(askers, |number| {
            let program = self.residuals.get(number).copied().unwrap_or(NO_PROGRAM);
            memo.run(&self.terms, program, view) == Truth::True
        });
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
            if banner.flexible().is_some() {
                self.shapes.add(Shape::AnyBanner, set);
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
