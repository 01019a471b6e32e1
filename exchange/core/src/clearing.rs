//! What a winner pays.

use units::CpmMicros;

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
    }
}
