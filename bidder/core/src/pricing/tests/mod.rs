//! The step as a table, and what holds of every price.

mod modifiers;
mod properties;

use contracts::catalog::{BidRule, Counted, Modifier, PriceRule, Shading};
use units::{CpmMicros, Currency, Multiplier, Nanos, Probability, RateTable};

use super::*;
use crate::eligibility::schedule::WeekHour;
use crate::eligibility::{Ineligible, Medium};
use crate::facts::Facts;
use crate::index::Size;
use crate::opportunity::Floor;

fn cpm(text: &str) -> CpmMicros {
    CpmMicros::parse(text).unwrap()
}

fn times(text: &str) -> Multiplier {
    Multiplier::parse(text).unwrap()
}

fn goal(text: &str) -> Nanos {
    Nanos::parse(text).unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
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
        clamp: None,
        raise_to_floor: Some(times("1.1")),
        max_cpm: cpm(max),
        shading: Shading::default(),
    }
}

fn rates() -> RateTable {
    let per_usd = [("EUR", 920_000_000), ("JPY", 150_000_000_000)];
    RateTable {
        id: 1,
        per_usd: per_usd.map(|(code, rate)| (currency(code), rate)).into(),
    }
}

/// A seller's floor in USD for a bid in USD.
fn ask(floor: &str) -> Ask {
    Ask {
        floor: Floor {
            price: cpm(floor),
            currency: Currency::USD,
        },
        agreed: false,
        currency: Currency::USD,
        quantity: Multiplier::ONE,
    }
}

fn bid(rule: &PriceRule, rate: &str, factor: Factor, ask: &Ask) -> Result<Quote, Ineligible> {
    let terms = Terms {
        rule,
        rate: Probability::parse(rate).unwrap(),
        factor,
        currency: Currency::USD,
    };
    quote(&terms, ask, &rates())
}

#[test]
fn the_price_formula() {
    struct Case(
        &'static str,
        Priced,
        &'static str,
        Result<&'static str, Ineligible>,
    );
    let seen = |device_type, interests, segments| Priced {
        device_type,
        interests,
        segments,
    };
    // base 2.0, max 10
    let cases = [
        Case("nothing known: the base", seen(0, 0, 0), "0", Ok("2")),
        Case("desktop", seen(2, 0, 0), "0", Ok("2")),
        Case("mobile, devicetype 1", seen(1, 0, 0), "0", Ok("2.4")),
        Case("mobile, devicetype 4", seen(4, 0, 0), "0", Ok("2.4")),
        Case("tablet", seen(5, 0, 0), "0", Ok("1.8")),
        Case("unknown device", seen(3, 0, 0), "0", Ok("2")),
        Case("two interests", seen(2, 2, 0), "0", Ok("2.4")),
        Case(
            "two interests, three segments, mobile",
            seen(4, 2, 3),
            "0",
            Ok("3.6"),
        ),
        Case("above the floor: not raised", seen(2, 0, 0), "1.5", Ok("2")),
        Case(
            "above the floor, under 1.1 of it: raised",
            seen(2, 0, 0),
            "1.9",
            Ok("2.09"),
        ),
        Case(
            "under the floor: raised to 1.1 of it",
            seen(2, 0, 0),
            "5",
            Ok("5.5"),
        ),
        Case(
            "raised at most to the maximum",
            seen(2, 0, 0),
            "9.5",
            Ok("10"),
        ),
        Case(
            "X-72 the maximum equals the floor",
            seen(2, 0, 0),
            "10",
            Ok("10"),
        ),
        Case(
            "X-58 the maximum lies under the floor",
            seen(2, 0, 0),
            "10.01",
            Err(Ineligible::UnderFloor),
        ),
        Case("many segments: the maximum", seen(4, 0, 200), "0", Ok("10")),
    ];
    let rule = rule("2", "10");
    let set = ModifierSet::new(&rule.modifiers, rule.clamp);
    for Case(says, seen, floor, want) in cases {
        let factor = set.whole(set.of_request(seen, &Facts::default()), &shown());
        let got = bid(&rule, "1", factor, &ask(floor)).map(|it| it.price);
        assert_eq!(got, want.map(cpm), "{says}");
    }
}

