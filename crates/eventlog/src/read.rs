//! Reading by position, and trimming what was applied.

use redis::streams::{StreamId, StreamInfoStreamReply, StreamRangeReply};
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

    /// Whether the stream has given out no position as high as `position`, so that it was not read there:
    /// it is another stream, or has lost its end.
    ///
    /// # Errors
    /// [`EventLogError`] when the position is none or Redis does not answer.
    pub async fn ends_before(&self, stream: &str, position: &str) -> Result<bool, EventLogError> {
        let position = position::parse(position)?;
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("XINFO");
        command.arg("STREAM").arg(stream);
        let told: Result<StreamInfoStreamReply, EventLogError> = self
            .within("look at a stream", command.query_async(&mut connection))
            .await;
        let last = match told {
            Ok(info) => position::parse(&info.last_generated_id)?,
            Err(EventLogError::Redis { fault, .. }) if is_no_stream(&fault) => (0, 0),
            Err(fault) => return Err(fault),
        };
        Ok(last < position)
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

fn is_no_stream(fault: &redis::RedisError) -> bool {
    fault
        .detail()
        .is_some_and(|detail| detail.contains("no such key"))
}

pub(crate) fn found(ids: Vec<StreamId>) -> Vec<Entry> {
    let entry = |found: StreamId| Entry {
        payload: found.get(keys::PAYLOAD).unwrap_or_default(),
        position: found.id,
    };
    ids.into_iter().map(entry).collect()
}
