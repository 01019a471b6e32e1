//! Reading a user for a bid: profile and stamps in one wait.

use std::collections::HashMap;

use contracts::profile::Profile;
use contracts::stamps::{ScopeKey, ScopeStamps, UserStamps};
use units::UnixMillis;

use crate::connection::UserState;
use crate::error::Unknown;
use crate::keys;

/// A user as found by the ids of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView {
    /// Place of the id that names the user, in the list that was asked.
    pub key_index: usize,
    /// What the DMP knows; absent when none of the ids has a profile.
    pub profile: Option<Profile>,
    /// What the user has been shown.
    pub stamps: UserStamps,
    /// A profile was there but could not be read; it counts as absent.
    pub unreadable: bool,
}

type Hash = HashMap<Vec<u8>, Vec<u8>>;

impl UserState {
    /// Reads the users of these ids in one wait ("Whose profile").
    ///
    /// The first id that has a profile is the user; if none has, the first one names the key for caps.
    /// `None` only for an empty list. A profile that cannot be read never fails a bid.
    ///
    /// # Errors
    /// [`Unknown`] when Redis did not answer within the budget, or is not asked at the moment.
    pub async fn read(&self, ids: &[&str]) -> Result<Option<UserView>, Unknown> {
        if ids.is_empty() {
            return Ok(None);
        }
        let mut pipe = redis::Pipeline::with_capacity(ids.len());
        for id in ids {
            pipe.cmd("HGETALL").arg(keys::user(id));
        }
        let mut connection = self.connection();
        let hashes: Vec<Hash> = self.on_path(pipe.query_async(&mut connection)).await?;
        Ok(choose(hashes))
    }
}

fn choose(hashes: Vec<Hash>) -> Option<UserView> {
    let mut unreadable = false;
    let mut first = None;
    for (key_index, hash) in hashes.into_iter().enumerate() {
        let profile = match hash.get(keys::PROFILE.as_bytes()) {
            None => None,
            Some(json) => {
                let read = serde_json::from_slice(json).ok();
                unreadable |= read.is_none();
                read
            }
        };
        if profile.is_some() {
            return Some(UserView {
                key_index,
                profile,
                stamps: stamps(&hash),
                unreadable,
            });
        }
        if key_index == 0 {
            first = Some(hash);
        }
    }
    first.map(|hash| UserView {
        key_index: 0,
        profile: None,
        stamps: stamps(&hash),
        unreadable,
    })
}

/// The stamps of a user's hash; what is not a number is left out.
pub(crate) fn stamps(hash: &Hash) -> UserStamps {
    let mut found = UserStamps::default();
    for (field, value) in hash {
        let (Ok(field), Ok(value)) = (str::from_utf8(field), str::from_utf8(value)) else {
            continue;
        };
        if field == keys::NEWEST {
            found.newest = UnixMillis(value.parse().unwrap_or_default());
        } else if let Some(scope) = field.strip_prefix(keys::CONFIRMED) {
            scope_of(&mut found, scope).confirmed = value
                .split_ascii_whitespace()
                .filter_map(|at| at.parse().ok().map(UnixMillis))
                .collect();
        } else if let Some(scope) = field.strip_prefix(keys::PENDING) {
            scope_of(&mut found, scope).pending = value
                .split_ascii_whitespace()
                .filter_map(|pending| pending.rsplit_once('@'))
                .filter_map(|(_bid, end)| end.parse().ok().map(UnixMillis))
                .collect();
        }
    }
    found
}

fn scope_of<'a>(stamps: &'a mut UserStamps, scope: &str) -> &'a mut ScopeStamps {
    stamps.scopes.entry(ScopeKey::from(scope)).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(fields: &[(&str, &str)]) -> Hash {
        fields
            .iter()
            .map(|(field, value)| (field.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn whose_profile() {
        let known = || hash(&[("profile", r#"{"user_id":"u"}"#)]);
        let broken = || hash(&[("profile", "{\"user_id\":")]);
        let seen = || hash(&[("c:campaign:c1", "5")]);
        // What the ids have; which of them is the user, has it a profile, was one unreadable.
        let cases = [
            ("no ids, no user", vec![], None),
            (
                "the first that has a profile is the user",
                vec![seen(), known(), known()],
                Some((1, true, false)),
            ),
            (
                "none has: the first names the key for caps",
                vec![seen(), hash(&[])],
                Some((0, false, false)),
            ),
            (
                "an unreadable profile is none",
                vec![broken(), known()],
                Some((1, true, true)),
            ),
            (
                "an unreadable profile never fails a bid",
                vec![broken()],
                Some((0, false, true)),
            ),
        ];
        for (says, hashes, expect) in cases {
            let found = choose(hashes)
                .map(|user| (user.key_index, user.profile.is_some(), user.unreadable));
            assert_eq!(found, expect, "{says}");
        }
    }

    #[test]
    fn stamps_of_a_hash() {
        let found = stamps(&hash(&[
            ("t", "20"),
            ("c:campaign:c1", "10 20 x"),
            ("p:campaign:c1", "bid-1@30 bid-2@x"),
            ("profile", "{}"),
        ]));
        assert_eq!(found.newest, UnixMillis(20));
        let scope = found.scopes.get("campaign:c1").unwrap();
        assert_eq!(scope.confirmed, [UnixMillis(10), UnixMillis(20)]);
        assert_eq!(scope.pending, [UnixMillis(30)]);
        assert_eq!(found.scopes.len(), 1);
    }
}
