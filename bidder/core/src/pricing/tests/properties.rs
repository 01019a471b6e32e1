//! What holds of every price.

use contracts::notice::NoticeClaims;
use proptest::prelude::*;

use super::*;

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