#[test]
fn the_whole_step() {
    struct Case<'a>(
        &'a str,
        PriceRule,
        &'a str,
        Ask,
        Result<(&'a str, &'a str), Ineligible>,
    );
    let with = |bid, max: &str| PriceRule {
        bid,
        modifiers: Vec::new(),
        ..rule("2", max)
    };
    let per_click = |text| BidRule::Cpc { cpc: goal(text) };
    let per_action = |text| BidRule::Cpa { cpa: goal(text) };
    let plain = || with(BidRule::Cpm { cpm: cpm("2") }, "10");
    let not_raised = || PriceRule {
        raise_to_floor: None,
        ..plain()
    };
    let agreed = |floor| Ask {
        agreed: true,
        ..ask(floor)
    };
    let in_euros = |floor: &str| Ask {
        floor: Floor {
            price: cpm(floor),
            currency: currency("EUR"),
        },
        ..ask("0")
    };
    // The bid, and its maximum cost.
    let cases = [
        Case(
            "goal × rate × 1000: 0.40 × 0.005",
            with(per_click("0.4"), "8"),
            "0.005",
            ask("0"),
            Ok(("2", "0.002")),
        ),
        Case(
            "a goal at most its maximum",
            with(per_click("0.4"), "8"),
            "0.5",
            ask("0"),
            Ok(("8", "0.008")),
        ),
        Case(
            "a conversion: 12 × 0.00025",
            with(per_action("12"), "8"),
            "0.00025",
            ask("0"),
            Ok(("3", "0.003")),
        ),
        Case(
            "half to even down: 0.0005 × 0.000001 is half a millionth",
            with(per_click("0.0005"), "8"),
            "0.000001",
            ask("0"),
            Err(Ineligible::PriceZero),
        ),
        Case(
            "half to even up: 0.0015 × 0.000001",
            with(per_click("0.0015"), "8"),
            "0.000001",
            ask("0"),
            Ok(("0.000002", "0.000000002")),
        ),
        Case(
            "X-53 a rate of nothing",
            with(per_click("0.4"), "8"),
            "0",
            ask("0"),
            Err(Ineligible::PriceZero),
        ),
        Case(
            "a rate of nothing is raised to the floor as any offer",
            with(per_click("0.4"), "8"),
            "0",
            ask("1"),
            Ok(("1.1", "0.0011")),
        ),
        Case(
            "X-58 an offer that is not raised",
            not_raised(),
            "1",
            ask("2.000001"),
            Err(Ineligible::UnderFloor),
        ),
        Case(
            "X-72 an offer at the floor",
            not_raised(),
            "1",
            ask("2"),
            Ok(("2", "0.002")),
        ),
        Case(
            "C-113 at 3: the deal's floor, neither raised nor more",
            plain(),
            "1",
            agreed("1"),
            Ok(("1", "0.001")),
        ),
        Case(
            "C-113 at 3: our maximum still holds",
            plain(),
            "1",
            agreed("10.5"),
            Err(Ineligible::UnderFloor),
        ),
        Case(
            "X-73 a floor in euros: 1.84 EUR are 2 USD",
            not_raised(),
            "1",
            in_euros("1.84"),
            Ok(("2", "0.002")),
        ),
        Case(
            "X-73 a floor above it",
            not_raised(),
            "1",
            in_euros("1.85"),
            Err(Ineligible::UnderFloor),
        ),
        Case(
            "X-73 a bid in yen",
            plain(),
            "1",
            Ask {
                currency: currency("JPY"),
                ..ask("0")
            },
            Ok(("300", "0.002")),
        ),
        Case(
            "X-73 a currency without a rate",
            plain(),
            "1",
            Ask {
                currency: currency("XAU"),
                ..ask("0")
            },
            Err(Ineligible::FloorCurrency),
        ),
        Case(
            "C-120 the maximum cost has the quantity in it",
            plain(),
            "1",
            Ask {
                quantity: times("14.2"),
                ..ask("0")
            },
            Ok(("2", "0.0284")),
        ),
    ];
    for Case(says, rule, rate, ask, want) in cases {
        let got = bid(&rule, rate, Factor::ONE, &ask);
        let got = got.map(|it| (it.price.to_string(), it.max_cost.to_string()));
        let want = want.map(|(price, cost)| (price.to_owned(), cost.to_owned()));
        assert_eq!(got, want, "{says}");
    }
}

fn shown<'a>() -> Shown<'a> {
    Shown {
        hour: WeekHour { day: 0, hour: 9 },
        deal: None,
        medium: Medium::Banner,
        size: Size::parse("300x250"),
    }
}

#[test]
fn the_maximum_cost_is_rounded_up() {
    // C-120: price / 1000 × multiplier
    let cases = [
        (cpm("6.25"), 1, 1, times("14.2"), Some(Nanos(88_750_000))),
        (cpm("1"), 3, 1, Multiplier::ONE, Some(Nanos(333_334))),
        (cpm("1"), 0, 1, Multiplier::ONE, None),
    ];
    for (price, from, to, quantity, want) in cases {
        assert_eq!(maximum_cost(price, from, to, quantity), want, "{price}");
    }
}
