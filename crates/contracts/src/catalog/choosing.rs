//! How a line item takes part in the choice, beside its price.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use units::{CreativeId, Multiplier};

/// Options of a line item's part in the choice; all of them off by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choosing {
    /// Where a bid of it on a deal goes out, its advertiser's open bids on the imp stay out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deals_first: bool,
    /// It bids on no further imp of a request once its advertiser bids on so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_per_request: Option<u32>,
    /// Bids per second of one bidder process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_qps: Option<u32>,
    /// The share of opportunities that it looks at, at most 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Multiplier>,
    /// How often a creative takes its turn, beside the others' weights; 1 where none is named, 0 for never.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub creative_weights: BTreeMap<CreativeId, u32>,
    /// Lets the model decide which creative takes its turn first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Splits users into arms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Experiment>,
}

impl Choosing {
    /// Whether every option is off.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Rotation by the model: the creative that does best goes first, but for a share of turns that explore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// What doing well means.
    pub by: RotateBy,
    /// The share of turns that go by the weights alone, at most 1.
    pub explore: Multiplier,
}

/// What rotation by the model compares creatives by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotateBy {
    /// Clicks per impression.
    Clicks,
    /// Conversions per impression.
    Conversions,
}

/// A split of users by a hash of their key: the same user is always in the same arm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Two experiments with the same salt split alike, with different ones independently.
    pub salt: String,
    /// The arms, whose shares are at most 1 together; who is in none is not part of the experiment.
    pub arms: Vec<Arm>,
}

/// One arm of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Its name in bids.
    pub name: String,
    /// Its share of the users, at most 1.
    pub share: Multiplier,
    /// Its users do not see the line item, or, where creatives are named, not these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub holdout: bool,
    /// The creatives that its users see, or that are held out; all where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub creatives: Vec<CreativeId>,
}
