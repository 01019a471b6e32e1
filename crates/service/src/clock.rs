//! Time and randomness at the edge; cores get both as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use units::UnixMillis;

/// The wall clock in milliseconds. Saturates far outside of any real date.
#[must_use]
pub fn now() -> UnixMillis {
    let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_millis()).map_or(i64::MIN, std::ops::Neg::neg)
        }
    };
    UnixMillis(millis)
}

/// Fresh bytes of the operating system's generator, fit for keys and tokens.
///
/// # Panics
/// When the operating system has no randomness to give: going on would hand out guessable tokens.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no randomness: {error}");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_is_a_date_of_this_century_and_random_bytes_differ() {
        assert!(now() > UnixMillis(1_577_836_800_000));
        assert_ne!(random_bytes::<16>(), random_bytes::<16>());
    }
}
