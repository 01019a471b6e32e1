//! A user as the DMP holds it: the profile that bidders read, and what only the DMP remembers.

use std::collections::BTreeSet;

use contracts::profile::{Demographics, Profile};
use serde::{Deserialize, Serialize};
use units::{SegmentId, UserId};

use crate::counters::Counters;

/// A user: profile and memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What bidders read.
    pub profile: Profile,
    /// What the next decision on the segments needs.
    pub memory: Memory,
}

/// What only the DMP reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// How often events were seen.
    #[serde(default)]
    pub counters: Counters,
    /// Memberships that a profile or a list told: no rule takes them away.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub told: BTreeSet<SegmentId>,
    /// Other ids of the user, which an erasure erases, too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub links: BTreeSet<UserId>,
}

impl User {
    /// A user of whom nothing is known.
    #[must_use]
    pub fn unknown(id: UserId) -> Self {
        Self {
            profile: Profile {
                user_id: id,
                demographics: Demographics::default(),
                interests: Vec::new(),
                behaviors: Vec::new(),
                segments: Vec::new(),
                consent: std::collections::BTreeMap::new(),
            },
            memory: Memory::default(),
        }
    }
}

/// Why a text cannot be a user's id; absent when it can.
#[must_use]
pub fn refuse_id(id: &str) -> Option<&'static str> {
    if id.trim().is_empty() {
        Some("a user id must not be empty")
    } else if id.len() > 256 {
        Some("a user id has at most 256 bytes")
    } else if id.chars().any(char::is_control) {
        Some("a user id has no control characters")
    } else {
        None
    }
}
