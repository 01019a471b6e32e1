//! In which order line items are looked at: by the most that each can bid on this imp.
//!
//! A bound costs a few instructions and is the price itself unless floors differ by length or currencies
//! are converted, so that hardly anybody is looked at in vain. It is an upper bound in any case: once it
//! falls under what is needed, the search is over.

use std::collections::BinaryHeap;

use arrayvec::ArrayVec;
use units::{CpmMicros, Currency, RateTable};

use crate::choose::draw;
use crate::index::Bits;
use crate::market::{Kind, Offer, Offers};
use crate::opportunity::{Imp, highest_floor};
use crate::pricing::Factor;

/// A factor of one: factors are in 2^-32, rounded up.
const ONE: u64 = 1 << 32;
/// How many are gathered first; each further time four times as many.
const FIRST_BATCH: usize = 8;
/// Of line items with the lowest bound among the best so many are compared by their draw.
const ENOUGH_EQUALS: usize = 256;
/// Of the dearest words so many are looked at for what the best reach at least.
const MOST_DEAREST: usize = 16;

/// What one kind of price rules comes to for one imp.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    /// The greatest factor of the modifiers.
    factor: u64,
    /// From the kind's currency to the response's.
    rate: u64,
    /// What the roundings of conversions can add, in the response's currency.
    slack: u64,
    /// What offers are raised to, in the kind's currency.
    raised: u64,
    /// Lowest price that can be a bid, in the kind's currency.
    least: u64,
}

/// The floors that bids of one search can meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floors {
    /// The highest; `None` without a limit.
    pub(super) highest: Option<CpmMicros>,
    /// Under the lowest there is no bid.
    pub(super) lowest: CpmMicros,
    /// Their currency; `None` when there are several.
    pub(super) currency: Option<Currency>,
    /// Whether they are those of deals: then a price may be set to its floor, whatever the rule says (C-113).
    pub(super) deals: bool,
}

/// A line item and the most that it can bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// In millionths of the response's currency.
    pub(super) bound: u64,
    /// Decides between equal bounds.
    pub(super) draw: u64,
    /// The line item.
    pub(super) number: u32,
}

/// Memory of searches.
#[derive(Debug, Default)]
pub(crate) struct Ranks {
    pub(super) best: BinaryHeap<Rank>,
    /// Met, and unable to reach any floor.
    pub(super) under_floor: Bits,
}

/// One search over the line items of a set, the best first.
#[derive(Debug)]
pub(super) struct Search<'s> {
    offers: &'s Offers,
    terms: &'s [Term],
    seed: u64,
    /// How many are gathered next.
    batch: usize,
}

/// What a rank must reach to be among the best.
#[derive(Debug)]
struct Cut {
    bound: u64,
    draw: u64,
    /// How many equals were compared; more than enough of them, and a rank must be dearer.
    equals: usize,
}

impl Cut {
    const fn is_below(&self, bound: u64) -> bool {
        if self.equals < ENOUGH_EQUALS {
            self.bound <= bound
        } else {
            self.bound < bound
        }
    }
}

impl Term {
    /// The part that all imps of a request share.
    pub(super) fn new(kind: &Kind, factors: &[Factor], to: Currency, rates: &RateTable) -> Self {
        let factor = factors.get(kind.modifiers).map_or(u64::MAX, upper);
        let rate = rate(kind.currency, to, rates);
        let slack = if kind.currency == to {
            0
        } else {
            (rate >> 32).saturating_add(2)
        };
        Self {
            factor,
            rate,
            slack,
            raised: u64::MAX,
            least: 0,
        }
    }

    /// The part that the imp's floors decide.
    pub(super) fn meet(&mut self, kind: &Kind, floors: &Floors, rates: &RateTable) {
        let own = |price| rates.convert_price(price, floors.currency?, kind.currency);
        let raise = if floors.deals {
            Some(kind.raise.unwrap_or_default().max(units::Multiplier::ONE))
        } else {
            kind.raise
        };
        self.raised = match (raise, floors.highest.and_then(own)) {
            (None, _) => 0,
            (Some(raise), Some(highest)) => micros(highest.times(raise)),
            (Some(_), None) => u64::MAX,
        };
        self.least = own(floors.lowest).map_or(0, micros);
    }

    /// The most that an offer comes to in the kind's currency.
    fn own(&self, offer: &Offer) -> u64 {
        let modified = times(offer.base, self.factor);
        modified.max(self.raised).min(offer.most)
    }

    fn told(&self, own: u64) -> u64 {
        if self.rate == ONE {
            return own;
        }
        times(own, self.rate).saturating_add(self.slack)
    }
}

