//! From a line item's offer to a bid (docs/pricing.md).
//!
//! base → × modifiers, clamped → raised towards the floor → at most `max_cpm` → not under the floor → in
//! the bid's currency. The base is a CPM, or goal × rate × 1000 with a rate that a [`RateModel`] tells.
//! Integers only. One rounding, half to even, after base and modifiers, and one more where the bid's currency
//! is another than the campaign's; the maximum cost, which is reserved, is rounded up.

mod factor;
mod modifiers;
mod quote;
mod rate;
#[cfg(test)]
mod tests;

pub use factor::Factor;
pub use modifiers::{Applied, ModifierSet, Priced, Shown};
pub use quote::{Ask, Quote, Steps, Terms, base, maximum_cost, quote, steps};
pub(crate) use rate::Observing;
pub use rate::{Chance, ModelVersion, ObservedRates, RateModel, most_rate, rate};

/// `None` for a negative fraction or one that is none.
fn half_even(numerator: i128, denominator: i128) -> Option<i128> {
    if denominator <= 0 || numerator < 0 {
        return None;
    }
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    let twice = rest.checked_mul(2)?;
    let up = twice > denominator || (twice == denominator && quotient % 2 == 1);
    Some(quotient + i128::from(up))
}
