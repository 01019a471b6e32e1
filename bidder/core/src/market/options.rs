//! A line item's options of the choice, prepared: who takes part, and which creative has its turn.

use contracts::catalog::{Choosing, LineItem, RotateBy};
use units::{CreativeId, Probability};

use super::rotation::{self, Rotation};
use crate::eligibility::Ineligible;
use crate::random::{hash, mix};

pub(super) const MILLION: u64 = 1_000_000;

/// Options of a line item's part in the choice.
#[derive(Debug, Default)]
pub struct Options {
    /// Where a bid of it on a deal goes out, its advertiser's open bids stay out.
    pub deals_first: bool,
    /// No further imp once its advertiser bids on so many; `None` without a limit.
    pub max_per_request: Option<u32>,
    /// The share of opportunities that it looks at, in millionths; `None` for all.
    throttle: Option<u64>,
    /// Of each creative, in the order of the line item's; empty when all take turns alike.
    weights: Box<[u32]>,
    /// Where the model decides which creative goes first.
    pub rotation: Option<Rotation>,
    split: Option<Split>,
}

/// An experiment.
#[derive(Debug)]
struct Split {
    salt: u64,
    arms: Box<[SplitArm]>,
}

#[derive(Debug)]
struct SplitArm {
    name: Box<str>,
    /// First point in millionths behind it.
    end: u64,
    holdout: bool,
    /// Per creative of the line item, whether it is named; empty when none is.
    named: Box<[bool]>,
}

/// The arm that a user is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArmNumber(u8);

impl Options {
    /// `shown` are the line item's creatives that can be shown, in their order.
    pub(super) fn new(line_item: &LineItem, shown: &[&CreativeId]) -> Self {
        let Choosing {
            deals_first,
            max_per_request,
            max_qps: _,
            throttle,
            creative_weights,
            rotation,
            experiment,
        } = &line_item.choosing;
        let weight = |id: &&CreativeId| creative_weights.get(*id).copied().unwrap_or(1);
        let weights: Box<[u32]> = if creative_weights.is_empty() {
            Box::default()
        } else {
            shown.iter().map(weight).collect()
        };
        let millionths = |it: units::Multiplier| it.millionths().unsigned_abs();
        let mut end = 0;
        let split = experiment.as_ref().map(|experiment| Split {
            salt: hash(experiment.salt.as_bytes()),
            arms: experiment
                .arms
                .iter()
                .map(|arm| {
                    end += millionths(arm.share);
                    let named = |id: &&CreativeId| arm.creatives.contains(id);
                    SplitArm {
                        name: arm.name.as_str().into(),
                        end,
                        holdout: arm.holdout,
                        named: if arm.creatives.is_empty() {
                            Box::default()
                        } else {
                            shown.iter().map(named).collect()
                        },
                    }
                })
                .collect(),
        });
        Self {
            deals_first: *deals_first,
            max_per_request: *max_per_request,
            throttle: throttle.map(millionths),
            weights,
            rotation: rotation.map(Rotation::new),
            split,
        }
    }

    /// Whether the line item looks at an opportunity: its share of draws.
    ///
    /// # Errors
    /// The draw is not among them.
    pub(crate) fn throttle(&self, draw: u64) -> Result<(), Ineligible> {
        match self.throttled(draw) {
            Some((point, share)) if point >= share => Err(Ineligible::Throttled),
            Some(_) | None => Ok(()),
        }
    }

    /// Where a draw lies and the share below which it passes, both in millionths; `None` without a throttle.
    pub(crate) fn throttled(&self, draw: u64) -> Option<(u64, u64)> {
        // Mixed again, since the same draw decides between equal prices.
        Some((point(mix(draw ^ 1)), self.throttle?))
    }

    /// The arm of a user, by the hash of the user's key; `None` outside the experiment.
    pub(crate) fn arm(&self, user: u64) -> Option<ArmNumber> {
        let split = self.split.as_ref()?;
        let point = point(mix(user ^ split.salt));
        let at = split.arms.iter().position(|arm| point < arm.end)?;
        u8::try_from(at).ok().map(ArmNumber)
    }

    /// The name of an arm.
    #[must_use]
    pub fn arm_name(&self, arm: ArmNumber) -> Option<&str> {
        Some(&self.split_arm(arm)?.name)
    }