impl Floors {
    /// Those of an imp's open auction.
    pub(super) fn open(imp: &Imp<'_>) -> Self {
        let streams = || [&imp.video, &imp.audio].into_iter().flatten();
        let lowest = if streams().any(|it| it.per_second.is_some()) {
            CpmMicros::ZERO
        } else {
            let ranges = streams().flat_map(|it| it.by_length);
            let ranges = ranges.filter_map(|it| it.bidfloor);
            ranges.fold(imp.floor, CpmMicros::min)
        };
        Self {
            highest: highest_floor(imp),
            lowest,
            currency: Some(imp.floor_currency),
            deals: false,
        }
    }

    /// Those of bids on its deals: a deal's own, or where it is silent the open auction's.
    pub(super) fn of_deals(imp: &Imp<'_>) -> Self {
        let open = Self::open(imp);
        let mut highest = Some(CpmMicros::ZERO);
        let mut currency = None;
        for deal in imp.deals {
            let by_length = deal.mincpmpersec.is_some() || !deal.durfloors.is_empty();
            let (floor, of) = match deal.bidfloor {
                Some(floor) => (Some(floor), deal.bidfloorcur.unwrap_or(Currency::USD)),
                None if by_length => (None, imp.floor_currency),
                None => (open.highest, imp.floor_currency),
            };
            highest = match (highest, floor) {
                (Some(highest), Some(floor)) if currency.is_none_or(|it| it == of) => {
                    Some(highest.max(floor))
                }
                // Several currencies, or floors that depend on what is shown.
                (_, _) => None,
            };
            currency = Some(of);
        }
        Self {
            highest,
            lowest: CpmMicros::ZERO,
            currency,
            deals: true,
        }
    }
}

impl<'s> Search<'s> {
    pub(super) const fn new(offers: &'s Offers, terms: &'s [Term], seed: u64) -> Self {
        Self {
            offers,
            terms,
            seed,
            batch: FIRST_BATCH,
        }
    }

    /// What roundings can make a bound differ from a price by, with all kinds in sight.
    pub(super) fn slack(&self) -> u64 {
        self.terms.iter().map(|it| it.slack).max().unwrap_or(0)
    }

    /// Fills `ranks` with the best of a set that reach `needed`; false when there is none.
    ///
    /// Equal ones are among them by their draw; of more than enough equals those that are met first, in an
    /// order that the seed draws. Who was looked at must have left the set before the next call.
    pub(super) fn gather(&mut self, set: &Bits, needed: u64, ranks: &mut Ranks) -> bool {
        let room = self.batch;
        let is_first = room == FIRST_BATCH;
        let mut best = std::mem::take(&mut ranks.best).into_vec();
        best.clear();
        let sure = if is_first { self.sure(set, room) } else { 0 };
        let mut cut = Cut {
            bound: needed.max(sure),
            draw: 0,
            equals: 0,
        };
        let ceiling = self.ceiling();
        let words = set.words();
        let ring = Ring::new(self.seed, words.len());
        let mut next = ring.start;
        for _ in words {
            if !cut.is_below(ceiling) {
                break;
            }
            let at = next;
            next = ring.after(at);
            let mut rest = words.get(at).copied().unwrap_or(0);
            if rest == 0 {
                continue;
            }
            if let Some((bound, bids)) = self.word_bound(at) {
                if !cut.is_below(bound) {
                    continue;
                }
                if !bids {
                    if is_first {
                        ranks.under_floor.add_to_word(at, rest);
                    }
                    continue;
                }
            }
            while rest != 0 {
                let number = at * 64 + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let Some((bound, bids)) = self.bound(number) else {
                    continue;
                };
                if !bids && is_first {
                    ranks.under_floor.insert(number);
                }
                if !bids || bound < cut.bound {
                    continue;
                }
                let draw = draw(self.seed, number);
                if bound == cut.bound {
                    cut.equals += 1;
                    if draw < cut.draw {
                        continue;
                    }
                }
                best.push(Rank {
                    bound,
                    draw,
                    number: u32::try_from(number).unwrap_or(u32::MAX),
                });
                if best.len() == 2 * room {
                    keep(&mut best, room, &mut cut);
                }
            }
        }
        keep(&mut best, room, &mut cut);
        self.batch = room.saturating_mul(4);
        ranks.best = BinaryHeap::from(best);
        !ranks.best.is_empty()
    }

