//! The step as a table, and what holds of every price.

use std::collections::BTreeMap;

use contracts::catalog::{BidRule, Clamp, Counted, Modifier, ModifierKey, PriceRule, Shading};
use contracts::notice::NoticeClaims;
use proptest::prelude::*;
use units::{CpmMicros, Currency, Multiplier, Nanos, Probability, RateTable};

use super::*;
use crate::eligibility::schedule::WeekHour;
use crate::eligibility::{Ineligible, Medium};
use crate::facts::{Dimension, Facts};
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
    let set = ModifierSet::new(&rule);
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
fn modifiers_on_keys() {
    use ModifierKey as Key;
    let mut facts = Facts::default();
    facts.push(Dimension::Country, "USA");
    facts.push_domain("sport.news.example");
    facts.push_category("IAB17-3");
    facts.push(Dimension::Interest, "Golf");
    facts.push(Dimension::Interest, "tennis");
    facts.push(Dimension::DeviceType, "ctv");
    let on_deal = Shown {
        deal: Some("D-1"),
        ..shown()
    };
    // (says, key, factors, otherwise, what is shown, want)
    type Case<'a> = (
        &'a str,
        Key,
        &'a [(&'a str, &'a str)],
        &'a str,
        Shown<'a>,
        &'a str,
    );
    let cases: [Case<'_>; 17] = [
        (
            "C-28 alpha-2 or alpha-3",
            Key::Countries,
            &[("US", "1.2")],
            "1",
            shown(),
            "1.2",
        ),
        (
            "another",
            Key::Countries,
            &[("DE", "1.2")],
            "0.7",
            shown(),
            "0.7",
        ),
        (
            "unknown: otherwise",
            Key::Cities,
            &[("Oakland", "1.2")],
            "0.7",
            shown(),
            "0.7",
        ),
        (
            "C-29 subdomains",
            Key::Domains,
            &[("News.example", "1.5")],
            "1",
            shown(),
            "1.5",
        ),
        (
            "C-30 the tier-1 parent",
            Key::Categories,
            &[("IAB17", "1.5")],
            "1",
            shown(),
            "1.5",
        ),
        (
            "of several the highest",
            Key::Interests,
            &[("golf", "1.1"), ("tennis", "1.3")],
            "1",
            shown(),
            "1.3",
        ),
        (
            "the listed one counts, not otherwise",
            Key::Interests,
            &[("golf", "0.5")],
            "1",
            shown(),
            "0.5",
        ),
        (
            "by name",
            Key::DeviceTypes,
            &[("ctv", "2")],
            "1",
            shown(),
            "2",
        ),
        (
            "in the day part",
            Key::Dayparts,
            &[("mon-fri 09-17", "1.4")],
            "0.9",
            shown(),
            "1.4",
        ),
        (
            "outside of it",
            Key::Dayparts,
            &[("sat 00-24", "1.4")],
            "0.9",
            shown(),
            "0.9",
        ),
        ("no deal", Key::Deals, &[("D-1", "3")], "1", shown(), "1"),
        ("the deal", Key::Deals, &[("D-1", "3")], "1", on_deal, "3"),
        (
            "the size",
            Key::Sizes,
            &[("300x250", "1.1")],
            "1",
            shown(),
            "1.1",
        ),
        (
            "another size",
            Key::Sizes,
            &[("728x90", "1.1")],
            "1",
            shown(),
            "1",
        ),
        (
            "the format",
            Key::Formats,
            &[("banner", "0.8"), ("video", "2")],
            "1",
            shown(),
            "0.8",
        ),
        (
            "another format",
            Key::Formats,
            &[("video", "2")],
            "0.6",
            shown(),
            "0.6",
        ),
        ("nothing listed", Key::Segments, &[], "0.6", shown(), "0.6"),
    ];
    for (says, key, factors, otherwise, shown, want) in cases {
        let factors: BTreeMap<_, _> = factors
            .iter()
            .map(|(value, factor)| ((*value).to_owned(), times(factor)))
            .collect();
        let mut rule = rule("1", "100");
        rule.modifiers = vec![Modifier::Key {
            key,
            factors,
            otherwise: times(otherwise),
        }];
        let set = ModifierSet::new(&rule);
        let of_request = set.of_request(Priced::default(), &facts);
        let got = set.whole(of_request, &shown);
        assert_eq!(got.of(cpm("1")), cpm(want), "{says}");
        assert!(set.at_most(of_request) >= got, "{says}");
    }
}

#[test]
fn the_clamp_bounds_the_product_and_not_each_modifier() {
    let mut rule = rule("2", "100");
    rule.clamp = Some(Clamp {
        min: times("0.5"),
        max: times("1.5"),
    });
    let set = ModifierSet::new(&rule);
    // (segments, device type, want): 2 × (1 + 0.1 × segments) × device
    for (segments, device_type, want) in [(0, 5, "1.8"), (5, 5, "2.7"), (9, 4, "3"), (90, 2, "3")] {
        let seen = Priced {
            device_type,
            interests: 0,
            segments,
        };
        let factor = set.whole(set.of_request(seen, &Facts::default()), &shown());
        assert_eq!(factor.of(cpm("2")), cpm(want), "{segments} segments");
    }
}

