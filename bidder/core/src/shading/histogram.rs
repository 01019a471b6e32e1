//! How high the least winning price was, seen recently.

use units::{CpmMicros, Probability, UnixMillis};

/// Steps per doubling of the price: a step is 3 to 6 percent.
const PER_OCTAVE: usize = 16;
/// Prices from 2^10 millionths (0.001) to 2^30 (about 1,074) are told apart.
const FIRST_OCTAVE: usize = 10;
const OCTAVES: usize = 20;
pub(super) const BUCKETS: usize = PER_OCTAVE * OCTAVES;
/// What a sample weighs when it is fresh.
const WEIGHT: u32 = 1 << 12;
/// Weights are lowered in eighths of the half-life: 2^(-n/8), in 65536ths.
const EIGHTHS: [u64; 8] = [
    65_536, 60_097, 55_109, 50_535, 46_341, 42_495, 38_968, 35_734,
];

/// Weights of the least winning prices, each halved with every half-life.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    weights: Box<[u32; BUCKETS]>,
    /// Up to when the weights are lowered.
    as_of: UnixMillis,
    /// When the newest was added.
    heard_at: UnixMillis,
}

impl Histogram {
    pub(super) fn new(now: UnixMillis) -> Self {
        Self {
            weights: Box::new([0; BUCKETS]),
            as_of: now,
            heard_at: now,
        }
    }

    /// Weights as they were written down; a bucket that there is not is left out.
    pub(super) fn of(as_of: UnixMillis, heard_at: UnixMillis, weights: &[(u16, u32)]) -> Self {
        let mut histogram = Self::new(as_of);
        histogram.heard_at = heard_at;
        for (bucket, weight) in weights {
            if let Some(place) = histogram.weights.get_mut(usize::from(*bucket)) {
                *place = *weight;
            }
        }
        histogram
    }

    pub(super) const fn as_of(&self) -> UnixMillis {
        self.as_of
    }

    pub(super) const fn heard_at(&self) -> UnixMillis {
        self.heard_at
    }

    /// The weights that are not zero, by bucket.
    pub(super) fn weights(&self) -> impl Iterator<Item = (u16, u32)> {
        let numbered = (0_u16..).zip(self.weights.iter().copied());
        numbered.filter(|(_, weight)| *weight > 0)
    }

    /// Adds a least winning price, in USD.
    pub(super) fn add(&mut self, price: CpmMicros, now: UnixMillis, half_life_ms: i64) {
        let eighths = eighths(self.as_of, now, half_life_ms);
        if eighths > 0 {
            for weight in self.weights.iter_mut().filter(|it| **it > 0) {
                *weight = u32::try_from(lowered(u64::from(*weight), eighths)).unwrap_or(u32::MAX);
            }
            // Not to `now`: what is left of an eighth counts with the next.
            self.as_of = UnixMillis(
                self.as_of.0.saturating_add(
                    i64::try_from(eighths)
                        .unwrap_or(i64::MAX)
                        .saturating_mul(step(half_life_ms)),
                ),
            );
        }
        self.heard_at = self.heard_at.max(now);
        if let Some(weight) = self.weights.get_mut(bucket(price)) {
            *weight = weight.saturating_add(WEIGHT);
        }
    }

    /// How many fresh samples the weights are worth by now.
    pub(super) fn samples(&self, now: UnixMillis, half_life_ms: i64) -> u64 {
        let total = self.weights.iter().map(|it| u64::from(*it)).sum();
        lowered(total, eighths(self.as_of, now, half_life_ms)) / u64::from(WEIGHT)
    }

    /// The price from `floor` up to `value` at which (value − price) × chance of winning is greatest, of those
    /// that keep the share `keep` of the chance that `value` has. In USD; `value` where nothing is better.
    pub(super) fn best(&self, value: CpmMicros, floor: CpmMicros, keep: Probability) -> CpmMicros {
        let at_value = bucket(value);
        let of_value: u64 = self
            .weights
            .iter()
            .take(at_value + 1)
            .map(|it| u64::from(*it))
            .sum();
        let enough = u128::from(of_value) * u128::from(keep.billionths());
        let (mut winning, mut best, mut most) = (0_u64, value, 0_u128);
        for (at, weight) in self.weights.iter().enumerate().take(at_value) {
            winning += u64::from(*weight);
            let price = upper_edge(at);
            if price < floor || price >= value {
                continue;
            }
            let gain = u64::try_from(value.micros() - price.micros()).unwrap_or(0);
            let surplus = u128::from(gain) * u128::from(winning);
            let keeps = u128::from(winning) * u128::from(Probability::ONE.billionths()) >= enough;
            if keeps && surplus > most {
                (best, most) = (price, surplus);
            }
        }
        best
    }
}

/// An eighth of a half-life.
fn step(half_life_ms: i64) -> i64 {
    (half_life_ms / 8).max(1)
}

fn eighths(from: UnixMillis, to: UnixMillis, half_life_ms: i64) -> u64 {
    // A clock that goes back lowers nothing.
    u64::try_from(to.0.saturating_sub(from.0) / step(half_life_ms)).unwrap_or(0)
}