    /// What the best so many of a set reach at least, as far as a few of the dearest words tell: whoever is
    /// under it need not be compared.
    fn sure(&self, set: &Bits, room: usize) -> u64 {
        let mut best = ArrayVec::<u64, FIRST_BATCH>::new();
        let words = set.words();
        let dearest = self.offers.dearest().iter().map(|at| *at as usize);
        let held = dearest.map(|at| (at, words.get(at).copied().unwrap_or(0)));
        for (at, mut rest) in held.filter(|it| it.1 != 0).take(MOST_DEAREST) {
            while rest != 0 {
                let number = at * 64 + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let Some((bound, true)) = self.bound(number) else {
                    continue;
                };
                if best.len() == room {
                    if best.first().is_some_and(|least| *least >= bound) {
                        continue;
                    }
                    best.remove(0);
                }
                let place = best.partition_point(|it| *it < bound);
                best.insert(place, bound);
            }
            if best.len() == room {
                break;
            }
        }
        match best.first() {
            Some(least) if best.len() == room => *least,
            Some(_) | None => 0,
        }
    }

    /// The most that any line item can bid.
    fn ceiling(&self) -> u64 {
        let told = |offer: &Offer| {
            let term = self.term(offer)?;
            Some(term.told(term.own(offer)))
        };
        let highest = self.offers.highest().iter();
        highest
            .map(|it| told(it).unwrap_or(u64::MAX))
            .max()
            .unwrap_or(0)
    }

    /// The most that any line item of a word can bid, and whether that reaches any floor; `None` where that takes
    /// looking at each.
    fn word_bound(&self, at: usize) -> Option<(u64, bool)> {
        self.bound_of(self.offers.word(at)?)
    }

    /// The most that a line item can bid, and whether that reaches any floor.
    pub(super) fn bound(&self, number: usize) -> Option<(u64, bool)> {
        self.bound_of(self.offers.item(number)?)
    }

    fn bound_of(&self, offer: &Offer) -> Option<(u64, bool)> {
        let term = self.term(offer)?;
        let own = term.own(offer);
        Some((term.told(own), own >= term.least))
    }

    fn term(&self, offer: &Offer) -> Option<&Term> {
        self.terms.get(usize::try_from(offer.kind?).ok()?)
    }
}

/// The order in which words are visited: every one once, in steps and from a place that the seed draws.
///
/// In steps, since from one place on whoever follows a gap would be met early more often.
#[derive(Debug, Clone, Copy)]
struct Ring {
    start: usize,
    step: usize,
    count: usize,
}

impl Ring {
    fn new(seed: u64, count: usize) -> Self {
        let below = |bits: u64, most: usize| {
            let most = u64::try_from(most.max(1)).unwrap_or(u64::MAX);
            usize::try_from(bits % most).unwrap_or(0)
        };
        let mut step = 1 + below(seed >> 32, count);
        while common_divisor(step, count) > 1 {
            step += 1;
        }
        Self {
            start: below(seed & 0xFFFF_FFFF, count),
            step: step % count.max(1),
            count,
        }
    }

    const fn after(&self, at: usize) -> usize {
        let next = at + self.step;
        if next >= self.count {
            next - self.count
        } else {
            next
        }
    }
}

const fn common_divisor(a: usize, b: usize) -> usize {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Keeps the best so many, and cuts at the last of them.
fn keep(best: &mut Vec<Rank>, room: usize, cut: &mut Cut) {
    if best.len() <= room {
        return;
    }
    let (_, last, _) = best.select_nth_unstable_by(room - 1, |a, b| b.cmp(a));
    if last.bound > cut.bound {
        cut.equals = room;
    }
    (cut.bound, cut.draw) = (last.bound, last.draw);
    best.truncate(room);
}

/// `price` × `factor`, rounded half up: never under what a rounding half to even gives.
fn times(price: u64, factor: u64) -> u64 {
    let product = u128::from(price) * u128::from(factor) + u128::from(ONE / 2);
    u64::try_from(product >> 32).unwrap_or(u64::MAX)
}

/// A factor from what it makes of a thousand units; a factor of a thousand and more is beyond measure.
fn upper(factor: &Factor) -> u64 {
    const THOUSAND: i64 = 1_000_000_000;
    let of = factor.of(CpmMicros::new(THOUSAND).unwrap_or_default());
    if of >= CpmMicros::MAX {
        return u64::MAX;
    }
    quotient(micros(of).saturating_add(1), THOUSAND.unsigned_abs())
}

fn rate(from: Currency, to: Currency, rates: &RateTable) -> u64 {
    if from == to {
        return ONE;
    }
    let per_usd = |currency| rates.per_usd(currency).map(i64::unsigned_abs);
    match (per_usd(to), per_usd(from)) {
        (Some(to), Some(from)) => quotient(to, from),
        (None, _) | (_, None) => u64::MAX,
    }
}

/// `numerator` ÷ `denominator` in 2^-32, rounded up.
fn quotient(numerator: u64, denominator: u64) -> u64 {
    let quotient = (u128::from(numerator) << 32).div_ceil(u128::from(denominator.max(1)));
    u64::try_from(quotient).unwrap_or(u64::MAX)
}

fn micros(price: CpmMicros) -> u64 {
    price.micros().unsigned_abs()
}
