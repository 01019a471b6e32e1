//! Erasure and export of one user (S13).

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::profile::Profile;
use units::SegmentId;

use crate::connection::UserState;
use crate::error::StateError;
use crate::keys;

type Fields = BTreeMap<String, String>;

impl UserState {
    /// Erases a user: profile, stamps, counters, memberships, what partners call it. What comes late does not bring it back
    /// for the time of `tombstone`.
    ///
    /// Repeating it is safe, and finishes what an interrupted one left. `segments` are all known ones;
    /// the user is taken out of them and of those that the profile names. True when something was there.
    ///
    /// # Errors
    /// [`StateError`]: the erasure is to be repeated.
    pub async fn delete_user(
        &self,
        user: &str,
        segments: &[SegmentId],
        tombstone: Duration,
    ) -> Result<bool, StateError> {
        // The tombstone first, the hash last: whoever is interrupted finds the memberships again.
        let mut mark = redis::pipe();
        mark.atomic()
            .cmd("SET")
            .arg(keys::gone(user))
            .arg(1)
            .arg("PX")
            .arg(u64::try_from(tombstone.as_millis()).unwrap_or(u64::MAX))
            .ignore()
            .cmd("HGET")
            .arg(keys::user(user))
            .arg(keys::PROFILE);
        let mut connection = self.connection();
        let (profile,): (Option<Vec<u8>>,) = self
            .off_path("mark a user as erased", mark.query_async(&mut connection))
            .await?;
        let own = profile
            .and_then(|json| serde_json::from_slice::<Profile>(&json).ok())
            .map(|profile| profile.segments)
            .unwrap_or_default();

        let mut leave = redis::pipe();
        let named = own.iter().map(|membership| &membership.id);
        for segment in segments.iter().chain(named) {
            leave
                .cmd("ZREM")
                .arg(keys::members(segment.as_str()))
                .arg(user)
                .ignore();
        }
        if !leave.is_empty() {
            let () = self
                .off_path(
                    "take a user out of segments",
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
            .cmd("PUBLISH")
            .arg(keys::CHANGES)
            .arg(keys::user(user))
            .ignore();
        let (removed,): (u64,) = self
            .off_path("erase a user", delete.query_async(&mut connection))
            .await?;
        Ok(removed > 0)
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
        let mut connection = self.connection();
        let (mut fields, seen, matches): (Fields, Vec<String>, Fields) = self
            .off_path("export a user", pipe.query_async(&mut connection))
            .await?;
        for (partner, id) in matches {
            fields.insert(format!("id:{partner}"), id);
        }
        if !seen.is_empty() {
            fields.insert("seen".to_owned(), seen.join(" "));
        }
        Ok(fields)
    }
}
