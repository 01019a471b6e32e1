//! Consumer groups, for the outbox: each entry is somebody's until it is acknowledged.

use std::time::Duration;

use redis::streams::{StreamAutoClaimReply, StreamReadReply};

use crate::connect::EventLog;
use crate::error::EventLogError;
use crate::read::{Entry, found};

/// Entries taken over from consumers that went silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What was taken over.
    pub entries: Vec<Entry>,
    /// Where to go on; [`crate::START`] when the whole list was seen.
    pub next: String,
}

impl EventLog {
    /// Makes the group, from the stream's beginning, unless it is there.
    ///
    /// # Errors
    /// [`EventLogError`] when Redis does not answer.
    pub async fn ensure_group(&self, stream: &str, group: &str) -> Result<(), EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("XGROUP");
        command
            .arg("CREATE")
            .arg(stream)
            .arg(group)
            .arg("0")
            .arg("MKSTREAM");
        let made: Result<(), EventLogError> = self
            .within("make a group", command.query_async(&mut connection))
            .await;
        match made {
            Err(EventLogError::Redis { fault, .. }) if fault.code() == Some("BUSYGROUP") => Ok(()),
            other => other,
        }
    }

    /// Up to `count` entries that no consumer of the group has seen. Does not wait for any to come: the
    /// connection is shared, and a blocking read would hold all others.
    ///
    /// # Errors
    /// [`EventLogError`] when Redis does not answer.
    pub async fn read_group(
        &self,
        stream: &str,
        group: &str,
        consumer: &str,
        count: usize,
    ) -> Result<Vec<Entry>, EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("XREADGROUP");
        command
            .arg("GROUP")
            .arg(group)
            .arg(consumer)
            .arg("COUNT")
            .arg(count)
            .arg("STREAMS")
            .arg(stream)
            .arg(">");
        let reply: Option<StreamReadReply> = self
            .within("read for a group", command.query_async(&mut connection))
            .await?;
        let keys = reply.map(|reply| reply.keys).unwrap_or_default();
        Ok(keys.into_iter().flat_map(|key| found(key.ids)).collect())
    }

    /// Takes over up to `count` entries, from `from` on, that were read by some consumer at least `idle` ago
    /// and are not acknowledged.
    ///
    /// # Errors
    /// [`EventLogError`] when Redis does not answer.
    pub async fn claim_stale(
        &self,
        stream: &str,
        group: &str,
        consumer: &str,
        idle: Duration,
        from: &str,
        count: usize,
    ) -> Result<Taken, EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("XAUTOCLAIM");
        command
            .arg(stream)
            .arg(group)
            .arg(consumer)
            .arg(u64::try_from(idle.as_millis()).unwrap_or(u64::MAX >> 12))
            .arg(from)
            .arg("COUNT")
            .arg(count);
        let reply: StreamAutoClaimReply = self
            .within("claim stale entries", command.query_async(&mut connection))
            .await?;
        Ok(Taken {
            entries: found(reply.claimed),
            next: reply.next_stream_id,
        })
    }

    /// Acknowledges entries and removes them, in one step.
    ///
    /// # Errors
    /// [`EventLogError`] when it is not known to be done; doing it again does no harm.
    pub async fn ack(
        &self,
        stream: &str,
        group: &str,
        positions: &[&str],
    ) -> Result<(), EventLogError> {
        if positions.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection.clone();
        let mut both = redis::pipe();
        both.atomic()
            .cmd("XACK")
            .arg(stream)
            .arg(group)
            .arg(positions)
            .ignore()
            .cmd("XDEL")
            .arg(stream)
            .arg(positions)
            .ignore();
        self.within("acknowledge entries", both.exec_async(&mut connection))
            .await
    }
}
