//! In which order line items are looked at: by the most that each can bid on this imp.
//!
//! A bound costs a few instructions and is the price itself unless floors differ by length or currencies
//! are converted, so that hardly anybody is looked at in vain. It is an upper bound in any case: once it
//! falls under what is needed, the search is over.

use units::{CpmMicros, Currency, RateTable};

use crate::choose::draw;
use crate::index::Bits;
use crate::market::{Kind, Offer, Offers};
use crate::opportunity::{Imp, highest_floor};
use crate::pricing::Factor;

/// A factor of one: factors are in 2^-32, rounded up.
const ONE: u64 = 1 << 32;
/// How many are gathered first; each further time four times as many.
const FIRST_BATCH: usize = 16;

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
#[derive(Debug, Clone, Copy)]
pub(super) struct Rank {
    /// In millionths of the response's currency.
    pub(super) bound: u64,
    /// Its draw, once it is among the best.
    pub(super) draw: u64,
    /// Its place in the order that the seed draws.
    turn: u32,
    /// The line item.
    pub(super) number: u32,
}

/// Memory of searches.
#[derive(Debug, Default)]
pub(crate) struct Ranks {
    pub(super) best: Vec<Rank>,
    /// Met, and unable to reach any floor.
    pub(super) under_floor: Vec<u32>,
}

/// One search over the line items of a set, the best first.
#[derive(Debug)]
pub(super) struct Search<'s> {
    pub(super) set: &'s Bits,
    pub(super) offers: &'s Offers,
    pub(super) terms: &'s [Term],
    pub(super) seed: u64,
    /// The last that was handed out; everybody behind it is still to come.
    after: Option<(u64, u32)>,
    batch: usize,
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
    pub(super) const fn new(
        set: &'s Bits,
        offers: &'s Offers,
        terms: &'s [Term],
        seed: u64,
    ) -> Self {
        Self {
            set,
            offers,
            terms,
            seed,
            after: None,
            batch: FIRST_BATCH,
        }
    }

    /// What roundings can make a bound differ from a price by, with all kinds in sight.
    pub(super) fn slack(&self) -> u64 {
        self.terms.iter().map(|it| it.slack).max().unwrap_or(0)
    }

    /// Fills `ranks` with the next best that reach `needed`, the best first and equal ones by their draw;
    /// false when nobody is left.
    ///
    /// Among more equals than fit, the seed draws which are taken.
    pub(super) fn gather(&mut self, needed: u64, ranks: &mut Ranks) -> bool {
        let Ranks { best, under_floor } = ranks;
        best.clear();
        let words = self.set.words();
        let room = self.batch;
        let mut cut = needed;
        let ring = Ring::new(self.seed, words.len());
        let mut turn = 0;
        let mut at = ring.start;
        for _ in words {
            let word = words.get(at).copied().unwrap_or(0);
            let here = at;
            at = ring.after(at);
            turn += 64;
            if word == 0 || self.word_bound(here).is_some_and(|bound| bound < cut) {
                continue;
            }
            let mut rest = word.rotate_right(ring.bit);
            while rest != 0 {
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                let number = here * 64 + ((bit + ring.bit) % 64) as usize;
                let Some((bound, bids)) = self.bound(number) else {
                    continue;
                };
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                if !bids {
                    if self.after.is_none() {
                        under_floor.push(number);
                    }
                    continue;
                }
                let rank = Rank {
                    bound,
                    draw: 0,
                    turn: turn + bit,
                    number,
                };
                if bound < cut || self.after.is_some_and(|after| !rank.is_behind(after)) {
                    continue;
                }
                best.push(rank);
                if best.len() == 2 * room {
                    cut = cut.max(keep(best, room) + 1);
                }
            }
        }
        keep(best, room);
        let Some(last) = best.iter().max_by_key(|it| it.place()) else {
            return false;
        };
        self.after = Some((last.bound, last.turn));
        self.batch = self.batch.saturating_mul(4);
        for rank in best.iter_mut() {
            rank.draw = draw(self.seed, rank.number as usize);
        }
        best.sort_unstable_by_key(|it| std::cmp::Reverse((it.bound, it.draw)));
        true
    }

    /// The most that any line item of a word can bid; `None` where that takes looking at each.
    fn word_bound(&self, at: usize) -> Option<u64> {
        let offer = self.offers.word(at)?;
        let term = self.term(offer)?;
        Some(term.told(term.own(offer)))
    }

    /// The most that a line item can bid, and whether that reaches any floor.
    fn bound(&self, number: usize) -> Option<(u64, bool)> {
        let offer = self.offers.item(number)?;
        let term = self.term(offer)?;
        let own = term.own(offer);
        Some((term.told(own), own >= term.least))
    }

    fn term(&self, offer: &Offer) -> Option<&Term> {
        self.terms.get(usize::try_from(offer.kind?).ok()?)
    }
}

impl Rank {
    /// The dearer first, then by turn.
    const fn place(&self) -> (std::cmp::Reverse<u64>, u32) {
        (std::cmp::Reverse(self.bound), self.turn)
    }

    const fn is_behind(&self, (bound, turn): (u64, u32)) -> bool {
        self.bound < bound || self.bound == bound && self.turn > turn
    }
}

/// The order in which words are visited: every one once, in steps and from a place that the seed draws.
///
/// Steps, since from one place on whoever follows a gap would be among the first more often.
#[derive(Debug, Clone, Copy)]
struct Ring {
    start: usize,
    step: usize,
    count: usize,
    /// The first bit of each word.
    bit: u32,
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
            bit: u32::try_from(seed >> 58).unwrap_or(0),
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

/// Keeps the best and answers the lowest bound among them. Later turns lose against equals, so that a
/// bound must be higher to displace one.
fn keep(best: &mut Vec<Rank>, room: usize) -> u64 {
    if best.len() <= room {
        return 0;
    }
    let (_, last, _) = best.select_nth_unstable_by_key(room - 1, Rank::place);
    let lowest = last.bound;
    best.truncate(room);
    lowest
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
