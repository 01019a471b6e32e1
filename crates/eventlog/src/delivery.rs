//! Appends beside the money log: deliveries with their outbox, and records.

use std::time::Duration;

use crate::connect::EventLog;
use crate::error::EventLogError;
use crate::keys;
use crate::money::Appended;

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// It is on the streams; else it was before.
    pub is_stored: bool,
    /// No other report of the same thing was there before.
    pub is_first: bool,
}

impl EventLog {
    /// Appends one payload to several streams in one call, unless `once` was there within `ttl`. Without streams it
    /// is remembered only.
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
        let news = self.report_once(streams, once, None, ttl, payload).await?;
        Ok(if news.is_stored {
            Appended::Stored
        } else {
            Appended::Duplicate
        })
    }

    /// The same, of something that several reports tell, under the name `mark`: only the first of them makes it
    /// known.
    ///
    /// # Errors
    /// [`EventLogError`]: not known to be durable, so not to be acknowledged.
    pub async fn report_once(
        &self,
        streams: &[&str],
        once: &str,
        mark: Option<&str>,
        ttl: Duration,
        payload: &[u8],
    ) -> Result<News, EventLogError> {
        self.admit().await?;
        let mut connection = self.connection.clone();
        let mut call = self.scripts.once.key(keys::once(once));
        if let Some(mark) = mark {
            call.key(keys::once(mark));
        }
        for stream in streams {
            call.key(*stream);
        }
        call.arg(millis(ttl)).arg(keys::PAYLOAD).arg(payload);
        call.arg(u8::from(mark.is_some()));
        let code: i64 = self
            .within("append once", call.invoke_async(&mut connection))
            .await?;
        Ok(News {
            is_stored: code > 0,
            is_first: code == 2,
        })
    }

    /// Whether something was appended once by this key, and is remembered.
    ///
    /// # Errors
    /// [`EventLogError`] when it is not known.
    pub async fn is_reported(&self, once: &str) -> Result<bool, EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("EXISTS");
        command.arg(keys::once(once));
        self.within("look for a report", command.query_async(&mut connection))
            .await
    }

    /// Keeps a value under a name for a while, in place of what was there.
    ///
    /// # Errors
    /// [`EventLogError`] when it is not known to be there.
    pub async fn hold(&self, name: &str, ttl: Duration, value: &[u8]) -> Result<(), EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("SET");
        let ttl = millis(ttl);
        command.arg(keys::held(name)).arg(value).arg("PX").arg(ttl);
        self.within("hold a value", command.query_async(&mut connection))
            .await
    }

    /// The value that is kept under a name.
    ///
    /// # Errors
    /// [`EventLogError`] when it is not known.
    pub async fn held(&self, name: &str) -> Result<Option<Vec<u8>>, EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("GET");
        command.arg(keys::held(name));
        self.within("read a held value", command.query_async(&mut connection))
            .await
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

fn millis(ttl: Duration) -> u64 {
    let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX >> 12);
    millis.max(1)
}