fn any_rule() -> impl Strategy<Value = PriceRule> {
    let amount = 0_i64..1_000_000_000_000;
    let offer = (0_u8..3, amount.clone()).prop_map(|(kind, amount)| match kind {
        0 => BidRule::Cpm {
            cpm: CpmMicros::new(amount).unwrap(),
        },
        1 => BidRule::Cpc { cpc: Nanos(amount) },
        _ => BidRule::Cpa { cpa: Nanos(amount) },
    });
    let raise = proptest::option::of(900_000_i64..3_000_000);
    (offer, raise, amount).prop_map(|(bid, raise, max)| PriceRule {
        bid,
        modifiers: Vec::new(),
        clamp: None,
        raise_to_floor: raise.and_then(Multiplier::new),
        max_cpm: CpmMicros::new(max).unwrap(),
        shading: Shading::default(),
    })
}

fn any_factor() -> impl Strategy<Value = Factor> {
    let modifiers = proptest::collection::vec(0_i64..20_000_000, 0..8);
    modifiers.prop_map(|all| {
        let each = all.into_iter().filter_map(Multiplier::new);
        each.fold(Factor::ONE, Factor::times)
    })
}

/// Rates of a currency, from the yen's to one worth ten dollars.
fn any_rate() -> impl Strategy<Value = i64> {
    100_000_000_i64..200_000_000_000
}

fn claims(
    price: CpmMicros,
    max_cost: Nanos,
    from: i64,
    to: i64,
    quantity: Multiplier,
) -> NoticeClaims {
    let claims = serde_json::json!({
        "kind": "bill", "reservation": {"lease": "00000000-0000-0000-0000-000000000007", "seq": 1},
        "bid": "00000000-0000-0000-0000-000000000008", "source": "s", "bill_on": "burl", "campaign": "c",
        "line_item": "l", "creative": "k", "auction": "00000000-0000-0000-0000-000000000009", "imp": "1",
        "max_cost": max_cost, "price": price, "currency": "EUR", "rate_id": 1, "rate_from": from, "rate_to": to,
        "quantity": quantity, "settle_by": 0, "test": false, "user": null,
    });
    serde_json::from_value(claims).unwrap()
}

proptest! {
    #[test]
    fn floor_price_and_maximum(
        rule in any_rule(), rate in 0_u32..=1_000_000_000, factor in any_factor(), floor in 0_i64..100_000_000,
    ) {
        let rate = Probability::new(rate).unwrap();
        let terms = Terms { rule: &rule, rate, factor, currency: Currency::USD };
        let floor = CpmMicros::new(floor).unwrap();
        let asked = Ask { floor: Floor { price: floor, currency: Currency::USD }, ..ask("0") };
        match quote(&terms, &asked, &rates()) {
            Ok(quote) => prop_assert!(
                floor <= quote.price && quote.price <= rule.max_cpm && quote.price > CpmMicros::ZERO
            ),
            Err(Ineligible::UnderFloor) => {
                let best = steps(&rule, rate, factor, floor).modified;
                prop_assert!(rule.max_cpm < floor || best < floor);
            }
            Err(why) => prop_assert_eq!(why, Ineligible::PriceZero),
        }
    }

    #[test]
    fn a_higher_offer_is_never_a_lower_bid(
        low in any_rule(), more in 0_i64..1_000_000_000, rate in 0_u32..=1_000_000_000, factor in any_factor(),
        floor in 0_i64..100_000_000,
    ) {
        let mut high = low.clone();
        match &mut high.bid {
            BidRule::Cpm { cpm } => *cpm = cpm.plus(CpmMicros::new(more).unwrap()),
            BidRule::Cpc { cpc: goal } | BidRule::Cpa { cpa: goal } => *goal += Nanos(more),
        }
        let rate = Probability::new(rate).unwrap();
        let floor = CpmMicros::new(floor).unwrap();
        let price = |rule| steps(rule, rate, factor, floor).price;
        prop_assert!(price(&low) <= price(&high));
    }

    #[test]
    fn no_price_up_to_the_bid_costs_more_than_its_maximum(
        price in 0_i64..1_000_000_000, paid in 0_i64..1_000_000_000, from in any_rate(), to in any_rate(),
        quantity in 0_i64..20_000_000,
    ) {
        // money.md: the charge is min(price, maximum); the maximum is never what cuts it.
        let (price, paid) = (CpmMicros::new(price).unwrap(), CpmMicros::new(paid.min(price)).unwrap());
        let quantity = Multiplier::new(quantity).unwrap();
        let cost = maximum_cost(price, from, to, quantity).unwrap();
        let uncut = claims(price, Nanos(i64::MAX), from, to, quantity);
        prop_assert!(uncut.charge(Some(paid)) <= cost);
        let exact = claims(price, cost, from, to, quantity);
        prop_assert_eq!(exact.charge(Some(paid)), uncut.charge(Some(paid)));
    }

    #[test]
    fn one_rounding_half_to_even(
        micros in 0_i64..1_000_000_000, modifiers in proptest::collection::vec(0_i64..4_000_000, 0..=2),
    ) {
        // Beside the naive product, which two modifiers leave in 128 bits.
        let naive = modifiers.iter().fold(i128::from(micros), |n, it| n * i128::from(*it));
        let unit = modifiers.iter().fold(1_i128, |n, _| n * 1_000_000);
        let want = half_even(naive, unit).unwrap();
        let each = modifiers.iter().filter_map(|it| Multiplier::new(*it));
        let factor = each.fold(Factor::ONE, Factor::times);
        let got = factor.of(CpmMicros::new(micros).unwrap());
        prop_assert_eq!(i128::from(got.micros()), want.min(i128::from(CpmMicros::MAX.micros())));
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
