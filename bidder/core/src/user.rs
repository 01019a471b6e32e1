//! What was read about the user before the decision.

use std::sync::Arc;

use contracts::profile::Profile;
use contracts::stamps::UserStamps;

use crate::facts::UserFacts;

/// The user of one request.
#[derive(Debug, Clone, Copy, Default)]
pub struct User<'a> {
    /// The id that caps count under; absent when the request names nobody, or may not.
    pub key: Option<&'a str>,
    /// What the DMP knows; absent when unknown.
    pub profile: Option<&'a Profile>,
    /// The profile's lists, where they were taken apart before ([`crate::index::Index::know`]).
    pub known: Option<&'a Arc<UserFacts>>,
    /// What the user was shown; absent when it could not be read.
    pub stamps: Option<&'a UserStamps>,
}

impl User<'_> {
    /// Whether caps can be judged.
    #[must_use]
    pub const fn caps_are_known(&self) -> bool {
        self.key.is_some() && self.stamps.is_some()
    }
}