    /// Whether the arm's users do not see the line item at all.
    ///
    /// # Errors
    /// They do not.
    pub(crate) fn hold_out(&self, arm: Option<ArmNumber>) -> Result<(), Ineligible> {
        let arm = arm.and_then(|it| self.split_arm(it));
        match arm {
            Some(arm) if arm.holdout && arm.named.is_empty() => Err(Ineligible::Holdout),
            Some(_) | None => Ok(()),
        }
    }

    /// The places of creatives in the order in which they are tried: where the model decides and the draw
    /// does not explore, by their `rate`; else the draw gives the first its turn by the weights, and the
    /// others follow. `count` is how many the line item has.
    pub(crate) fn turns(
        &self,
        count: usize,
        arm: Option<ArmNumber>,
        draw: u64,
        rate: impl Fn(RotateBy, usize) -> Probability,
    ) -> impl Iterator<Item = usize> {
        let best_first = self.rotation.filter(|it| !it.explores(draw)).map(|it| {
            let taking_part = (0..count.min(rotation::MOST_COMPARED))
                .filter(|place| self.weight(*place, arm) > 0);
            rotation::best_first(taking_part, |place| rate(it.by, place), draw)
        });
        let from = if best_first.is_some() {
            rotation::MOST_COMPARED.min(count)
        } else {
            0
        };
        let behind = self.by_weight(from..count, arm, draw);
        best_first.into_iter().flatten().chain(behind)
    }

    /// The chance of each place to have the first turn, in millionths.
    #[must_use]
    pub(crate) fn chances(
        &self,
        count: usize,
        arm: Option<ArmNumber>,
        rate: impl Fn(RotateBy, usize) -> Probability,
    ) -> Vec<u64> {
        let Some(rotation) = self.rotation else {
            return Vec::new();
        };
        let place = |place| (self.weight(place, arm), rate(rotation.by, place));
        rotation.chances(&(0..count).map(place).collect::<Vec<_>>())
    }

    /// The weight of a place for users of an arm.
    fn weight(&self, place: usize, arm: Option<ArmNumber>) -> u64 {
        let arm = arm.and_then(|it| self.split_arm(it));
        let named = arm.and_then(|it| it.named.get(place).map(|named| *named != it.holdout));
        let weight = self.weights.get(place).copied().unwrap_or(1);
        u64::from(if named == Some(false) { 0 } else { weight })
    }

    fn by_weight(
        &self,
        places: std::ops::Range<usize>,
        arm: Option<ArmNumber>,
        draw: u64,
    ) -> impl Iterator<Item = usize> {
        let weight = move |place: usize| self.weight(place, arm);
        let arm = arm.and_then(|it| self.split_arm(it));
        let std::ops::Range { start, end } = places;
        let alike = self.weights.is_empty() && arm.is_none_or(|it| it.named.is_empty());
        let first = if alike {
            let count = (end - start) as u64;
            start + usize::try_from(draw % count.max(1)).unwrap_or(0)
        } else {
            let whole: u64 = places.clone().map(weight).sum();
            let mut left = mix(draw ^ 2).checked_rem(whole).unwrap_or(0);
            let drawn = |place: &usize| {
                let weight = weight(*place);
                let here = left < weight;
                left = left.saturating_sub(weight);
                here
            };
            places.clone().find(drawn).unwrap_or(start)
        };
        let from_first = (first..end).chain(start..first);
        from_first.filter(move |place| alike || weight(*place) > 0)
    }

    fn split_arm(&self, arm: ArmNumber) -> Option<&SplitArm> {
        self.split.as_ref()?.arms.get(usize::from(arm.0))
    }
}

