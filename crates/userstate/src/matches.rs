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

impl MatchTerms {
    fn life_ms(self) -> i64 {
        i64::try_from(self.life.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Users of exchanges whom our own bidder calls by one id; those that end first make room.
const BROWSERS: usize = 64;

/// What became of an id that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is known from now on.
    Known,
    /// The user, or whoever has the id, was erased a short while ago: nothing is kept of it.
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

    /// The same; `None` of a user who was erased a short while ago.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn load_known(&self, user: &str) -> Result<Option<Matches>, StateError> {
        let mut pipe = redis::pipe();
        pipe.cmd("HGETALL").arg(keys::matches(user));
        pipe.cmd("EXISTS").arg(keys::gone(user));
        let mut connection = self.connection();
        let (row, is_erased): (Fields, bool) = self
            .off_path(
                "read what partners call a user",
                pipe.query_async(&mut connection),
            )
            .await?;
        Ok((!is_erased).then(|| read(row)))
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
        let mut note = self.scripts.note.prepare_invoke();
        note.key(keys::matches(user))
            .key(keys::gone(user))
            .arg(partner.as_str())
            .arg(uid)
            .arg(terms.life_ms())
            .arg(terms.most.max(1))
            .arg(keys::user(user));
        let mut connection = self.connection();
        let call = note.invoke_async(&mut connection);
        let answer: Vec<String> = self
            .off_path("note what a partner calls a user", call)
            .await?;
        self.peers.forget(user);
        let Some((code, lost)) = answer.split_first() else {
            return Ok(Noted::Known);
        };
        if code == "-1" {
            return Ok(Noted::Erased);
        }
        self.part(user, lost.iter().map(String::as_str)).await?;
        Ok(Noted::Known)
    }

    /// The same of our own bidder, whose id of a user is a user of our DMP: both are one person, and an erasure of
    /// either finds the other.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer or is full.
    pub async fn note_own_match(
        &self,
        user: &str,
        partner: &PartnerId,
        uid: &str,
        terms: MatchTerms,
    ) -> Result<Noted, StateError> {
        // The way back first: an erasure that comes between finds it, or has left its tombstone here.
        let mut note = self.scripts.browser.prepare_invoke();
        note.key(keys::browsers(uid))
            .key(keys::gone(uid))
            .arg(user)
            .arg(terms.life_ms())
            .arg(BROWSERS);
        let mut connection = self.connection();
        let call = note.invoke_async(&mut connection);
        let code: i64 = self.off_path("note whom our bidder calls so", call).await?;
        if code < 0 {
            return Ok(Noted::Erased);
        }
        let noted = self.note_match(user, partner, uid, terms).await?;
        if noted == Noted::Erased {
            self.part(user, [uid]).await?;
        }
        Ok(noted)
    }

    /// Forgets what a partner calls a user.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn drop_match(&self, user: &str, partner: &PartnerId) -> Result<(), StateError> {
        let mut change = redis::cmd("HDEL");
        change.arg(keys::matches(user)).arg(partner.as_str());
        let what = "forget what a partner calls a user";
        let mut row = self.forgotten(what, user, change).await?;
        let Some(gone) = row.remove(partner.as_str()) else {
            return Ok(());
        };
        let is_left = |uid: &str| row.values().any(|value| uid_of(value) == Some(uid));
        let gone = uid_of(&gone).filter(|uid| !is_left(uid));
        self.part(user, gone).await
    }

    /// Forgets what all partners call a user; the rest of the user stays.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn drop_matches(&self, user: &str) -> Result<(), StateError> {
        let mut change = redis::cmd("DEL");
        change.arg(keys::matches(user));
        let what = "forget what partners call a user";
        let row = self.forgotten(what, user, change).await?;
        self.part(user, row.values().filter_map(|value| uid_of(value)))
            .await
    }

    /// Makes a change that forgets ids of a user; what they were.
    async fn forgotten(
        &self,
        what: &'static str,
        user: &str,
        change: redis::Cmd,
    ) -> Result<Fields, StateError> {
        let mut pipe = redis::pipe();
        pipe.cmd("HGETALL")
            .arg(keys::matches(user))
            .add_command(change)
            .ignore()
            .cmd("PUBLISH")
            .arg(keys::CHANGES)
            .arg(keys::user(user))
            .ignore();
        let mut connection = self.connection();
        let (row,): (Fields,) = self
            .off_path(what, pipe.query_async(&mut connection))
            .await?;
        self.peers.forget(user);
        Ok(row)
    }

    /// Takes away the ways back from ids that a user has no more. Of an id that never was our own bidder's there is
    /// none.
    async fn part<'u>(
        &self,
        user: &str,
        uids: impl IntoIterator<Item = &'u str>,
    ) -> Result<(), StateError> {
        let mut pipe = redis::pipe();
        for uid in uids {
            pipe.cmd("ZREM").arg(keys::browsers(uid)).arg(user).ignore();
        }
        if pipe.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection();
        self.off_path(
            "take away the way back to a user",
            pipe.query_async(&mut connection),
        )
        .await
    }
}

/// The id in a field of a user's ids.
pub(crate) fn uid_of(value: &str) -> Option<&str> {
    value.split_once(' ').map(|(_until, uid)| uid)
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
