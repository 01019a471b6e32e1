//! Whether Redis keeps what it acknowledged: an entry that it may forget must not be acknowledged by us.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::{InfoDict, RedisResult};
use serde::Deserialize;

use crate::connect::EventLog;
use crate::error::EventLogError;

/// What is asked of the events Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Nothing is appended to a Redis that is known to forget.
    #[default]
    Required,
    /// Anything is taken; what is found is told all the same.
    Unchecked,
}

/// What Redis says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// An entry is on disk before it is acknowledged, and none is evicted.
    Durable,
    /// It does not tell all of it, as a managed one may not; what it tells is as it must be.
    Untold,
    /// It may forget what it acknowledged.
    Weak(Weakness),
}

/// Which settings let Redis forget; told as the sentence that says what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weakness {
    /// There is no append-only file.
    pub no_file: bool,
    /// The file is written to disk after the acknowledgement.
    pub late_fsync: bool,
    /// Entries may be evicted.
    pub evicts: bool,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the events Redis may lose what it acknowledged: set")?;
        let settings = [
            (self.no_file, "appendonly yes"),
            (self.late_fsync, "appendfsync always"),
            (self.evicts, "maxmemory-policy noeviction"),
        ];
        let mut between = " ";
        for (_, setting) in settings.into_iter().filter(|(is_wrong, _)| *is_wrong) {
            write!(f, "{between}`{setting}`")?;
            between = ", ";
        }
        f.write_str(" there")
    }
}

/// What was asked for, as far as it was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Settings {
    aof_enabled: Option<bool>,
    appendfsync: Option<String>,
    maxmemory_policy: Option<String>,
}

impl Settings {
    fn judge(&self) -> Persistence {
        let is_not = |setting: &Option<String>, must: &str| {
            let told = setting.as_deref();
            told.is_some_and(|told| told != must)
        };
        let weakness = Weakness {
            no_file: self.aof_enabled == Some(false),
            late_fsync: is_not(&self.appendfsync, "always"),
            evicts: is_not(&self.maxmemory_policy, "noeviction"),
        };
        if weakness != Weakness::default() {
            return Persistence::Weak(weakness);
        }
        let Self {
            aof_enabled,
            appendfsync,
            maxmemory_policy,
        } = self;
        if aof_enabled.is_some() && appendfsync.is_some() && maxmemory_policy.is_some() {
            Persistence::Durable
        } else {
            Persistence::Untold
        }
    }
}

/// How long a verdict counts while the connection lasts: settings may be changed under way.
const COUNTS_FOR: Duration = Duration::from_secs(10);
/// How long a bad one counts, so that the mended setting is soon heard of.
const WEAK_COUNTS_FOR: Duration = Duration::from_secs(1);

/// The verdict on the Redis behind the connection; gone with it.
#[derive(Debug, Default)]
pub(crate) struct Verdict(Mutex<Option<(Instant, Persistence)>>);

