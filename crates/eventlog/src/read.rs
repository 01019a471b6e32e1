//! Reading by position, and trimming what was applied.

use redis::streams::{StreamId, StreamRangeReply};
use units::UnixMillis;

use crate::connect::EventLog;
use crate::error::EventLogError;
use crate::{keys, position};

/// An entry of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands; grows along the stream.
    pub position: String,
    /// What was appended; empty for an entry of a foreign form, which is then undecodable like any other.
    pub payload: Vec<u8>,
}

impl Entry {
    /// When Redis took it, by its own clock; for measuring lag only.
    #[must_use]
    pub fn taken_at(&self) -> Option<UnixMillis> {
        let (millis, _) = position::parse(&self.position).ok()?;
        i64::try_from(millis).ok().map(UnixMillis)
    }
}

impl EventLog {
    /// Up to `count` entries behind `position` ([`crate::START`] for all), oldest first.
    ///
    /// # Errors
    /// [`EventLogError`] when the position is none or Redis does not answer.
    pub async fn read_after(
        &self,
        stream: &str,
        position: &str,
        count: usize,
    ) -> Result<Vec<Entry>, EventLogError> {
        position::parse(position)?;
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("XRANGE");
        command
            .arg(stream)
            .arg(format!("({position}"))
            .arg("+")
            .arg("COUNT")
            .arg(count);
        let reply: StreamRangeReply = self
            .within("read a stream", command.query_async(&mut connection))
            .await?;
        Ok(found(reply.ids))
    }

    /// Removes every entry up to and including `position`: call it after their commit, never before.
    ///
    /// # Errors
    /// [`EventLogError`] when the position is none or Redis does not answer.
    pub async fn trim(&self, stream: &str, position: &str) -> Result<(), EventLogError> {
        let first_kept = position::following(position)?;
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("XTRIM");
        command.arg(stream).arg("MINID").arg("=").arg(first_kept);
        let _removed: i64 = self
            .within("trim a stream", command.query_async(&mut connection))
            .await?;
        Ok(())
    }

    /// How many entries a stream holds.
    ///
    /// # Errors
    /// [`EventLogError`] when Redis does not answer.
    pub async fn length(&self, stream: &str) -> Result<u64, EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("XLEN");
        command.arg(stream);
        self.within("measure a stream", command.query_async(&mut connection))
            .await
    }
}

pub(crate) fn found(ids: Vec<StreamId>) -> Vec<Entry> {
    let entry = |found: StreamId| Entry {
        payload: found.get(keys::PAYLOAD).unwrap_or_default(),
        position: found.id,
    };
    ids.into_iter().map(entry).collect()
}
