//! Profiles as the DMP reads and writes them.

use contracts::profile::Profile;
use units::UserId;

use crate::connection::UserState;
use crate::error::StateError;
use crate::keys;

/// A user's profile with what is needed to replace it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The profile; absent for an unknown user, and for one that cannot be read.
    pub profile: Option<Profile>,
    /// Event counters, the DMP's JSON.
    pub events: Option<String>,
    /// Names this state of the profile to [`UserState::swap_profile`].
    pub revision: String,
    /// The user was erased a short while ago.
    pub erased: bool,
}

/// Profile, event counters, revision, as the hash has them.
type Fields = (Option<Vec<u8>>, Option<String>, Option<String>);

/// What a write may do to an erased user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// Somebody means to have the user (again).
    Create,
    /// Something was seen of the user: does not bring an erased one back.
    Observe,
    /// Nothing was seen, rules changed: does not keep the user any longer either.
    Reconsider,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swapped {
    /// Written.
    Written,
    /// Somebody else wrote in between: read again.
    Conflict,
    /// The user was erased.
    Erased,
}

impl UserState {
    /// Reads a profile off the bid path.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn load_profile(&self, user: &str) -> Result<Stored, StateError> {
        let mut pipe = redis::pipe();
        pipe.cmd("HMGET")
            .arg(keys::user(user))
            .arg(keys::PROFILE)
            .arg(keys::EVENTS)
            .arg(keys::REVISION)
            .cmd("EXISTS")
            .arg(keys::gone(user));
        let mut connection = self.connection();
        let (fields, erased): (Fields, bool) = self
            .off_path("read a profile", pipe.query_async(&mut connection))
            .await?;
        let (profile, events, revision) = fields;
        Ok(Stored {
            profile: profile.and_then(|json| serde_json::from_slice(&json).ok()),
            events,
            revision: revision.unwrap_or_default(),
            erased,
        })
    }

    /// Replaces the profile that was read at `revision`, and the event counters if given.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer or is full.
    pub async fn swap_profile(
        &self,
        profile: &Profile,
        events: Option<&str>,
        revision: &str,
        kind: WriteKind,
    ) -> Result<Swapped, StateError> {
        self.write(profile, events, revision, kind).await
    }

    /// Writes a profile whatever was there.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer or is full.
    pub async fn put_profile(&self, profile: &Profile) -> Result<(), StateError> {
        self.write(profile, None, "any", WriteKind::Create)
            .await
            .map(|_written| ())
    }

    /// Makes an id another name of a user: whoever is found by it is that user from here on.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer or is full.
    pub async fn link(&self, alias: &str, user: &UserId) -> Result<(), StateError> {
        let mut pipe = redis::pipe();
        pipe.atomic()
            .cmd("HSET")
            .arg(keys::user(alias))
            .arg(keys::ALIAS)
            .arg(user.as_str())
            .ignore()
            .cmd("PEXPIRE")
            .arg(keys::user(alias))
            .arg(self.budget.retention_ms())
            .ignore()
            .cmd("PUBLISH")
            .arg(keys::CHANGES)
            .arg(keys::user(alias))
            .ignore();
        let mut connection = self.connection();
        self.off_path("link an id", pipe.query_async(&mut connection))
            .await
    }

    /// One step of a walk over all users: at most about `step` ids, and where to go on.
    ///
    /// Begin at `"0"`; the walk is over when `"0"` comes back. A user may come twice.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn walk_users(
        &self,
        cursor: &str,
        step: u32,
    ) -> Result<(String, Vec<UserId>), StateError> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor)
            .arg("MATCH")
            .arg(keys::EVERY_USER)
            .arg("COUNT")
            .arg(step)
            .arg("TYPE")
            .arg("hash");
        let mut connection = self.connection();
        let (next, found): (String, Vec<String>) = self
            .off_path("walk over users", scan.query_async(&mut connection))
            .await?;
        let users = found
            .iter()
            .filter_map(|key| keys::user_of(key))
            .map(UserId::from)
            .collect();
        Ok((next, users))
    }

    async fn write(
        &self,
        profile: &Profile,
        events: Option<&str>,
        revision: &str,
        kind: WriteKind,
    ) -> Result<Swapped, StateError> {
        let user: &UserId = &profile.user_id;
        let json = serde_json::to_vec(profile)?;
        let mut call = self.scripts.swap.key(keys::user(user.as_str()));
        call.key(keys::gone(user.as_str()))
            .arg(revision)
            .arg(match kind {
                WriteKind::Create => 0,
                WriteKind::Observe | WriteKind::Reconsider => 1,
            })
            .arg(match kind {
                WriteKind::Create | WriteKind::Observe => self.budget.retention_ms(),
                WriteKind::Reconsider => 0,
            })
            .arg(json)
            .arg(events.unwrap_or_default());
        let mut connection = self.connection();
        let code: i64 = self
            .off_path("write a profile", call.invoke_async(&mut connection))
            .await?;
        Ok(match code {
            1 => Swapped::Written,
            0 => Swapped::Conflict,
            _erased => Swapped::Erased,
        })
    }
}