/// A number as a point from 0 to a million.
pub(super) fn point(number: u64) -> u64 {
    let point = (u128::from(number) * u128::from(MILLION)) >> 64;
    u64::try_from(point).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn options(choosing: &str) -> Options {
        let item = format!(
            r#"{{"id":"li","campaign":"c","status":"active","epoch":1,"starts_at":0,"creatives":["a","b","c"],
                "price":{{"bid":{{"type":"cpm","cpm":1}},"max_cpm":1}},"choosing":{choosing}}}"#
        );
        let item: LineItem = serde_json::from_str(&item).unwrap();
        let shown: Vec<_> = item.creatives.iter().collect();
        Options::new(&item, &shown)
    }

    /// Chi-square of counts against shares in thousandths.
    fn chi_square(counts: &[i64], shares: &[i64]) -> i64 {
        let total: i64 = counts.iter().sum();
        let term = |(count, share): (&i64, &i64)| {
            let expected = total * share / 1_000;
            (count - expected).pow(2) / expected
        };
        counts.iter().zip(shares).map(term).sum()
    }

    #[test]
    fn users_are_split_by_shares_stably_and_by_salt() {
        let arms =
            r#"[{"name":"control","share":200000,"holdout":true},{"name":"b","share":500000}]"#;
        let one = options(&format!(
            r#"{{"experiment":{{"salt":"one","arms":{arms}}}}}"#
        ));
        let two = options(&format!(
            r#"{{"experiment":{{"salt":"two","arms":{arms}}}}}"#
        ));
        let mut counts = [0_i64; 3];
        let mut both = 0_i64;
        for number in 0..30_000 {
            let user = hash(format!("user-{number}").as_bytes());
            let arm = one.arm(user);
            assert_eq!(arm, one.arm(user));
            counts[arm.map_or(2, |it| usize::from(it.0))] += 1;
            both += i64::from(arm == Some(ArmNumber(0)) && two.arm(user) == arm);
        }
        // Two degrees of freedom: 18.4 is the 99.99th percentile.
        assert!(chi_square(&counts, &[200, 500, 300]) < 19, "{counts:?}");
        // Of independent splits a twenty-fifth is in the first arm of both: 1200, deviation 34.
        assert!((both - 1_200).abs() < 170, "{both}");
        assert_eq!(one.hold_out(Some(ArmNumber(0))), Err(Ineligible::Holdout));
        assert_eq!(one.hold_out(Some(ArmNumber(1))), Ok(()));
        assert_eq!(one.hold_out(None), Ok(()));
        assert_eq!(one.arm_name(ArmNumber(1)), Some("b"));
    }

    #[test]
    fn creatives_take_turns_by_weight() {
        let arms = r#"{"salt":"s","arms":[{"name":"a","share":500000,"creatives":["b","c"]},{"name":"h","share":500000,"holdout":true,"creatives":["b"]}]}"#;
        let (even, weighted) = ("{}", r#"{"creative_weights":{"a":0,"b":3}}"#);
        let split = &format!(r#"{{"creative_weights":{{"c":4}},"experiment":{arms}}}"#);
        struct Case<'a>(&'a str, &'a str, Option<u8>, [i64; 3], usize);
        let cases = [
            Case("all alike", even, None, [333, 333, 334], 3),
            Case("by weight, 0 for never", weighted, None, [0, 750, 250], 2),
            Case("an arm's own", split, Some(0), [0, 200, 800], 2),
            Case("a creative held out", split, Some(1), [200, 0, 800], 2),
        ];
        for Case(says, choosing, arm, shares, tried) in cases {
            let options = options(choosing);
            let mut random = Random::new(5);
            let mut counts = [0_i64; 3];
            for _ in 0..9_000 {
                let turns: Vec<_> = options
                    .turns(3, arm.map(ArmNumber), random.draw(), |_, _| {
                        Probability::ZERO
                    })
                    .collect();
                assert_eq!(turns.len(), tried, "{says}");
                counts[turns[0]] += 1;
            }
            let (counted, shares): (Vec<i64>, Vec<i64>) = counts
                .iter()
                .zip(shares)
                .filter(|(_, share)| *share > 0)
                .unzip();
            assert!(chi_square(&counted, &shares) < 19, "{says}: {counts:?}");
            assert_eq!(counted.iter().sum::<i64>(), 9_000, "{says}: {counts:?}");
        }
    }

    #[test]
    fn a_throttle_lets_its_share_pass() {
        let options = options(r#"{"throttle":250000}"#);
        let mut random = Random::new(6);
        let passed = (0..10_000).filter(|_| options.throttle(random.draw()).is_ok());
        let passed = i64::try_from(passed.count()).unwrap();
        assert!((passed - 2_500).abs() < 250, "{passed}");
    }
}
