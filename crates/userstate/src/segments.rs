//! Who is in which segment, for sizes and overlaps; a user's own list is in the profile.

use units::{DurationMillis, SegmentId, UnixMillis};

use crate::connection::UserState;
use crate::error::StateError;
use crate::keys;

/// Two segments side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// Members of the first.
    pub first: u64,
    /// Members of the second.
    pub second: u64,
    /// Members of both.
    pub both: u64,
}

impl UserState {
    /// Enters a user into the sets of `joined`, and takes it out of those of `left`.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer or is full.
    pub async fn note_members(
        &self,
        user: &str,
        joined: &[SegmentId],
        left: &[SegmentId],
        now: UnixMillis,
    ) -> Result<(), StateError> {
        if joined.is_empty() && left.is_empty() {
            return Ok(());
        }
        let retention = self.budget.retention_ms();
        let until = now.after(DurationMillis(retention)).0;
        let mut pipe = redis::pipe();
        for segment in joined {
            let key = keys::members(segment.as_str());
            pipe.cmd("ZADD").arg(&key).arg(until).arg(user).ignore();
            pipe.cmd("ZREMRANGEBYSCORE")
                .arg(&key)
                .arg("-inf")
                .arg(now.0)
                .ignore();
            pipe.cmd("PEXPIRE").arg(&key).arg(retention).ignore();
        }
        for segment in left {
            pipe.cmd("ZREM")
                .arg(keys::members(segment.as_str()))
                .arg(user)
                .ignore();
        }
        let mut connection = self.connection();
        self.off_path("note segment members", pipe.query_async(&mut connection))
            .await
    }

    /// Sizes of segments: members whose retention has not ended.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn segment_sizes(
        &self,
        segments: &[SegmentId],
        now: UnixMillis,
    ) -> Result<Vec<u64>, StateError> {
        if segments.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for segment in segments {
            pipe.cmd("ZCOUNT")
                .arg(keys::members(segment.as_str()))
                .arg(format!("({}", now.0))
                .arg("+inf");
        }
        let mut connection = self.connection();
        self.off_path("count segment members", pipe.query_async(&mut connection))
            .await
    }

    /// How many users two segments share.
    ///
    /// # Errors
    /// [`StateError`] when Redis does not answer.
    pub async fn overlap(
        &self,
        first: &SegmentId,
        second: &SegmentId,
        now: UnixMillis,
    ) -> Result<Overlap, StateError> {
        let (a, b) = (
            keys::members(first.as_str()),
            keys::members(second.as_str()),
        );
        let mut pipe = redis::pipe();
        for key in [&a, &b] {
            pipe.cmd("ZREMRANGEBYSCORE")
                .arg(key)
                .arg("-inf")
                .arg(now.0)
                .ignore();
            pipe.cmd("ZCARD").arg(key);
        }
        pipe.cmd("ZINTERCARD").arg(2).arg(&a).arg(&b);
        let mut connection = self.connection();
        let (first, second, both) = self
            .off_path("compare two segments", pipe.query_async(&mut connection))
            .await?;
        Ok(Overlap {
            first,
            second,
            both,
        })
    }
}
