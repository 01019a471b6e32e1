//! Which line items get onto an imp's short list, and the money behind the best.

use units::BidId;

use super::context::Context;
use super::search::{Floors, Search};
use super::{Reasons, Scratch};
use crate::choose::{Choice, ShortList};
use crate::eligibility::Ineligible;
use crate::index::Bits;
use crate::opportunity::Imp;
use crate::random::Random;

impl<'a> Context<'a, '_> {
    /// Looks at the matching line items, those with a deal first, by the most that each can bid.
    pub(super) fn shortlist(
        &self,
        imp: &'a Imp<'a>,
        scratch: &mut Scratch,
        reasons: &mut Reasons,
    ) -> ShortList<'a> {
        let mut list = ShortList::default();
        // The sets lie beside the memory that a search writes to.
        let room = std::mem::take(&mut scratch.room);
        if !imp.deals.is_empty() {
            scratch.matched.add(&room.by_deal);
            let floors = Floors::of_deals(imp);
            self.fill(&mut list, imp, &room.by_deal, &floors, scratch, reasons);
        }
        if !imp.private_auction {
            scratch.matched.add(&room.open);
            let floors = Floors::open(imp);
            self.fill(&mut list, imp, &room.open, &floors, scratch, reasons);
        }
        scratch.room = room;
        list
    }

    /// Looks at a set's line items until nobody that is left can enter the list.
    fn fill(
        &self,
        list: &mut ShortList<'a>,
        imp: &'a Imp<'a>,
        set: &Bits,
        floors: &Floors,
        scratch: &mut Scratch,
        reasons: &mut Reasons,
    ) {
        let Scratch {
            refusals,
            factors,
            hours,
            terms,
            ranks,
            ..
        } = scratch;
        let offers = &self.market.offers;
        for (term, kind) in terms.iter_mut().zip(offers.kinds()) {
            term.meet(kind, floors, &self.market.rates);
        }
        let mut search = Search::new(set, offers, terms, self.seed);
        let slack = search.slack();
        ranks.under_floor.clear();
        'search: loop {
            let needed = list.to_enter(floors.deals).map_or(0, |it| it.price);
            if !search.gather(needed, ranks) {
                break;
            }
            for rank in &ranks.best {
                if let Some(needed) = list.to_enter(floors.deals)
                    && (rank.bound < needed.price
                        || rank.bound <= needed.price.saturating_add(slack)
                            && rank.draw < needed.draw)
                {
                    break 'search;
                }
                let number = rank.number as usize;
                match self.candidate(number, imp, factors, hours) {
                    Ok(candidate) => list.insert(candidate),
                    Err(reason) => {
                        reasons.note(reason);
                        refusals.push((number, reason));
                    }
                }
            }
        }
        for number in &ranks.under_floor {
            reasons.note(Ineligible::UnderFloor);
            refusals.push((*number as usize, Ineligible::UnderFloor));
        }
    }

    /// Reserves down the list until a choice is held that caps cannot refuse.
    pub(super) fn reserve(
        &self,
        list: &ShortList<'a>,
        random: &mut Random,
        scratch: &mut Scratch,
        reasons: &mut Reasons,
    ) -> Vec<Choice<'a>> {
        let mut ranked = Vec::new();
        for candidate in list.iter() {
            let Some(item) = self.market.items.get(candidate.item) else {
                continue;
            };
            match self
                .funds
                .reserve(&item.account, candidate.max_cost, self.at.boot)
            {
                Ok(reservation) => ranked.push(Choice {
                    candidate: *candidate,
                    bid: BidId::new(self.at.now, random.ten_bytes()),
                    reservation,
                }),
                Err(why) => {
                    reasons.note(why.into());
                    scratch.refusals.push((candidate.item, why.into()));
                    continue;
                }
            }
            if item.caps.is_empty() {
                break;
            }
        }
        ranked
    }
}