impl Verdict {
    fn known(&self, now: Instant) -> Option<Persistence> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, persistence) = known?;
        let counts_for = match persistence {
            Persistence::Durable | Persistence::Untold => COUNTS_FOR,
            Persistence::Weak(_) => WEAK_COUNTS_FOR,
        };
        (now.saturating_duration_since(at) < counts_for).then_some(persistence)
    }

    fn learn(&self, now: Instant, persistence: Persistence) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, persistence));
    }

    /// The connection may lead to another Redis from now on, or to the same with other settings.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl EventLog {
    /// The same log, of which this is asked; without it, anything is taken.
    #[must_use]
    pub const fn requiring(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// What Redis says of its durability now.
    ///
    /// # Errors
    /// [`EventLogError`] when it does not answer.
    pub async fn persistence(&self) -> Result<Persistence, EventLogError> {
        let settings = Settings {
            aof_enabled: self.info("persistence", "aof_enabled").await?,
            appendfsync: self.appendfsync().await?,
            maxmemory_policy: self.info("memory", "maxmemory_policy").await?,
        };
        let persistence = settings.judge();
        self.verdict.learn(Instant::now(), persistence);
        Ok(persistence)
    }

    /// Lets an append through, or says why none may be acknowledged.
    pub(crate) async fn admit(&self) -> Result<(), EventLogError> {
        if self.durability == Durability::Unchecked {
            return Ok(());
        }
        let persistence = match self.verdict.known(Instant::now()) {
            Some(known) => known,
            None => self.persistence().await?,
        };
        match persistence {
            Persistence::Durable | Persistence::Untold => Ok(()),
            Persistence::Weak(weakness) => Err(EventLogError::NotDurable(weakness)),
        }
    }

    async fn info<T: redis::FromRedisValue>(
        &self,
        section: &str,
        field: &str,
    ) -> Result<Option<T>, EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("INFO");
        command.arg(section);
        let answer: RedisResult<InfoDict> = command.query_async(&mut connection).await;
        let told = self.told(async { answer }).await?;
        Ok(told.and_then(|info| info.get(field)))
    }

    async fn appendfsync(&self) -> Result<Option<String>, EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg("appendfsync");
        let answer = command.query_async(&mut connection);
        let told: Option<Vec<(String, String)>> = self.told(answer).await?;
        Ok(told.and_then(|told| told.into_iter().map(|(_, value)| value).next()))
    }

    /// The answer; `None` where Redis refuses the question.
    async fn told<T>(
        &self,
        call: impl Future<Output = RedisResult<T>>,
    ) -> Result<Option<T>, EventLogError> {
        match self.within("ask for durability", call).await {
            Ok(answer) => Ok(Some(answer)),
            Err(EventLogError::Redis { fault, .. }) if is_refusal(&fault) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

/// `NOPERM`, or a command that was renamed or taken away; one that is loading may tell later.
fn is_refusal(fault: &redis::RedisError) -> bool {
    matches!(fault.code(), Some("NOPERM" | "ERR"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_redis_says_of_its_durability() {
        let settings = |aof, fsync: Option<&str>, policy: Option<&str>| Settings {
            aof_enabled: aof,
            appendfsync: fsync.map(Into::into),
            maxmemory_policy: policy.map(Into::into),
        };
        let (always, keeps) = (Some("always"), Some("noeviction"));
        for (told, expect) in [
            (settings(Some(true), always, keeps), Ok(true)),
            (settings(Some(true), None, keeps), Ok(false)),
            (settings(None, None, None), Ok(false)),
            (
                settings(Some(false), always, keeps),
                Err("`appendonly yes`"),
            ),
            (
                settings(Some(true), Some("everysec"), keeps),
                Err("`appendfsync always`"),
            ),
            (
                settings(Some(true), None, Some("volatile-lru")),
                Err("`maxmemory-policy noeviction`"),
            ),
            (
                settings(Some(false), Some("no"), Some("allkeys-lru")),
                Err("`appendonly yes`, `appendfsync always`, `maxmemory-policy noeviction`"),
            ),
        ] {
            let judged = match told.judge() {
                Persistence::Durable => Ok(true),
                Persistence::Untold => Ok(false),
                Persistence::Weak(weakness) => Err(weakness.to_string()),
            };
            let sentence = |settings| {
                format!("the events Redis may lose what it acknowledged: set {settings} there")
            };
            assert_eq!(judged, expect.map_err(sentence), "{told:?}");
        }
    }

    #[test]
    fn a_verdict_counts_for_a_while_a_bad_one_shorter_and_none_past_its_connection() {
        let verdict = Verdict::default();
        let now = Instant::now();
        assert_eq!(verdict.known(now), None);
        let weak = Persistence::Weak(Weakness::default());
        for (persistence, millis) in [
            (Persistence::Durable, 10_000),
            (Persistence::Untold, 10_000),
            (weak, 1_000),
        ] {
            verdict.learn(now, persistence);
            let until = now + Duration::from_millis(millis);
            let before = until.checked_sub(Duration::from_millis(1)).unwrap();
            assert_eq!(verdict.known(before), Some(persistence));
            assert_eq!(verdict.known(until), None);
        }
        verdict.learn(now, Persistence::Durable);
        verdict.forget();
        assert_eq!(verdict.known(now), None);
    }
}
