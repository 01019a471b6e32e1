//! Users as the DMP knows them, and the rules that put them into segments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use units::{SegmentId, UnixMillis, UserId};

/// What is known of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Whose.
    pub user_id: UserId,
    /// Age, gender, device, country.
    #[serde(default)]
    pub demographics: Demographics,
    /// Interests, each once.
    #[serde(default)]
    pub interests: Vec<String>,
    /// Behaviours, each once.
    #[serde(default)]
    pub behaviors: Vec<String>,
    /// Segments the user is in.
    #[serde(default)]
    pub segments: Vec<Membership>,
    /// Consent by purpose, as told by the sources.
    #[serde(default)]
    pub consent: BTreeMap<String, bool>,
}

/// Facts about the person and their device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Demographics {
    /// Years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<u8>,
    /// `M`, `F` or `O`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// `mobile`, `desktop`, `tablet`, `ctv`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// A user's membership of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Which segment.
    pub id: SegmentId,
    /// When the rule last held.
    pub last_seen: UnixMillis,
    /// How often it was seen.
    pub count: u32,
}

/// A segment and the rule that fills it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRule {
    /// Its id.
    pub id: SegmentId,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Who belongs to it; absent for lists that are uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
}

/// A condition on a profile and its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Every one holds.
    All(Vec<Rule>),
    /// At least one holds.
    Any(Vec<Rule>),
    /// It does not hold.
    Not(Box<Rule>),
    /// The user has this behaviour.
    Behavior(String),
    /// The user has this interest.
    Interest(String),
    /// The user's age lies in the range, both ends included; an unknown age does not.
    Age {
        /// Youngest.
        min: u8,
        /// Oldest.
        max: u8,
    },
    /// The user's device is of this type.
    DeviceType(String),
    /// The user's country, alpha-2.
    Country(String),
    /// Events of a type were seen often enough.
    Event {
        /// The event's type.
        event_type: String,
        /// How often at least.
        at_least: u32,
        /// Within so many days.
        within_days: u32,
    },
}
