//! Distances over the ground.

#![allow(
    clippy::float_arithmetic,
    reason = "coordinates and distances are measures, not money"
)]

use contracts::catalog::{Circle, Degrees};

/// Mean radius of the earth in metres (IUGG).
const EARTH: f64 = 6_371_008.8;

/// Whether a place lies in a circle, by the great circle (haversine).
#[must_use]
pub(super) fn contains(circle: &Circle, (lat, lon): (Degrees, Degrees)) -> bool {
    metres((circle.lat, circle.lon), (lat, lon)) <= f64::from(circle.metres)
}

/// The great-circle distance of two places (latitude, longitude) in metres.
#[must_use]
fn metres(from: (Degrees, Degrees), to: (Degrees, Degrees)) -> f64 {
    let radians = |it: Degrees| it.degrees().to_radians();
    let half_sine = |a: Degrees, b: Degrees| ((radians(b) - radians(a)) / 2.0).sin();
    let (lat, lon) = (half_sine(from.0, to.0), half_sine(from.1, to.1));
    let chord = lat.mul_add(lat, radians(from.0).cos() * radians(to.0).cos() * lon * lon);
    2.0 * EARTH * chord.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_over_the_ground() {
        // (from, to, kilometres)
        let cases = [
            ((52.52, 13.405), (48.8566, 2.3522), 877.5),
            ((40.6413, -73.7781), (33.9416, -118.4085), 3_974.3),
            ((0.0, 179.9), (0.0, -179.9), 22.2),
            ((90.0, 0.0), (-90.0, 0.0), 20_015.1),
            ((10.0, 10.0), (10.0, 10.0), 0.0),
        ];
        for (from, to, want) in cases {
            let place = |(lat, lon): (f64, f64)| {
                Degrees::from_degrees(lat)
                    .zip(Degrees::from_degrees(lon))
                    .unwrap()
            };
            let got = metres(place(from), place(to)) / 1_000.0;
            assert!((got - want).abs() < 0.1, "{from:?} {to:?}: {got} km");
        }
    }
}
