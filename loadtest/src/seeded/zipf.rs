//! Draws in which the first of a list is the most frequent.

use crate::rng::Rng;

/// Zipf's law with exponent 1: the k-th of a list is drawn in proportion to 1/k.
#[derive(Debug, Clone)]
pub struct Zipf {
    /// Sums of the weights up to each place.
    sums: Vec<f64>,
}

impl Zipf {
    /// Over the places 0 to `count` - 1.
    #[must_use]
    pub fn new(count: u32) -> Self {
        let mut sum = 0.0;
        let sums = (1..=count.max(1)).map(|place| {
            sum += 1.0 / f64::from(place);
            sum
        });
        Self {
            sums: sums.collect(),
        }
    }

    /// A place.
    pub fn draw(&self, rng: &mut Rng) -> usize {
        let whole = self.sums.last().copied().unwrap_or(1.0);
        let drawn = rng.unit() * whole;
        self.sums
            .partition_point(|sum| *sum <= drawn)
            .min(self.sums.len() - 1)
    }

    /// So many different places, or all there are, the order drawn.
    pub fn draw_some(&self, rng: &mut Rng, count: usize) -> Vec<usize> {
        let mut drawn: Vec<usize> = Vec::with_capacity(count);
        // The frequent ones come again and again: an upper bound on the draws keeps this finite.
        for _ in 0..count.saturating_mul(20) {
            if drawn.len() == count {
                break;
            }
            let place = self.draw(rng);
            if !drawn.contains(&place) {
                drawn.push(place);
            }
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_is_drawn_k_times_as_often_as_the_kth() {
        let zipf = Zipf::new(1_000);
        let mut rng = Rng::new(1);
        let mut counts = vec![0_u32; 1_000];
        for _ in 0..200_000 {
            counts[zipf.draw(&mut rng)] += 1;
        }
        // The sum of 1/k up to 1,000 is 7.485.
        for (place, expect) in [(0, 26_719.0), (1, 13_360.0), (9, 2_672.0)] {
            let found = f64::from(counts[place]);
            assert!(
                (found / expect - 1.0).abs() < 0.1,
                "place {place}: {found} instead of {expect}"
            );
        }
        assert!(counts[500..].iter().sum::<u32>() > 10_000, "a long tail");
    }

    #[test]
    fn some_are_different_and_no_more_than_there_are() {
        let mut rng = Rng::new(7);
        let mut some = Zipf::new(10).draw_some(&mut rng, 10);
        some.sort_unstable();
        some.dedup();
        assert!((8..=10).contains(&some.len()), "{some:?}");
        assert_eq!(Zipf::new(0).draw_some(&mut rng, 3), [0]);
    }
}
