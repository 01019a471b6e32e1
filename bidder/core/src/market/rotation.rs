//! Rotation by the model: the creative that does best goes first, but for a share of turns that explore.

use arrayvec::ArrayVec;
use contracts::catalog::{self, RotateBy};
use units::Probability;

use super::options::{MILLION, point};
use crate::random::mix;

/// More creatives of one line item are not compared: those behind come last.
pub(super) const MOST_COMPARED: usize = 64;

/// A line item's rotation, prepared.
#[derive(Debug, Clone, Copy)]
pub struct Rotation {
    /// What creatives are compared by.
    pub by: RotateBy,
    /// The share of turns that go by the weights, in millionths.
    explore: u64,
}

impl Rotation {
    pub(super) fn new(rotation: catalog::Rotation) -> Self {
        Self {
            by: rotation.by,
            explore: rotation.explore.millionths().unsigned_abs().min(MILLION),
        }
    }

    /// Whether the turn of a draw explores.
    pub(super) fn explores(&self, draw: u64) -> bool {
        // Mixed again, since the same draw decides by the weights, too.
        point(mix(draw ^ 3)) < self.explore
    }

    /// The chance of each place to have the first turn, in millionths, by its weight and its rate; together
    /// a million, unless no place has a weight.
    pub(super) fn chances(&self, places: &[(u64, Probability)]) -> Vec<u64> {
        let whole: u64 = places.iter().map(|it| it.0).sum();
        if whole == 0 {
            return vec![0; places.len()];
        }
        let compared = places.iter().take(MOST_COMPARED).filter(|it| it.0 > 0);
        let best = compared.map(|it| it.1).max();
        let is_best = |at: usize, (weight, rate): (u64, Probability)| {
            at < MOST_COMPARED && weight > 0 && Some(rate) == best
        };
        let equals = places.iter().enumerate();
        let equals = equals.filter(|(at, it)| is_best(*at, **it)).count() as u64;
        // Where none is compared, every turn goes by the weights.
        let explored = if equals == 0 { MILLION } else { self.explore };
        let (mut weights, mut bests) = (0, 0);
        let mut told = 0;
        let chance = |(at, it): (usize, &(u64, Probability))| {
            weights += it.0;
            bests += u64::from(is_best(at, *it));
            let by_weight = explored * weights / whole;
            let by_rate = ((MILLION - explored) * bests)
                .checked_div(equals)
                .unwrap_or(0);
            // Cut by running sums, so that the parts add up to the whole.
            let chance = by_weight + by_rate - told;
            told += chance;
            chance
        };
        places.iter().enumerate().map(chance).collect()
    }
}

