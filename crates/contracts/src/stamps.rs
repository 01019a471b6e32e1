//! A user's impressions as frequency caps count them (money.md, "Frequency caps").

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use units::UnixMillis;

use crate::catalog::CapScope;

/// Names whose impressions count together, such as `campaign:campaign_001`.
///
/// Made once when a catalog is indexed, so that a bid only compares it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeKey(Arc<str>);

impl ScopeKey {
    /// The key of one creative, line item, campaign or advertiser.
    #[must_use]
    pub fn of(scope: CapScope, id: &str) -> Self {
        let kind = match scope {
            CapScope::Creative => "creative",
            CapScope::LineItem => "line_item",
            CapScope::Campaign => "campaign",
            CapScope::Advertiser => "advertiser",
        };
        Self(Arc::from(format!("{kind}:{id}")))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ScopeKey {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl std::borrow::Borrow<str> for ScopeKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ScopeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// What one scope has shown a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeStamps {
    /// Instants of confirmed impressions, oldest first.
    pub confirmed: Vec<UnixMillis>,
    /// Until when each bid that may still become an impression is pending.
    pub pending: Vec<UnixMillis>,
}

/// All stamps of a user, as read before a decision.
///
/// A cheap first look: the script that confirms the choice is the authority.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserStamps {
    /// The newest stamp; time in a user's key never goes back behind it.
    pub newest: UnixMillis,
    /// Stamps by scope key.
    pub scopes: HashMap<ScopeKey, ScopeStamps>,
}

impl UserStamps {
    /// The user's time: never before the newest stamp.
    #[must_use]
    pub fn now(&self, now: UnixMillis) -> UnixMillis {
        now.max(self.newest)
    }

    /// Confirmed stamps later than `since`, plus every pending that has not ended at `now`, however old.
    #[must_use]
    pub fn count(&self, scope: &str, since: UnixMillis, now: UnixMillis) -> u32 {
        let Some(stamps) = self.scopes.get(scope) else {
            return 0;
        };
        let now = self.now(now);
        let confirmed = stamps.confirmed.iter().filter(|at| **at > since).count();
        let pending = stamps.pending.iter().filter(|end| **end > now).count();
        u32::try_from(confirmed.saturating_add(pending)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_counts_however_short_the_window() {
        let scope = ScopeKey::of(CapScope::Campaign, "campaign_001");
        let stamps = UserStamps {
            newest: UnixMillis(1_000),
            scopes: HashMap::from([(
                scope.clone(),
                ScopeStamps {
                    confirmed: vec![UnixMillis(500), UnixMillis(1_000)],
                    pending: vec![UnixMillis(5_000)],
                },
            )]),
        };
        let cases = [
            ("both stamps and the pending", 0, 1_000, 3),
            ("a stamp exactly a window ago is out", 500, 1_000, 2),
            ("the pending alone", 1_000, 2_000, 1),
            ("a pending that has ended is gone", 1_000, 5_000, 0),
            ("time does not go back behind the newest stamp", 1_000, 0, 1),
        ];
        for (says, since, now, expect) in cases {
            let found = stamps.count(scope.as_str(), UnixMillis(since), UnixMillis(now));
            assert_eq!(found, expect, "{says}");
        }
        assert_eq!(
            stamps.count("campaign:other", UnixMillis(0), UnixMillis(0)),
            0
        );
    }
}