fn lowered(weight: u64, eighths: u64) -> u64 {
    let halves = u32::try_from(eighths / 8).unwrap_or(u32::MAX);
    let rest = usize::try_from(eighths % 8).unwrap_or(0);
    let factor = EIGHTHS.get(rest).copied().unwrap_or(0);
    let halved = weight.checked_shr(halves).unwrap_or(0);
    // Weights of one histogram sum up to less than 2^41.
    halved.saturating_mul(factor) >> 16
}

fn bucket(price: CpmMicros) -> usize {
    let micros = u64::try_from(price.micros())
        .unwrap_or(0)
        .max(1 << FIRST_OCTAVE);
    let octave = usize::try_from(micros.ilog2()).unwrap_or(FIRST_OCTAVE);
    let step = usize::try_from(micros >> (octave - 4)).unwrap_or(0) % PER_OCTAVE;
    ((octave - FIRST_OCTAVE) * PER_OCTAVE + step).min(BUCKETS - 1)
}

/// The highest price of a bucket: whoever bids it wins against all that is in the bucket.
fn upper_edge(bucket: usize) -> CpmMicros {
    let octave = FIRST_OCTAVE + bucket / PER_OCTAVE;
    let next = (PER_OCTAVE + bucket % PER_OCTAVE + 1) << (octave - 4);
    let edge = i64::try_from(next - 1).ok().and_then(CpmMicros::new);
    edge.unwrap_or(CpmMicros::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;

    fn cpm(text: &str) -> CpmMicros {
        CpmMicros::parse(text).unwrap()
    }

    fn seen(prices: &[(&str, usize)]) -> Histogram {
        let mut histogram = Histogram::new(UnixMillis(0));
        for (price, times) in prices {
            for _ in 0..*times {
                histogram.add(cpm(price), UnixMillis(0), HOUR);
            }
        }
        histogram
    }

    #[test]
    fn the_best_price_is_just_above_what_is_enough() {
        let all = Probability::ZERO;
        let most = Probability::parse("0.9").unwrap();
        // (says, seen, value, floor, keep, from, to)
        let cases = [
            (
                "one price: just above it",
                &[("1", 10)][..],
                "4",
                "0",
                all,
                "1",
                "1.07",
            ),
            (
                "not under the floor",
                &[("1", 10)],
                "4",
                "2",
                all,
                "2",
                "2.13",
            ),
            (
                "what cannot be won is not bid less for",
                &[("5", 10)],
                "4",
                "0",
                all,
                "4",
                "4",
            ),
            ("nothing seen: the value", &[], "4", "0", all, "4", "4"),
            (
                "(4 − 1) × 10 is more than (4 − 3) × 12",
                &[("1", 10), ("3", 2)],
                "4",
                "0",
                all,
                "1",
                "1.07",
            ),
            (
                "but it gives up a sixth of the wins",
                &[("1", 10), ("3", 2)],
                "4",
                "0",
                most,
                "3",
                "3.13",
            ),
            (
                "(4 − 1) × 2 is less than (4 − 2) × 12",
                &[("1", 2), ("2", 10)],
                "4",
                "0",
                all,
                "2",
                "2.13",
            ),
            (
                "a floor above the value",
                &[("1", 10)],
                "4",
                "5",
                all,
                "4",
                "4",
            ),
        ];
        for (says, prices, value, floor, keep, from, to) in cases {
            let got = seen(prices).best(cpm(value), cpm(floor), keep);
            assert!(cpm(from) <= got && got <= cpm(to), "{says}: {got}");
        }
    }

    #[test]
    fn samples_are_halved_with_every_half_life() {
        let mut histogram = seen(&[("1", 1_000)]);
        for (hours, want) in [(0, 1_000), (1, 500), (3, 125), (10, 0), (100_000, 0)] {
            assert_eq!(
                histogram.samples(UnixMillis(hours * HOUR), HOUR),
                want,
                "{hours} hours"
            );
        }
        assert_eq!(
            histogram.samples(UnixMillis(HOUR / 8), HOUR),
            917,
            "2^(-1/8)"
        );
        assert_eq!(
            histogram.samples(UnixMillis(-HOUR), HOUR),
            1_000,
            "a clock that went back"
        );
        // What is fresh outweighs what is old.
        for _ in 0..200 {
            histogram.add(cpm("2"), UnixMillis(4 * HOUR), HOUR);
        }
        assert_eq!(histogram.samples(UnixMillis(4 * HOUR), HOUR), 262);
    }

    proptest! {
        #[test]
        fn a_price_lies_in_its_bucket(micros in 1_024_i64..(1 << 30)) {
            let price = CpmMicros::new(micros).unwrap();
            let at = bucket(price);
            prop_assert!(price <= upper_edge(at));
            prop_assert!(at == 0 || price > upper_edge(at - 1));
        }

        #[test]
        fn the_best_price_stays_in_its_bounds(
            prices in proptest::collection::vec(0_i64..20_000_000, 0..50),
            value in 0_i64..20_000_000, floor in 0_i64..20_000_000, keep in 0_u32..=1_000_000_000,
        ) {
            let mut histogram = Histogram::new(UnixMillis(0));
            for price in prices {
                histogram.add(CpmMicros::new(price).unwrap(), UnixMillis(0), HOUR);
            }
            let (value, floor) = (CpmMicros::new(value).unwrap(), CpmMicros::new(floor).unwrap());
            let got = histogram.best(value, floor, Probability::new(keep).unwrap());
            prop_assert!(got <= value && (got >= floor || got == value));
        }
    }
}
