//! Users: where they live, what they hold in their hands, and 5 to 200 segments each.

use serde_json::{Value, json};

use super::Zipf;
use super::vocabulary::{
    COUNTRIES, Country, DEVICES, Device, INTERESTS, SEGMENTS, interest, rng_of, segment,
};

const KIND: u64 = 2;
const FEWEST_SEGMENTS: f64 = 5.0;
const MOST_SEGMENTS: f64 = 200.0;

/// The users of a seed; any of them can be made without the others.
#[derive(Debug)]
pub struct Users {
    seed: u64,
    countries: Zipf,
    devices: Zipf,
    interests: Zipf,
    segments: Zipf,
}

/// One of them.
pub(super) struct User {
    pub(super) id: String,
    pub(super) country: &'static Country,
    pub(super) device: &'static Device,
    pub(super) age: u64,
    pub(super) gender: &'static str,
    interests: Vec<usize>,
    segments: Vec<usize>,
}

impl Users {
    /// Users of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            countries: Zipf::new(len(COUNTRIES.len())),
            devices: Zipf::new(len(DEVICES.len())),
            interests: Zipf::new(INTERESTS),
            segments: Zipf::new(SEGMENTS),
        }
    }

    pub(super) fn user(&self, number: u64) -> User {
        let mut rng = rng_of(self.seed, KIND, number);
        let country = COUNTRIES.get(self.countries.draw(&mut rng));
        let device = DEVICES.get(self.devices.draw(&mut rng));
        let interests = usize::try_from(rng.below(9)).unwrap_or(0);
        let [first_country, ..] = &COUNTRIES;
        let [first_device, ..] = &DEVICES;
        User {
            id: format!("u{number:06}"),
            country: country.unwrap_or(first_country),
            device: device.unwrap_or(first_device),
            age: 16 + rng.below(30) + rng.below(30),
            gender: if rng.chance(500) { "F" } else { "M" },
            interests: self.interests.draw_some(&mut rng, interests),
            segments: {
                let count = how_many(rng.unit());
                self.segments.draw_some(&mut rng, count)
            },
        }
    }

    /// The user's id, and the body of `PUT /user/{id}/profile`.
    #[must_use]
    pub fn profile(&self, number: u64) -> (String, Value) {
        let user = self.user(number);
        let segments: Vec<String> = user.segments.iter().copied().map(segment).collect();
        let interests: Vec<String> = user.interests.iter().copied().map(interest).collect();
        let body = json!({
            "demographics": {
                "age": user.age, "gender": user.gender,
                "device_type": user.device.name, "country": user.country.alpha2,
            },
            "interests": interests,
            "segments": segments,
        });
        (user.id, body)
    }
}

/// Log-uniform: as many users have 5 to 32 segments as have 32 to 200.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 5 and 200"
)]
fn how_many(unit: f64) -> usize {
    (FEWEST_SEGMENTS * (MOST_SEGMENTS / FEWEST_SEGMENTS).powf(unit)).round() as usize
}

fn len(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_5_to_200_segments_and_the_same_seed_makes_the_same() {
        let (one, two, other) = (Users::new(1), Users::new(1), Users::new(2));
        let mut counts: Vec<usize> = Vec::new();
        for number in 0..500 {
            let (id, body) = one.profile(number);
            assert_eq!((id, body.clone()), two.profile(number));
            counts.push(body["segments"].as_array().unwrap().len());
        }
        counts.sort_unstable();
        assert!(counts[0] >= 5 && counts[499] <= 200, "{counts:?}");
        assert!((25..42).contains(&counts[250]), "median {}", counts[250]);
        assert_ne!(one.profile(3), other.profile(3));
    }
}
