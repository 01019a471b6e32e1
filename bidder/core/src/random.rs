//! Randomness from a seed: the same seed gives the same decision.

/// A stream of numbers from a 128-bit seed (xoroshiro128++ of Blackman and Vigna).
#[derive(Debug, Clone)]
pub struct Random {
    low: u64,
    high: u64,
}

impl Random {
    /// A stream from sixteen bytes, which the server takes from the operating system per request.
    #[must_use]
    pub fn new(seed: u128) -> Self {
        let [a, b] = halves(seed);
        // Mixed, since the generator must not start from zero and dislikes sparse seeds.
        Self {
            low: mix(a.wrapping_add(0x9E37_79B9_7F4A_7C15)),
            high: mix(b.wrapping_add(0xD1B5_4A32_D192_ED03)),
        }
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        let (low, mut high) = (self.low, self.high);
        let result = low.wrapping_add(high).rotate_left(17).wrapping_add(low);
        high ^= low;
        self.low = low.rotate_left(49) ^ high ^ (high << 21);
        self.high = high.rotate_left(28);
        result
    }

    /// Ten bytes, as a UUIDv7 wants them.
    pub fn ten_bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        let (a, b) = (self.draw().to_le_bytes(), self.draw().to_le_bytes());
        for (to, from) in bytes.iter_mut().zip(a.into_iter().chain(b)) {
            *to = from;
        }
        bytes
    }
}

/// A well spread hash of one number (the finalizer of MurmurHash3 as in SplitMix64).
#[must_use]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A well spread hash of a text, the same in every process.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hash = mix(bytes.len() as u64 ^ 0x9E37_79B9_7F4A_7C15);
    for chunk in bytes.chunks(8) {
        let word = chunk.iter().rev().fold(0, |n, b| (n << 8) | u64::from(*b));
        hash = mix(hash.rotate_left(17) ^ word);
    }
    hash
}

fn halves(seed: u128) -> [u64; 2] {
    let bytes = seed.to_le_bytes();
    let mut halves = [0_u64; 2];
    for (half, chunk) in halves.iter_mut().zip(bytes.chunks_exact(8)) {
        *half = chunk.iter().rev().fold(0, |n, b| (n << 8) | u64::from(*b));
    }
    halves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_does_not() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [random.draw(), random.draw(), random.draw()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(draw(0), [0, 0, 0]);
    }
}
