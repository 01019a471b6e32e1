//! Reading a user for a bid: profile and stamps in one wait.

use std::sync::Arc;
use std::time::Instant;

use contracts::profile::Profile;
use contracts::stamps::{ScopeKey, ScopeStamps, UserStamps};
use units::{UnixMillis, UserId};

use crate::cache::Known;
use crate::connection::UserState;
use crate::error::Unknown;
use crate::keys;

/// A user as found by the ids of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView {
    /// Place of the id that names the user, in the list that was asked.
    pub key_index: usize,
    /// The user that this id is another name of: then that one is meant.
    pub alias_of: Option<UserId>,
    /// What the DMP knows; absent when none of the ids has a profile.
    pub profile: Option<Arc<Profile>>,
    /// What the user has been shown, perhaps a moment ago: enough to decide by, not to authorise.
    pub stamps: Arc<UserStamps>,
    /// A profile was there but could not be read; it counts as absent.
    pub unreadable: bool,
    /// The process knew all that was needed, and Redis was not asked.
    pub from_memory: bool,
}

/// The fields of a user's hash with their values.
type Hash = Vec<(Vec<u8>, Vec<u8>)>;

fn field<'h>(hash: &'h Hash, name: &str) -> Option<&'h [u8]> {
    let found = hash.iter().find(|(field, _)| field == name.as_bytes());
    found.map(|(_, value)| value.as_slice())
}

impl UserState {
    /// Reads the users of these ids in one wait ("Whose profile"), or in none where the process knows
    /// them; an id that is another's name costs one wait more.
    ///
    /// The first id that has a profile is the user; if none has, the first one names the key for caps.
    /// `None` only for an empty list. A profile that cannot be read never fails a bid.
    ///
    /// # Errors
    /// [`Unknown`] when Redis did not answer within the budget, or is not asked at the moment.
    pub async fn read(&self, ids: &[&str]) -> Result<Option<UserView>, Unknown> {
        let (known, from_memory) = self.known(ids, Instant::now()).await?;
        let aliases: Vec<&UserId> = known
            .iter()
            .take_while(|it| it.profile.is_none())
            .filter_map(|it| it.alias_of.as_ref())
            .collect();
        if aliases.is_empty() {
            return Ok(choose(&known, from_memory));
        }
        let named: Vec<&str> = aliases.iter().map(|it| it.as_str()).collect();
        let (users, too) = self.known(&named, Instant::now()).await?;
        let mut users = users.into_iter();
        let meant: Vec<_> = known
            .iter()
            .map(|it| match (&it.profile, &it.alias_of) {
                (None, Some(_)) => users.next().unwrap_or_else(|| Arc::clone(it)),
                (Some(_), _) | (None, None) => Arc::clone(it),
            })
            .collect();
        let view = choose(&meant, from_memory && too);
        Ok(view.map(|view| UserView {
            alias_of: known.get(view.key_index).and_then(|it| it.alias_of.clone()),
            ..view
        }))
    }

    /// What is under each of these ids, as far as it is needed: nothing after the first profile. And whether
    /// the process knew all of it.
    async fn known(&self, ids: &[&str], now: Instant) -> Result<(Vec<Arc<Known>>, bool), Unknown> {
        let cache = self.peers.cache.as_ref();
        let mut known = Vec::with_capacity(ids.len());
        if let Some(cache) = cache {
            for id in ids {
                let Some(user) = cache.get(id, now) else {
                    break;
                };
                let found = user.profile.is_some();
                known.push(user);
                if found {
                    return Ok((known, true));
                }
            }
        }
        let missing = ids.get(known.len()..).unwrap_or_default();
        if missing.is_empty() {
            return Ok((known, true));
        }
        let marks: Vec<_> = missing
            .iter()
            .filter_map(|id| cache.map(|it| it.mark(id)))
            .collect();
        let mut pipe = redis::Pipeline::with_capacity(missing.len());
        for id in missing {
            pipe.cmd("HGETALL").arg(keys::user(id));
        }
        let mut connection = self.connection();
        let hashes: Vec<Hash> = self.on_path(pipe.query_async(&mut connection)).await?;
        let mut marks = marks.into_iter();
        for (id, hash) in missing.iter().zip(&hashes) {
            let user = Arc::new(known_of(hash));
            if let (Some(cache), Some(mark)) = (cache, marks.next()) {
                cache.keep(id, Arc::clone(&user), mark, now);
            }
            let found = user.profile.is_some();
            known.push(user);
            if found {
                // Nobody needs the ids behind it: kept, they would push out users.
                break;
            }
        }
        Ok((known, false))
    }
}

fn known_of(hash: &Hash) -> Known {
    let json = field(hash, keys::PROFILE);
    let profile: Option<Profile> = json.and_then(|json| serde_json::from_slice(json).ok());
    let alias = field(hash, keys::ALIAS);
    Known {
        unreadable: json.is_some() && profile.is_none(),
        profile: profile.map(Arc::new),
        stamps: Arc::new(stamps(hash)),
        alias_of: alias
            .and_then(|id| str::from_utf8(id).ok())
            .map(UserId::from),
    }
}

fn choose(known: &[Arc<Known>], from_memory: bool) -> Option<UserView> {
    let with_profile = known.iter().position(|it| it.profile.is_some());
    let key_index = with_profile.unwrap_or(0);
    let user = known.get(key_index)?;
    let looked_at = with_profile.map_or(known.len(), |at| at + 1);
    Some(UserView {
        key_index,
        alias_of: None,
        profile: user.profile.clone(),
        stamps: Arc::clone(&user.stamps),
        unreadable: known.iter().take(looked_at).any(|it| it.unreadable),
        from_memory,
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
            let known: Vec<_> = hashes.iter().map(|it| Arc::new(known_of(it))).collect();
            let found = choose(&known, false)
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
