//! The money log: append behind the fence, and the fence.

use contracts::event::MONEY_STREAM;
use redis::{Cmd, ErrorKind, ServerErrorKind};
use units::UnixMillis;

use crate::connect::EventLog;
use crate::error::EventLogError;
use crate::keys;

/// Redis was restarted or its scripts flushed.
const NO_SCRIPT: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is on the log: 2xx.
    Stored,
    /// It has been there before: 2xx, `duplicate`.
    Duplicate,
    /// The fence has passed it: 410, and it was never acknowledged.
    Expired,
}

impl EventLog {
    /// Appends a money event unless `settle_by + 30 s` is not after the fence.
    ///
    /// `once` names the call (reservation and kind); a repetition is not stored again. It is a filter
    /// only: that a reservation moves once is the ledger's to guarantee.
    ///
    /// # Errors
    /// [`EventLogError`]: not known to be durable, so not to be acknowledged.
    pub async fn append(
        &self,
        settle_by: UnixMillis,
        once: &str,
        payload: &[u8],
    ) -> Result<Appended, EventLogError> {
        self.admit().await?;
        let mut connection = self.connection.clone();
        let script = &self.scripts.append;
        // Written into one piece of memory: `Script::key` makes one for each argument.
        let mut call = Cmd::with_capacity(10, 320 + payload.len());
        call.arg("EVALSHA")
            .arg(script.get_hash())
            .arg(3)
            .arg(MONEY_STREAM)
            .arg(keys::FENCE)
            .arg(keys::once(once))
            .arg(settle_by.0)
            .arg(settle_by.0.saturating_add(keys::REMEMBER_MS))
            .arg(keys::PAYLOAD)
            .arg(payload);
        let answer = async {
            match call.query_async(&mut connection).await {
                Err(error) if error.kind() == NO_SCRIPT => {
                    script.load_async(&mut connection).await?;
                    call.query_async(&mut connection).await
                }
                answered => answered,
            }
        };
        let code: i64 = self.within("append a money event", answer).await?;
        Ok(match code {
            1 => Appended::Stored,
            0 => Appended::Duplicate,
            _ => Appended::Expired,
        })
    }

    /// Raises the fence to `now`, by the ledger's clock, and appends the marker in the same script; answers
    /// the fence, which never falls. Whether it may be raised is the caller's to judge (the gap rule).
    ///
    /// # Errors
    /// [`EventLogError`] when it is not known whether it was raised.
    pub async fn raise_fence(&self, now: UnixMillis) -> Result<UnixMillis, EventLogError> {
        self.admit().await?;
        let mut connection = self.connection.clone();
        let mut call = self.scripts.fence.key(MONEY_STREAM);
        call.key(keys::FENCE).arg(now.0).arg(keys::PAYLOAD);
        let fence: i64 = self
            .within("raise the fence", call.invoke_async(&mut connection))
            .await?;
        Ok(UnixMillis(fence))
    }

    /// Whether the log takes what is written now, by writing a key of no meaning.
    ///
    /// # Errors
    /// [`EventLogError`] when it is not known to.
    pub async fn probe(&self) -> Result<(), EventLogError> {
        self.admit().await?;
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("SET");
        command.arg(keys::PROBE).arg(1);
        self.within("write a probe", command.query_async(&mut connection))
            .await
    }

    /// The fence; `None` before its first raise.
    ///
    /// # Errors
    /// [`EventLogError`] when Redis does not tell.
    pub async fn fence(&self) -> Result<Option<UnixMillis>, EventLogError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("GET");
        command.arg(keys::FENCE);
        let fence: Option<i64> = self
            .within("read the fence", command.query_async(&mut connection))
            .await?;
        Ok(fence.map(UnixMillis))
    }
}
