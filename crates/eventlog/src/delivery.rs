//! Appends beside the money log: deliveries with their outbox, and records.

use std::time::Duration;

use crate::connect::EventLog;
use crate::error::EventLogError;
use crate::keys;
use crate::money::Appended;

impl EventLog {
    /// Appends one payload to several streams in one call, unless `once` was there within `ttl`.
    ///
    /// The streams carry the hash tag `{0}`.
    ///
    /// # Errors
    /// [`EventLogError`]: not known to be durable, so not to be acknowledged.
    pub async fn append_once(
        &self,
        streams: &[&str],
        once: &str,
        ttl: Duration,
        payload: &[u8],
    ) -> Result<Appended, EventLogError> {
        self.admit().await?;
        let mut connection = self.connection.clone();
        let mut call = self.scripts.once.key(keys::once(once));
        for stream in streams {
            call.key(*stream);
        }
        let ttl_ms = u64::try_from(ttl.as_millis())
            .unwrap_or(u64::MAX >> 12)
            .max(1);
        call.arg(ttl_ms).arg(keys::PAYLOAD).arg(payload);
        let code: i64 = self
            .within("append once", call.invoke_async(&mut connection))
            .await?;
        Ok(if code == 1 {
            Appended::Stored
        } else {
            Appended::Duplicate
        })
    }

    /// Appends to a stream that keeps about its newest `max_len` entries; for what may be lost.
    ///
    /// # Errors
    /// [`EventLogError`] when it is not known to be there.
    pub async fn push(
        &self,
        stream: &str,
        max_len: usize,
        payload: &[u8],
    ) -> Result<(), EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("XADD");
        command
            .arg(stream)
            .arg("MAXLEN")
            .arg("~")
            .arg(max_len)
            .arg("*")
            .arg(keys::PAYLOAD)
            .arg(payload);
        let _id: String = self
            .within("push an entry", command.query_async(&mut connection))
            .await?;
        Ok(())
    }
}
