//! Ids that demand partners have of one user: a row of the exchange's match table (C-143).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use units::{PartnerId, UnixMillis};

/// A partner's own id of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Whose id it is.
    pub partner: PartnerId,
    /// The id, which is that partner's `user.buyeruid`.
    pub uid: Arc<str>,
    /// First instant at which it is not known any more.
    pub until: UnixMillis,
}

/// All that partners call one user, one id each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Matches(pub Vec<Match>);

impl Matches {
    /// What a partner calls the user, unless that has run out by `now`.
    #[must_use]
    pub fn uid(&self, partner: &PartnerId, now: UnixMillis) -> Option<&str> {
        let found = self.of(partner)?;
        (now < found.until).then_some(&*found.uid)
    }

    /// The match of a partner, also one that has run out.
    #[must_use]
    pub fn of(&self, partner: &PartnerId) -> Option<&Match> {
        self.0.iter().find(|it| it.partner == *partner)
    }

    /// Whether nobody knows the user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_143_each_partner_its_own_and_none_that_has_run_out() {
        let one = |partner: &str, uid: &str, until| Match {
            partner: partner.into(),
            uid: uid.into(),
            until: UnixMillis(until),
        };
        let matches = Matches(vec![one("a", "a-7", 20), one("b", "b-9", 10)]);
        for (partner, now, expect) in [
            ("a", 19, Some("a-7")),
            ("a", 20, None),
            ("b", 9, Some("b-9")),
            ("b", 19, None),
            ("c", 0, None),
        ] {
            let got = matches.uid(&partner.into(), UnixMillis(now));
            assert_eq!(got, expect, "{partner} at {now}");
        }
    }
}
