//! Which line items are looked at, in which order, and when enough were; and the money behind the best.

use units::{BidId, CpmMicros, Currency};

use super::context::Context;
use super::{Reasons, Scratch};
use crate::choose::{Choice, ShortList};
use crate::index::Bits;
use crate::opportunity::{Imp, highest_floor};
use crate::random::Random;

/// Of line items with equal prices so many are looked at.
const ENOUGH_EQUALS: usize = 32;

impl<'a> Context<'a, '_> {
    /// Looks at the matching line items, those with a deal first, the dearest offers first.
    pub(super) fn shortlist(
        &self,
        imp: &'a Imp<'a>,
        scratch: &mut Scratch,
        reasons: &mut Reasons,
    ) -> ShortList<'a> {
        let mut list = ShortList::default();
        let Scratch {
            room,
            refusals,
            matched,
            factors,
            hours,
            ..
        } = scratch;
        matched.add(&room.by_deal);
        matched.add(&room.open);
        let mut look = |number: usize, list: &mut ShortList<'a>| {
            let candidate = self.candidate(number, imp, factors, hours);
            match candidate {
                Ok(candidate) => list.insert(candidate),
                Err(reason) => {
                    reasons.note(reason);
                    refusals.push((number, reason));
                }
            }
            candidate.is_ok()
        };
        for number in room.by_deal.iter() {
            look(number, &mut list);
        }
        let raised = self.raised_floor(imp);
        let tied = self.first_tied(raised);
        let mut from = 0;
        while let Some(number) = room.open.range(from, usize::MAX).next() {
            let enough = list.to_enter();
            if enough.is_some_and(|price| self.cannot_reach(number, price, raised)) {
                break;
            }
            let (begin, end) = self.equals(number, tied);
            self.look_at_equals(begin, end, &room.open, &mut list, &mut look);
            from = end;
        }
        list
    }

    /// The line items around this one that get the same price: by the same offer under the same rule, or
    /// because the floor raises all of them to the same.
    fn equals(&self, number: usize, tied: usize) -> (usize, usize) {
        let items = &self.market.items;
        if number >= tied {
            return (tied, items.len());
        }
        let equals = items.get(number).map(|it| it.equals.clone());
        let equals = equals.unwrap_or(number..number + 1);
        (equals.start, equals.end.min(tied))
    }

    /// The first line item whose offer is at most what the floor raises everybody to: from there on all
    /// prices are equal.
    fn first_tied(&self, raised: Option<CpmMicros>) -> usize {
        let (Some(raised), Some(most)) = (raised, self.most) else {
            return self.market.items.len();
        };
        self.market.items.partition_point(|item| {
            CpmMicros::new(item.base_usd_micros).is_none_or(|base| most.of(base) > raised)
        })
    }

    /// Among equals a few are enough, but not always the same few: they are looked at from a place that
    /// the seed draws.
    fn look_at_equals(
        &self,
        begin: usize,
        end: usize,
        open: &Bits,
        list: &mut ShortList<'a>,
        look: &mut impl FnMut(usize, &mut ShortList<'a>) -> bool,
    ) {
        let place = self.seed.checked_rem((end - begin) as u64).unwrap_or(0);
        let start = begin + usize::try_from(place).unwrap_or(0);
        let mut found = 0;
        for number in open.range(start, end).chain(open.range(begin, start)) {
            found += usize::from(look(number, list));
            if found == ENOUGH_EQUALS {
                return;
            }
        }
    }

    /// The most that any line item is raised to on this imp, in USD; `None` when it cannot be told.
    fn raised_floor(&self, imp: &Imp<'_>) -> Option<CpmMicros> {
        let highest = highest_floor(imp)?;
        let rates = &self.market.rates;
        let floor = rates.convert_price(highest, imp.floor_currency, Currency::USD)?;
        Some(floor.times(self.market.most_raise))
    }

    /// Whether this line item and all behind it, whose offers are lower, stay under a price.
    fn cannot_reach(&self, number: usize, price: CpmMicros, raised: Option<CpmMicros>) -> bool {
        let (Some(item), Some(most), Some(raised)) =
            (self.market.items.get(number), self.most, raised)
        else {
            return false;
        };
        let Some(base) = CpmMicros::new(item.base_usd_micros) else {
            return false;
        };
        let rates = &self.market.rates;
        let usd = rates.convert_price(price, self.opportunity.currency, Currency::USD);
        // Two millionths for the roundings of the conversions.
        usd.is_some_and(|usd| most.of(base).max(raised).micros() + 2 < usd.micros())
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
            match item.account.reserve(candidate.max_cost, self.at.boot) {
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
