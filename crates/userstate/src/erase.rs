//! Erasure and export of one user (S13).

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::profile::Profile;
use units::{SegmentId, UserId};

use crate::connection::UserState;
use crate::error::StateError;
use crate::keys;
use crate::matches::uid_of;

type Fields = BTreeMap<String, String>;

/// What leads from a user to other keys: to those of the same person, and to those that name the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// The user that this id is another name of.
    pub alias_of: Option<UserId>,
    /// Ids of an exchange whom our own bidder calls by this one.
    pub browsers: Vec<UserId>,
    /// What partners call the user.
    pub uids: Vec<String>,
    /// Event counters, the DMP's JSON.
    pub events: Option<String>,
    segments: Vec<SegmentId>,
}

/// Profile, event counters, alias, as the hash has them.
type Named = (Option<Vec<u8>>, Option<String>, Option<String>);

impl UserState {
    /// Whether a user was erased a short while ago.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn is_erased(&self, user: &str) -> Result<bool, StateError> {
        let mut ask = redis::cmd("EXISTS");
        ask.arg(keys::gone(user));
        let mut connection = self.connection();
        self.off_path(
            "read whether a user was erased",
            ask.query_async(&mut connection),
        )
        .await
    }

    /// What leads from a user to other keys.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn traces(&self, user: &str) -> Result<Traces, StateError> {
        self.traced("trace a user", user, redis::pipe()).await
    }

    /// Begins the erasure of a user: what comes late does not bring it back for the time of `tombstone`. Nothing is
    /// gone yet: whoever is interrupted before [`Self::wipe`] finds the traces again.
    ///
    /// # Errors
    /// [`StateError`]: the erasure is to be repeated.
    pub async fn mark_erased(&self, user: &str, tombstone: Duration) -> Result<Traces, StateError> {
        let mut pipe = redis::pipe();
        pipe.atomic()
            .cmd("SET")
            .arg(keys::gone(user))
            .arg(1)
            .arg("PX")
            .arg(u64::try_from(tombstone.as_millis()).unwrap_or(u64::MAX))
            .ignore();
        self.traced("mark a user as erased", user, pipe).await
    }

    async fn traced(
        &self,
        what: &'static str,
        user: &str,
        mut pipe: redis::Pipeline,
    ) -> Result<Traces, StateError> {
        pipe.cmd("HMGET")
            .arg(keys::user(user))
            .arg(keys::PROFILE)
            .arg(keys::EVENTS)
            .arg(keys::ALIAS)
            .cmd("HGETALL")
            .arg(keys::matches(user))
            .cmd("ZRANGE")
            .arg(keys::browsers(user))
            .arg(0)
            .arg(-1);
        let mut connection = self.connection();
        let (named, matches, browsers): (Named, Fields, Vec<String>) = self
            .off_path(what, pipe.query_async(&mut connection))
            .await?;
        let (profile, events, alias) = named;
        let profile = profile.and_then(|json| serde_json::from_slice::<Profile>(&json).ok());
        let segments = profile.map(|profile| profile.segments).unwrap_or_default();
        let uids = matches.values().filter_map(|value| uid_of(value));
        Ok(Traces {
            alias_of: alias.map(UserId::from),
            browsers: browsers.into_iter().map(UserId::from).collect(),
            uids: uids.map(str::to_owned).collect(),
            events,
            segments: segments.into_iter().map(|it| it.id).collect(),
        })
    }

    /// Takes away all that is kept under a user's keys but its tombstone, and what names the user elsewhere:
    /// memberships, ways back from other ids. True when something was there.
    ///
    /// Repeating it is safe, and finishes what an interrupted one left. `segments` are all known ones;
    /// the user is taken out of them and of those that the profile named.
    ///
    /// # Errors
    /// [`StateError`]: the erasure is to be repeated.
    pub async fn wipe(
        &self,
        user: &str,
        traces: &Traces,
        segments: &[SegmentId],
    ) -> Result<bool, StateError> {
        // The user's own keys last: whoever is interrupted finds the others again.
        let members = segments.iter().chain(&traces.segments);
        let members = members.map(|it| keys::members(it.as_str()));
        let ways_back = traces.uids.iter().map(|uid| keys::browsers(uid));
        let mut leave = redis::pipe();
        for key in members.chain(ways_back) {
            leave.cmd("ZREM").arg(key).arg(user).ignore();
        }
        let mut connection = self.connection();
        if !leave.is_empty() {
            let () = self
                .off_path(
                    "take away what names a user",
                    leave.query_async(&mut connection),
                )
                .await?;
        }
        let mut delete = redis::pipe();
        delete
            .cmd("DEL")
            .arg(keys::user(user))
            .arg(keys::seen(user))
            .arg(keys::matches(user))
            .arg(keys::browsers(user))
            .cmd("PUBLISH")
            .arg(keys::CHANGES)
            .arg(keys::user(user))
            .ignore();
        let (removed,): (u64,) = self
            .off_path("erase a user", delete.query_async(&mut connection))
            .await?;
        Ok(removed > 0)
    }

    /// Erases one id of a person: [`Self::mark_erased`], then [`Self::wipe`].
    ///
    /// # Errors
    /// [`StateError`]: the erasure is to be repeated.
    pub async fn delete_user(
        &self,
        user: &str,
        segments: &[SegmentId],
        tombstone: Duration,
    ) -> Result<bool, StateError> {
        let traces = self.mark_erased(user, tombstone).await?;
        self.wipe(user, &traces, segments).await
    }

    /// Everything that is kept under a user's keys, as text by field; empty for an unknown user.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn export(&self, user: &str) -> Result<BTreeMap<String, String>, StateError> {
        let mut pipe = redis::pipe();
        pipe.cmd("HGETALL").arg(keys::user(user));
        pipe.cmd("ZRANGE").arg(keys::seen(user)).arg(0).arg(-1);
        pipe.cmd("HGETALL").arg(keys::matches(user));
        pipe.cmd("ZRANGE").arg(keys::browsers(user)).arg(0).arg(-1);
        let mut connection = self.connection();
        let (mut fields, seen, matches, browsers): (Fields, Vec<String>, Fields, Vec<String>) =
            self.off_path("export a user", pipe.query_async(&mut connection))
                .await?;
        for (partner, id) in matches {
            fields.insert(format!("id:{partner}"), id);
        }
        for (name, list) in [("seen", seen), ("browsers", browsers)] {
            if !list.is_empty() {
                fields.insert(name.to_owned(), list.join(" "));
            }
        }
        Ok(fields)
    }
}