/// Places in the order of their rates, the best first; equals by the draw.
pub(super) fn best_first(
    places: impl Iterator<Item = usize>,
    rate: impl Fn(usize) -> Probability,
    draw: u64,
) -> ArrayVec<usize, MOST_COMPARED> {
    let key = |place: usize| (rate(place), mix(draw ^ mix(place as u64)), place);
    let mut keys: ArrayVec<_, MOST_COMPARED> = places.take(MOST_COMPARED).map(key).collect();
    keys.sort_unstable_by(|a, b| b.cmp(a));
    keys.into_iter().map(|(_, _, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Options;
    use crate::random::Random;
    use contracts::catalog::LineItem;
    use proptest::prelude::*;

    fn options(creatives: usize, choosing: &str) -> Options {
        let ids: Vec<String> = (0..creatives).map(|at| format!("c{at}")).collect();
        let item = serde_json::json!({"id": "li", "campaign": "c", "status": "active", "epoch": 1, "starts_at": 0,
            "creatives": ids, "price": {"bid": {"type": "cpm", "cpm": 1}, "max_cpm": 1},
            "choosing": serde_json::from_str::<serde_json::Value>(choosing).unwrap()});
        let item: LineItem = serde_json::from_value(item).unwrap();
        let shown: Vec<_> = item.creatives.iter().collect();
        Options::new(&item, &shown)
    }

    fn rates<const N: usize>(billionths: [u32; N]) -> impl Fn(usize) -> Probability + Copy {
        move |place| Probability::new(billionths[place]).unwrap()
    }

    /// The places in the order of a draw.
    fn order(
        options: &Options,
        rate: impl Fn(usize) -> Probability + Copy,
        draw: u64,
    ) -> Vec<usize> {
        options.turns(3, None, draw, |_, at| rate(at)).collect()
    }

    #[test]
    fn the_best_goes_first_but_for_what_explores() {
        let by = |explore: u32, more: &str| {
            format!(r#"{{"rotation":{{"by":"clicks","explore":{explore}}}{more}}}"#)
        };
        let zero = r#","creative_weights":{"c1":0}"#;
        let heavy = r#","creative_weights":{"c0":8}"#;
        struct Case<'a>(&'a str, String, [u32; 3], [u64; 3]);
        let cases = [
            Case(
                "all explore",
                by(1_000_000, ""),
                [1, 9, 5],
                [333_333, 333_333, 333_334],
            ),
            Case("none explores", by(0, ""), [1, 9, 5], [0, 1_000_000, 0]),
            Case(
                "a fifth explores",
                by(200_000, ""),
                [1, 9, 6],
                [66_666, 866_667, 66_667],
            ),
            Case(
                "by the weights",
                by(200_000, heavy),
                [1, 9, 5],
                [160_000, 820_000, 20_000],
            ),
            Case(
                "0 for never, best or not",
                by(200_000, zero),
                [1, 9, 5],
                [100_000, 0, 900_000],
            ),
            Case(
                "nothing known: alike",
                by(0, ""),
                [4, 4, 4],
                [333_333, 333_333, 333_334],
            ),
        ];
        for Case(says, choosing, billionths, want) in cases {
            let options = options(3, &choosing);
            let rate = rates(billionths);
            assert_eq!(options.chances(3, None, |_, at| rate(at)), want, "{says}");
            let mut random = Random::new(8);
            let mut counts = [0_u64; 3];
            for _ in 0..20_000 {
                counts[order(&options, rate, random.draw())[0]] += 1;
            }
            for (count, chance) in counts.iter().zip(want) {
                let expected = 20_000 * chance / 1_000_000;
                // Five deviations of a binomial are at most 354.
                assert!(count.abs_diff(expected) < 354, "{says}: {counts:?}");
                assert_eq!(*count == 0, chance == 0, "{says}: {counts:?}");
            }
        }
    }

    #[test]
    fn the_next_best_is_next() {
        let options = options(3, r#"{"rotation":{"by":"conversions","explore":0}}"#);
        for draw in 0..50 {
            assert_eq!(order(&options, rates([5, 1, 9]), draw), [2, 0, 1]);
        }
    }

    proptest! {
        #[test]
        fn chances_are_a_whole_and_every_turn_is_one_of_them(
            places in prop::collection::vec((0_u32..4, 0_u32..4), 1..90),
            explore in 0_u32..=1_000_000,
            draw: u64,
        ) {
            let weights: serde_json::Map<_, _> = places
                .iter()
                .enumerate()
                .map(|(at, it)| (format!("c{at}"), it.0.into()))
                .collect();
            let choosing = serde_json::json!({"creative_weights": weights,
                "rotation": {"by": "clicks", "explore": explore}});
            let options = options(places.len(), &choosing.to_string());
            let rate = |_: RotateBy, at: usize| Probability::new(places[at].1).unwrap();
            let chances = options.chances(places.len(), None, rate);
            let possible = places.iter().filter(|it| it.0 > 0).count();
            prop_assert_eq!(chances.iter().sum::<u64>(), if possible == 0 { 0 } else { 1_000_000 });
            let mut turns: Vec<usize> = options.turns(places.len(), None, draw, rate).collect();
            let again: Vec<usize> = options.turns(places.len(), None, draw, rate).collect();
            prop_assert_eq!(&turns, &again);
            // A chance under a millionth is told as none.
            if let Some(first) = turns.first() {
                prop_assert!(chances[*first] > 0 || explore < 90 * 4);
            }
            turns.sort_unstable();
            let wanted: Vec<usize> = (0..places.len()).filter(|at| places[*at].0 > 0).collect();
            prop_assert_eq!(turns, wanted, "each that has a weight once, no other");
        }
    }
}
