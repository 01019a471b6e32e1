//! From a line item's offer to a bid: base × modifiers, raised towards the floor, at most `max_cpm`.
//!
//! The modifiers are data of the catalog. One rounding, half-even, after all of them.

use contracts::catalog::{BidRule, Counted, Modifier, PriceRule};
use units::{CpmMicros, Multiplier, Nanos};

/// What the modifiers look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Priced {
    /// `device.devicetype`, 0 when unknown.
    pub device_type: i32,
    /// How many interests the user has.
    pub interests: usize,
    /// How many segments the user is in.
    pub segments: usize,
}

/// The product of all modifiers of a rule for one request, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    numerator: i128,
    denominator: i128,
}

/// A price under the floor, which is no bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnderFloor {
    /// What would have been bid.
    pub price: CpmMicros,
    /// What is asked at least.
    pub floor: CpmMicros,
}

/// The steps of one price, all in the campaign's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The line item's offer.
    pub base: CpmMicros,
    /// After the modifiers.
    pub modified: CpmMicros,
    /// After it was raised towards the floor.
    pub raised: CpmMicros,
    /// After the maximum: the bid.
    pub price: CpmMicros,
}

/// A thousand modifiers of 10^6 would overflow; a product beyond this is taken as it is.
const ENOUGH: i128 = 1_000_000_000_000_000_000_000;

/// The product of a rule's modifiers.
#[must_use]
pub fn factor(modifiers: &[Modifier], seen: Priced) -> Factor {
    let mut product = Factor {
        numerator: 1,
        denominator: 1,
    };
    for modifier in modifiers {
        let factor = modifier_factor(modifier, seen);
        if product.numerator < ENOUGH {
            product.numerator = product
                .numerator
                .saturating_mul(i128::from(factor.millionths()));
            product.denominator = product
                .denominator
                .saturating_mul(i128::from(Multiplier::ONE.millionths()));
        }
        // Both sides lose their common millions, so that they stay small.
        while product.denominator > 1_000_000
            && product.numerator % 10 == 0
            && product.denominator % 10 == 0
        {
            product.numerator /= 10;
            product.denominator /= 10;
        }
    }
    product
}

/// One modifier's factor.
#[must_use]
pub fn modifier_factor(modifier: &Modifier, seen: Priced) -> Multiplier {
    match modifier {
        Modifier::Count { of, step } => {
            let count: usize = of
                .iter()
                .map(|counted| match counted {
                    Counted::Interests => seen.interests,
                    Counted::Segments => seen.segments,
                })
                .sum();
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let extra = step.millionths().saturating_mul(count);
            Multiplier::new(Multiplier::ONE.millionths().saturating_add(extra)).unwrap_or_default()
        }
        Modifier::DeviceType { factors, otherwise } => factors
            .get(&seen.device_type)
            .copied()
            .unwrap_or(*otherwise),
    }
}

/// The line item's offer before modifiers.
#[must_use]
pub const fn base(rule: &PriceRule) -> CpmMicros {
    match rule.bid {
        BidRule::Cpm { cpm } => cpm,
    }
}

impl Factor {
    /// `price` times this factor, rounded half to even, at most [`CpmMicros::MAX`].
    #[must_use]
    pub fn of(self, price: CpmMicros) -> CpmMicros {
        let product = i128::from(price.micros()).saturating_mul(self.numerator);
        div_half_even(product, self.denominator)
            .and_then(CpmMicros::new)
            .unwrap_or(CpmMicros::MAX)
    }
}

/// The steps from the offer to the bid. `floor` is in the campaign's currency.
#[must_use]
pub fn steps(rule: &PriceRule, factor: Factor, floor: CpmMicros) -> Steps {
    let base = base(rule);
    let modified = factor.of(base);
    let raised = match rule.raise_to_floor {
        Some(raise) => modified.max(floor.times(raise)),
        None => modified,
    };
    Steps {
        base,
        modified,
        raised,
        price: raised.min(rule.max_cpm),
    }
}

