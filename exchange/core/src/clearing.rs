//! What a winner pays.

use units::{CpmMicros, Multiplier};

/// How a winner's price is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pricing {
    /// The winner pays its bid.
    First,
    /// The winner pays the next eligible price plus an increment.
    SecondPlus,
    /// The winner pays the deal's agreed price (`at` 3, deals only).
    Agreed,
}

impl Pricing {
    /// Of the request's `at`: 2 is second price plus; anything unknown runs as first price.
    #[must_use]
    pub const fn of_request(at: i32) -> Self {
        if at == 2 {
            Self::SecondPlus
        } else {
            Self::First
        }
    }

    /// Of a deal, whose `at` overrides the request's; absent, the request's applies (C-63, X-71).
    #[must_use]
    pub const fn of_deal(deal_at: Option<i32>, request_at: i32) -> Self {
        match deal_at {
            Some(3) => Self::Agreed,
            Some(at) => Self::of_request(at),
            None => Self::of_request(request_at),
        }
    }
}

/// The price that an admitted bid pays when it wins; all four in the bid's currency.
///
/// `bid >= floor` holds for every admitted bid, so that the result lies in `[floor, bid]`.
#[must_use]
pub fn clear(
    pricing: Pricing,
    bid: CpmMicros,
    floor: CpmMicros,
    next: Option<CpmMicros>,
    increment: CpmMicros,
) -> CpmMicros {
    match pricing {
        Pricing::First => bid,
        Pricing::Agreed => floor.min(bid),
        Pricing::SecondPlus => {
            let second = next.map_or(CpmMicros::ZERO, |next| next.plus(increment));
            // Where floor and second price are zero one increment is still paid.
            bid.min(floor.max(second).max(increment))
        }
    }
}

/// How an open bid is priced where second price begins at a soft floor, and the floor it is priced against:
/// a bid under it pays what it bids, the others at least the soft floor. Both in the bid's currency.
#[must_use]
pub fn under_soft_floor(
    pricing: Pricing,
    bid: CpmMicros,
    floor: CpmMicros,
    soft: CpmMicros,
) -> (Pricing, CpmMicros) {
    match pricing {
        Pricing::SecondPlus if bid < soft => (Pricing::First, floor),
        Pricing::SecondPlus => (pricing, floor.max(soft)),
        Pricing::First | Pricing::Agreed => (pricing, floor),
    }
}

/// What a seller takes off the clearing price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discount {
    /// The part that is taken off; the standard says it in percent.
    pub share: Multiplier,
    /// The amount, in the currency of the price.
    pub amount: CpmMicros,
}

impl Discount {
    /// A part of a price, and the price without it: the two add up to it.
    #[must_use]
    pub fn of(price: CpmMicros, share: Multiplier) -> (Self, CpmMicros) {
        let amount = price.times(share).min(price);
        let rest = price.micros() - amount.micros();
        let rest = CpmMicros::new(rest).unwrap_or(CpmMicros::ZERO);
        (Self { share, amount }, rest)
    }

    /// The part in percent.
    #[must_use]
    pub fn percent(self) -> Option<Multiplier> {
        Multiplier::new(self.share.millionths().checked_mul(100)?)
    }
}

