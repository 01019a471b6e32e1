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

use contracts::profile::Profile;

use crate::facts::{Dimension, UserFacts};
use crate::market::Item;
use crate::opportunity::Imp;
use crate::targeting::{Memo, Steps, Terms, View};
use dimension::Lists;
use shapes::Shapes;

/// The index of one catalog version.
#[derive(Debug)]
pub struct Index {
    count: usize,
    /// Stands for the numbers of this index' values.
    numbers: Arc<()>,
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
    /// What postings do not decide, and where each line item's part of it begins.
    steps: Steps,
    begins: Box<[u32]>,
    /// Of whom there is something to judge that is the same for all imps.
    asks_of_request: Bits,
    /// Of whom there is something to judge that may differ from imp to imp.
    asks_of_imp: Bits,
}

/// Sets that are overwritten by each match; their memory is kept.
#[derive(Debug, Default)]
pub struct Room {
    /// Who takes the request, as far as was looked at.
    request: Bits,
    /// Who was judged for the request, and takes it.
    judged: Bits,
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
    pub fn build(items: &[Item], mut terms: Terms, shared: Arc<SharedLists>) -> Self {
        let count = items.len();
        let set = |takes: &dyn Fn(&Item) -> bool| {
            let mut set = Bits::empty(count);
            let taken = items.iter().enumerate().filter(|(_, item)| takes(item));
            taken.for_each(|(number, _)| set.insert(number));
            set
        };
        let residual = |item: &Item| item.rules.residual();
        let asks_of_request = set(&|item| residual(item).is_some_and(|it| !terms.is_of_imp(it)));
        let asks_of_imp = set(&|item| residual(item).is_some_and(|it| terms.is_of_imp(it)));
        let (steps, begins) = terms.arrange(items.iter().map(residual));
        let mut marks: [Vec<(&str, u32)>; Dimension::ALL.len()] =
            std::array::from_fn(|_| Vec::new());
        terms.marks(|dimension, word, mark| {
            if let Some(marks) = marks.get_mut(dimension as usize) {
                marks.push((word, mark));
            }
        });
        let lists = |dimension: Dimension| {
            let rules = items.iter().map(|item| item.rules.narrowing(dimension));
            let marks = marks.get(dimension as usize).map_or(&[][..], Vec::as_slice);
            Lists::build(count, rules, marks)
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
        Self {
            count,
            numbers: Arc::new(()),
            all: set(&|item| !item.rules.is_pending()),
            of_request: narrowing(false),
            of_imp: narrowing(true),
            deals: lists(Dimension::Deal),
            shapes: Shapes::build(count, items.iter().map(|item| &*item.shapes)),
            steps,
            begins,
            asks_of_request,
            asks_of_imp,
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

    /// Takes a user's lists apart, for all requests until the profile or the index changes.
    #[must_use]
    pub fn know(&self, profile: &Profile) -> UserFacts {
        UserFacts::of(profile, &self.numbers, |dimension, value| {
            let lists = self.of_request.iter().find(|it| it.0 == dimension);
            lists?.1.number(value)
        })
    }

    /// Finds who takes the request as a whole; kept in `room` for its imps.
    ///
    /// Trees are not judged yet: an imp's sizes and formats leave fewer to judge.
    pub fn match_request(&self, view: &View<'_>, room: &mut Room) {
        let Room {
            request,
            judged,
            room,
            memo,
            ..
        } = room;
        memo.begin_request(&self.terms, view);
        request.copy_from(&self.all);
        for (dimension, lists) in &self.of_request {
            let mark = |terms: &[u32]| memo.mark(terms, false);
            match view.facts.numbers(*dimension, &self.numbers) {
                Some(known) => lists.narrow(known.iter().copied(), request, room, mark),
                None => {
                    let numbers = lists.numbers(view.facts.values(*dimension));
                    lists.narrow(numbers, request, room, mark);
                }
            }
        }
        judged.clear_like(request);
    }

    /// Narrows to who takes one imp: `room.open` and `room.by_deal`, which do not overlap.
    pub fn match_imp(&self, imp: &Imp<'_>, view: &View<'_>, room: &mut Room) {
        let Room {
            request,
            judged,
            room,
            memo,
            open,
            by_deal,
        } = room;
        memo.begin_imp(&self.terms, view);
        open.clear_like(request);
        self.add_shapes(imp, open);
        open.keep(request);
        let deals = (Dimension::Deal, &self.deals);
        let of_imp = self
            .of_imp
            .iter()
            .map(|(dimension, lists)| (*dimension, lists));
        for (dimension, lists) in of_imp.chain([deals]) {
            let numbers = lists.numbers(view.facts.values(dimension));
            lists.narrow(numbers, open, room, |terms| memo.mark(terms, true));
        }
        let mut holds = |number: usize| {
            let begin = self.begins.get(number).copied().unwrap_or(u32::MAX);
            memo.holds(&self.terms, &self.steps, begin, view)
        };
        open.judge(&self.asks_of_request, judged, request, &mut holds);
        open.retain(&self.asks_of_imp, holds);
        by_deal.copy_from(open);
        by_deal.remove(self.deals.open());
        if imp.private_auction {
            open.clear_like(request);
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
