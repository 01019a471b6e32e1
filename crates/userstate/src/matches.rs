//! What partners call users: the match table of the exchange (C-143).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::matches::{Match, Matches};
use units::{PartnerId, UnixMillis};

use crate::connection::UserState;
use crate::error::{StateError, Unknown};
use crate::keys;

/// What partners call the user of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Their ids; also those that have run out a moment ago.
    pub matches: Arc<Matches>,
    /// The process knew, and Redis was not asked.
    pub from_memory: bool,
}

/// How long and how many ids are kept of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchTerms {
    /// How long a partner's id is known after it was told.
    pub life: Duration,
    /// Most partners; those whose ids end first make room.
    pub most: usize,
}

/// What became of an id that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is known from now on.
    Known,
    /// The user was erased a short while ago: nothing is kept of it.
    Erased,
}

/// Fields of a user's ids with their values.
type Fields = HashMap<String, String>;

impl UserState {
    /// Reads what partners call the first of these users whom any of them knows, in one wait, or in none where
    /// the process knows it.
    ///
    /// # Errors
    /// [`Unknown`] when Redis did not answer within the budget, or is not asked at the moment.
    pub async fn read_matches(&self, users: &[&str]) -> Result<Found, Unknown> {
        let now = Instant::now();
        let cache = self.peers.matches.as_ref();
        let mut missing = users;
        while let Some((user, rest)) = missing.split_first()
            && let Some(matches) = cache.and_then(|cache| cache.get(user, now))
        {
            if !matches.is_empty() {
                return Ok(Found {
                    matches,
                    from_memory: true,
                });
            }
            missing = rest;
        }
        if missing.is_empty() {
            return Ok(Found {
                matches: Arc::default(),
                from_memory: true,
            });
        }
        let marks: Vec<_> = missing
            .iter()
            .filter_map(|user| cache.map(|it| it.mark(user)))
            .collect();
        let mut pipe = redis::Pipeline::with_capacity(missing.len());
        for user in missing {
            pipe.cmd("HGETALL").arg(keys::matches(user));
        }
        let mut connection = self.connection();
        let rows: Vec<Fields> = self.on_path(pipe.query_async(&mut connection)).await?;
        let mut marks = marks.into_iter();
        let mut found = Found::default();
        for (user, row) in missing.iter().zip(rows) {
            let matches = Arc::new(read(row));
            if let (Some(cache), Some(mark)) = (cache, marks.next()) {
                cache.keep(user, Arc::clone(&matches), mark, now);
            }
            if found.matches.is_empty() {
                found.matches = matches;
            }
        }
        Ok(found)
    }

    /// Reads what partners call a user, off the path.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn load_matches(&self, user: &str) -> Result<Matches, StateError> {
        let mut ask = redis::cmd("HGETALL");
        ask.arg(keys::matches(user));
        let mut connection = self.connection();
        let row = self
            .off_path(
                "read what partners call a user",
                ask.query_async(&mut connection),
            )
            .await?;
        Ok(read(row))
    }

    /// Notes what a partner calls a user, in place of what it called it before.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer or is full.
    pub async fn note_match(
        &self,
        user: &str,
        partner: &PartnerId,
        uid: &str,
        terms: MatchTerms,
    ) -> Result<Noted, StateError> {
        let life = i64::try_from(terms.life.as_millis()).unwrap_or(i64::MAX);
        let mut note = self.scripts.note.prepare_invoke();
        note.key(keys::matches(user))
            .key(keys::gone(user))
            .arg(partner.as_str())
            .arg(uid)
            .arg(life)
            .arg(terms.most.max(1))
            .arg(keys::user(user));
        let mut connection = self.connection();
        let call = note.invoke_async(&mut connection);
        let code: i64 = self
            .off_path("note what a partner calls a user", call)
            .await?;
        self.peers.forget(user);
        Ok(if code < 0 {
            Noted::Erased
        } else {
            Noted::Known
        })
    }

    /// Forgets what a partner calls a user.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn drop_match(&self, user: &str, partner: &PartnerId) -> Result<(), StateError> {
        let mut pipe = redis::pipe();
        pipe.cmd("HDEL")
            .arg(keys::matches(user))
            .arg(partner.as_str())
            .ignore();
        self.forgotten("forget what a partner calls a user", user, pipe)
            .await
    }

    /// Forgets what all partners call a user; the rest of the user stays.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn drop_matches(&self, user: &str) -> Result<(), StateError> {
        let mut pipe = redis::pipe();
        pipe.cmd("DEL").arg(keys::matches(user)).ignore();
        self.forgotten("forget what partners call a user", user, pipe)
            .await
    }

    async fn forgotten(
        &self,
        what: &'static str,
        user: &str,
        mut change: redis::Pipeline,
    ) -> Result<(), StateError> {
        change
            .cmd("PUBLISH")
            .arg(keys::CHANGES)
            .arg(keys::user(user))
            .ignore();
        let mut connection = self.connection();
        let () = self
            .off_path(what, change.query_async(&mut connection))
            .await?;
        self.peers.forget(user);
        Ok(())
    }
}

/// What cannot be read is left out.
fn read(row: Fields) -> Matches {
    let mut matches: Vec<Match> = row
        .into_iter()
        .filter_map(|(partner, value)| {
            let (until, uid) = value.split_once(' ')?;
            Some(Match {
                partner: partner.into(),
                uid: uid.into(),
                until: UnixMillis(until.parse().ok()?),
            })
        })
        .collect();
    // The order of a hash is nobody's: of the same user the same matches.
    matches.sort_unstable_by(|a, b| a.partner.cmp(&b.partner));
    Matches(matches)
}