/// The bid in the campaign's currency.
///
/// # Errors
/// [`UnderFloor`] when the maximum lies under the floor; a price equal to the floor is a bid.
pub fn price(rule: &PriceRule, factor: Factor, floor: CpmMicros) -> Result<CpmMicros, UnderFloor> {
    let price = steps(rule, factor, floor).price;
    if price < floor {
        return Err(UnderFloor { price, floor });
    }
    Ok(price)
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

fn div_half_even(numerator: i128, denominator: i128) -> Option<i64> {
    if denominator <= 0 || numerator < 0 {
        return None;
    }
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    let twice = rest.checked_mul(2)?;
    let up = twice > denominator || (twice == denominator && quotient % 2 == 1);
    i64::try_from(quotient + i128::from(up)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpm(text: &str) -> CpmMicros {
        CpmMicros::parse(text).unwrap()
    }

    fn times(text: &str) -> Multiplier {
        Multiplier::parse(text).unwrap()
    }

    /// The rule that the control plane writes for the short form of a campaign (interfaces.md).
    fn rule(base: &str, max: &str) -> PriceRule {
        PriceRule {
            bid: BidRule::Cpm { cpm: cpm(base) },
            modifiers: vec![
                Modifier::Count {
                    of: vec![Counted::Interests, Counted::Segments],
                    step: times("0.1"),
                },
                Modifier::DeviceType {
                    factors: [(1, "1.2"), (4, "1.2"), (2, "1"), (5, "0.9")]
                        .map(|(kind, factor)| (kind, times(factor)))
                        .into(),
                    otherwise: Multiplier::ONE,
                },
            ],
            raise_to_floor: Some(times("1.1")),
            max_cpm: cpm(max),
        }
    }

    #[test]
    fn the_price_formula() {
        struct Case(
            &'static str,
            i32,
            usize,
            usize,
            &'static str,
            Result<&'static str, ()>,
        );
        // base 2.0, max 10
        let cases = [
            Case("nothing known: the base", 0, 0, 0, "0", Ok("2")),
            Case("desktop", 2, 0, 0, "0", Ok("2")),
            Case("mobile, devicetype 1", 1, 0, 0, "0", Ok("2.4")),
            Case("mobile, devicetype 4", 4, 0, 0, "0", Ok("2.4")),
            Case("tablet", 5, 0, 0, "0", Ok("1.8")),
            Case("unknown device", 3, 0, 0, "0", Ok("2")),
            Case("two interests", 2, 2, 0, "0", Ok("2.4")),
            Case(
                "two interests, three segments, mobile",
                4,
                2,
                3,
                "0",
                Ok("3.6"),
            ),
            Case("above the floor: not raised", 2, 0, 0, "1.5", Ok("2")),
            Case(
                "above the floor, under 1.1 of it: raised",
                2,
                0,
                0,
                "1.9",
                Ok("2.09"),
            ),
            Case(
                "under the floor: raised to 1.1 of it",
                2,
                0,
                0,
                "5",
                Ok("5.5"),
            ),
            Case("raised at most to the maximum", 2, 0, 0, "9.5", Ok("10")),
            Case("X-72 the maximum equals the floor", 2, 0, 0, "10", Ok("10")),
            Case(
                "the maximum lies under the floor",
                2,
                0,
                0,
                "10.01",
                Err(()),
            ),
            Case("many segments: the maximum", 4, 0, 200, "0", Ok("10")),
        ];
        let rule = rule("2", "10");
        for Case(says, device_type, interests, segments, floor, want) in cases {
            let seen = Priced {
                device_type,
                interests,
                segments,
            };
            let got = price(&rule, factor(&rule.modifiers, seen), cpm(floor));
            assert_eq!(got.map_err(|_| ()), want.map(cpm), "{says}");
        }
    }

    #[test]
    fn one_rounding_after_all_modifiers() {
        // 0.000005 × 1.1 × 0.9 = 0.00000495 → 0.000005; rounding in between would give 0.000005 × 0.9 → 0.000004
        let seen = Priced {
            device_type: 5,
            interests: 1,
            segments: 0,
        };
        let rule = rule("0.000005", "10");
        assert_eq!(
            factor(&rule.modifiers, seen).of(cpm("0.000005")),
            cpm("0.000005")
        );
    }

    #[test]
    fn the_maximum_cost_is_never_less_than_the_charge() {
        // C-120: price / 1000 × multiplier
        assert_eq!(
            maximum_cost(cpm("6.25"), 1, 1, times("14.2")),
            Some(Nanos(88_750_000))
        );
        assert_eq!(
            maximum_cost(cpm("1"), 3, 1, Multiplier::ONE),
            Some(Nanos(333_334))
        );
        assert_eq!(maximum_cost(cpm("1"), 0, 1, Multiplier::ONE), None);
    }
}
