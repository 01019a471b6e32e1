//! The whole step from an offer to a bid and its maximum cost.

use contracts::catalog::{BidRule, PriceRule};
use units::{CpmMicros, Currency, Multiplier, Nanos, Probability, RateTable};

use super::Factor;
use crate::eligibility::Ineligible;
use crate::opportunity::Floor;

/// What the buyer offers for one impression.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Its price rule.
    pub rule: &'a PriceRule,
    /// How likely what it pays for is; certain for a CPM.
    pub rate: Probability,
    /// The product of its modifiers.
    pub factor: Factor,
    /// The campaign's currency, in which all of these are.
    pub currency: Currency,
}

/// What the seller asks.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// The least that is accepted.
    pub floor: Floor,
    /// Whether the floor is the agreed price of a deal (C-113, `at` 3).
    pub agreed: bool,
    /// Currency of the bid.
    pub currency: Currency,
    /// Impressions that one display counts for.
    pub quantity: Multiplier,
}

/// The steps of one price, all in the campaign's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The offer for a thousand impressions: the CPM, or goal × rate × 1000.
    pub base: CpmMicros,
    /// After the modifiers.
    pub modified: CpmMicros,
    /// After it was raised towards the floor.
    pub raised: CpmMicros,
    /// After the maximum: the bid.
    pub price: CpmMicros,
}

/// A bid that may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// How it came about.
    pub steps: Steps,
    /// The bid, in its currency.
    pub price: CpmMicros,
    /// The least that is accepted, in the bid's currency.
    pub floor: CpmMicros,
    /// The most that one display can cost, in the campaign's currency: never more than `max_cpm`.
    pub max_cost: Nanos,
}

/// The offer as a fraction of a millionth: numerator and denominator.
///
/// Nanos per event times events per impression are nanos per impression, which as a number are the micros
/// of a thousand: goal × rate × 1000 is exact before its one division.
fn offer(bid: BidRule, rate: Probability) -> (i128, i128) {
    let of_goal = |goal: Nanos| {
        let goal = i128::from(goal.0.max(0)) * i128::from(rate.billionths());
        (goal, i128::from(Probability::ONE.billionths()))
    };
    match bid {
        BidRule::Cpm { cpm } => (i128::from(cpm.micros()), 1),
        BidRule::Cpc { cpc } => of_goal(cpc),
        BidRule::Cpa { cpa } => of_goal(cpa),
    }
}

/// The offer for a thousand impressions before modifiers, rounded half to even.
#[must_use]
pub fn base(bid: BidRule, rate: Probability) -> CpmMicros {
    let (numerator, denominator) = offer(bid, rate);
    Factor::ONE.of_parts(numerator, denominator)
}

/// The steps from the offer to the bid: base × factor with one rounding, half to even; raised towards the
/// floor; at most `max_cpm`. `floor` is in the campaign's currency.
#[must_use]
pub fn steps(rule: &PriceRule, rate: Probability, factor: Factor, floor: CpmMicros) -> Steps {
    let (numerator, denominator) = offer(rule.bid, rate);
    let modified = factor.of_parts(numerator, denominator);
    let raised = match rule.raise_to_floor {
        Some(raise) => modified.max(floor.times(raise)),
        None => modified,
    };
    Steps {
        base: base(rule.bid, rate),
        modified,
        raised,
        price: raised.min(rule.max_cpm),
    }
}

/// The bid, and the most that it can cost.
///
/// # Errors
/// `UnderFloor`: the maximum, or the modified offer of a rule that is not raised, lies under the floor; a
/// price equal to the floor is a bid. `FloorCurrency`: a currency without a rate. `PriceZero`:
/// nothing would be bid.
pub fn quote(terms: &Terms<'_>, ask: &Ask, rates: &RateTable) -> Result<Quote, Ineligible> {
    let Floor {
        price: asked,
        currency,
    } = ask.floor;
    let floor = rates
        .convert_price(asked, currency, terms.currency)
        .ok_or(Ineligible::FloorCurrency)?;
    let mut steps = steps(terms.rule, terms.rate, terms.factor, floor);
    if ask.agreed {
        steps.raised = floor;
        steps.price = floor.min(terms.rule.max_cpm);
    }
    if steps.price < floor {
        return Err(Ineligible::UnderFloor);
    }
    let told = rates
        .convert_price(steps.price, terms.currency, ask.currency)
        .ok_or(Ineligible::FloorCurrency)?;
    let told_floor = rates
        .convert_price(asked, currency, ask.currency)
        .ok_or(Ineligible::FloorCurrency)?;
    // Rounding in the conversion must not push a bid at the floor below it.
    let price = told.max(told_floor);
    if price == CpmMicros::ZERO {
        return Err(Ineligible::PriceZero);
    }
    let rate = |currency| rates.per_usd(currency).ok_or(Ineligible::FloorCurrency);
    let (from, to) = (rate(ask.currency)?, rate(terms.currency)?);
    let cost = maximum_cost(price, from, to, ask.quantity);
    // Nor may roundings in conversions cost the advertiser more than it allowed.
    let most = maximum_cost(terms.rule.max_cpm, to, to, ask.quantity);
    let cost = cost.zip(most).map(|(cost, most)| cost.min(most));
    Ok(Quote {
        steps,
        price,
        floor: told_floor,
        max_cost: cost.ok_or(Ineligible::FloorCurrency)?,
    })
}

/// The most that one display at `price` can cost in the campaign's currency, rounded up.
///
/// `rate_from` and `rate_to` are billionths per USD of the bid's and of the campaign's currency.
#[must_use]
pub fn maximum_cost(
    price: CpmMicros,
    rate_from: i64,
    rate_to: i64,
    quantity: Multiplier,
) -> Option<Nanos> {
    let numerator = i128::from(price.micros())
        .checked_mul(i128::from(rate_to))?
        .checked_mul(i128::from(quantity.millionths()))?;
    let denominator = i128::from(rate_from) * i128::from(Multiplier::ONE.millionths());
    if denominator <= 0 {
        return None;
    }
    let up = i128::from(numerator % denominator != 0);
    i64::try_from(numerator / denominator + up).ok().map(Nanos)
}