/// What a winner needed at least: the price that ties the next bid, or the floor when alone.
#[must_use]
pub fn winner_minimum(bid: CpmMicros, floor: CpmMicros, next: Option<CpmMicros>) -> CpmMicros {
    next.map_or(floor, |next| next.max(floor)).min(bid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cpm(text: &str) -> CpmMicros {
        CpmMicros::parse(text).unwrap()
    }

    #[test]
    fn clearing_prices() {
        struct Case {
            item: &'static str,
            says: &'static str,
            pricing: Pricing,
            bid: &'static str,
            floor: &'static str,
            next: Option<&'static str>,
            pays: &'static str,
        }
        use Pricing::{Agreed, First, SecondPlus};
        #[rustfmt::skip]
        let cases = [
            Case { item: "X-70", says: "first price pays the bid", pricing: First, bid: "1.375", floor: "0.45", next: Some("1"), pays: "1.375" },
            Case { item: "X-70", says: "second price plus an increment", pricing: SecondPlus, bid: "5", floor: "2", next: Some("3"), pays: "3.01" },
            Case { item: "X-70", says: "a single bidder pays the floor", pricing: SecondPlus, bid: "11.25", floor: "6.5", next: None, pays: "6.5" },
            Case { item: "X-70", says: "never more than the bid", pricing: SecondPlus, bid: "3.005", floor: "2", next: Some("3"), pays: "3.005" },
            Case { item: "X-70", says: "a tie at second price pays the bid", pricing: SecondPlus, bid: "3", floor: "2", next: Some("3"), pays: "3" },
            Case { item: "X-70", says: "the floor when it is above second plus increment", pricing: SecondPlus, bid: "5", floor: "4", next: Some("3.99"), pays: "4" },
            Case { item: "X-70", says: "never less than an increment", pricing: SecondPlus, bid: "5", floor: "0", next: None, pays: "0.01" },
            Case { item: "X-71", says: "a fixed deal pays its floor", pricing: Agreed, bid: "9", floor: "7.5", next: Some("8"), pays: "7.5" },
            Case { item: "X-72", says: "a bid at the floor pays the floor", pricing: SecondPlus, bid: "2", floor: "2", next: None, pays: "2" },
        ];
        for case in cases {
            let pays = clear(
                case.pricing,
                cpm(case.bid),
                cpm(case.floor),
                case.next.map(cpm),
                CpmMicros::CENT,
            );
            assert_eq!(pays, cpm(case.pays), "{}: {}", case.item, case.says);
        }
    }

    #[test]
    fn soft_floors() {
        use Pricing::{Agreed, First, SecondPlus};
        #[rustfmt::skip]
        let cases = [
            ("under it the bid is paid", SecondPlus, "4", "2", "5", Some("3"), "4"),
            ("at it it is the floor", SecondPlus, "5", "2", "5", Some("3"), "5"),
            ("above it second price", SecondPlus, "9", "2", "5", Some("7"), "7.01"),
            ("a soft floor under the hard one changes nothing", SecondPlus, "9", "6", "5", None, "6"),
            ("first price knows none", First, "9", "2", "5", None, "9"),
            ("nor does an agreed price", Agreed, "9", "2", "5", None, "2"),
        ];
        for (says, pricing, bid, floor, soft, next, pays) in cases {
            let (bid, floor) = (cpm(bid), cpm(floor));
            let (pricing, floor) = under_soft_floor(pricing, bid, floor, cpm(soft));
            let price = clear(pricing, bid, floor, next.map(cpm), CpmMicros::CENT);
            assert_eq!(price, cpm(pays), "soft floor: {says}");
        }
    }

    #[test]
    fn discounts() {
        // bid 8.00 with 25 % off is 6.00, 25.0, 2.00
        let share = Multiplier::parse("0.25").unwrap();
        let (discount, rest) = Discount::of(cpm("8"), share);
        assert_eq!((rest, discount.amount), (cpm("6"), cpm("2")), "X-78");
        assert_eq!(discount.percent(), Multiplier::parse("25").ok(), "X-78");
    }

    #[test]
    fn auction_types() {
        #[rustfmt::skip]
        let cases = [
            ("X-70", None, 1, Pricing::First),
            ("C-62", None, 2, Pricing::SecondPlus),
            ("X-70 unknown at runs first price", None, 500, Pricing::First),
            ("X-71 deal.at overrides", Some(1), 2, Pricing::First),
            ("X-71", Some(3), 2, Pricing::Agreed),
            ("C-63 deal.at absent", None, 2, Pricing::SecondPlus),
        ];
        for (item, deal, request, expect) in cases {
            assert_eq!(Pricing::of_deal(deal, request), expect, "{item}");
        }
    }

    #[test]
    fn minimum_of_the_winner() {
        // X-98, the worked table: floor 2.00, bids 5.00, 3.00, 1.50
        assert_eq!(winner_minimum(cpm("5"), cpm("2"), Some(cpm("3"))), cpm("3"));
        assert_eq!(winner_minimum(cpm("5"), cpm("2"), None), cpm("2"));
    }

    proptest! {
        #[test]
        fn the_price_lies_between_floor_and_bid(floor in 0_i64..50_000_000, above in 0_i64..50_000_000, next in proptest::option::of(0_i64..100_000_000), kind in 0_usize..3) {
            let floor = CpmMicros::new(floor).unwrap();
            let bid = CpmMicros::new(floor.micros() + above).unwrap();
            let pricing = [Pricing::First, Pricing::SecondPlus, Pricing::Agreed][kind];
            let price = clear(pricing, bid, floor, next.and_then(CpmMicros::new), CpmMicros::CENT);
            prop_assert!(floor <= price && price <= bid);
        }

        #[test]
        fn a_soft_floor_keeps_the_price_between_floor_and_bid(floor in 0_i64..50_000_000, above in 0_i64..50_000_000, soft in 0_i64..100_000_000, next in proptest::option::of(0_i64..100_000_000)) {
            let floor = CpmMicros::new(floor).unwrap();
            let bid = CpmMicros::new(floor.micros() + above).unwrap();
            let soft = CpmMicros::new(soft).unwrap();
            let (pricing, raised) = under_soft_floor(Pricing::SecondPlus, bid, floor, soft);
            let price = clear(pricing, bid, raised, next.and_then(CpmMicros::new), CpmMicros::CENT);
            prop_assert!(floor <= price && price <= bid);
        }

        #[test]
        fn a_discount_and_what_is_left_add_up(price in 0_i64..1_000_000_000_000, share in 0_i64..1_500_000) {
            let price = CpmMicros::new(price).unwrap();
            let (discount, rest) = Discount::of(price, Multiplier::new(share).unwrap());
            prop_assert_eq!(discount.amount.micros() + rest.micros(), price.micros());
        }
    }
}
