//! How much a listener takes in, and how it ends. Every number has a maximum for a reason (R21–R41).

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::config::{Bytes, Millis};

/// The limits of one listener; a table of a server's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest request body as it arrives (413 above).
    pub max_body: Bytes,
    /// Largest request body once inflated (413 above).
    pub max_inflated: Bytes,
    /// Most inflated bytes per compressed byte, beyond the first 64 KiB (413 above).
    pub max_ratio: u32,
    /// Largest request line and headers together (431 above; at least 8 KiB).
    pub max_head: Bytes,
    /// Most header fields (431 above).
    pub max_headers: u32,
    /// Time for the headers to arrive, from their first byte.
    pub header_timeout: Millis,
    /// Time for the body to arrive (408 and closed).
    pub body_timeout: Millis,
    /// How long an idle connection is kept.
    pub idle_timeout: Millis,
    /// Most open connections of the service; further ones are accepted and closed.
    pub max_connections: u32,
    /// Most bytes that the service keeps of bodies whose rest it waits for; who sends slowly beyond it is shed.
    pub max_arriving: Bytes,
    /// Most requests in work in the service, whose bodies have arrived; a tenth is reserved for notices.
    pub max_in_flight: u32,
    /// Once the run queue was older than this for 100 ms, or five times as old at once, no bid request that waited longer is answered
    /// in full; zero turns this off.
    pub queue_target: Millis,
    /// What a shed bid request gets: 204 or 503.
    pub shed_status: ShedStatus,
    /// Answers of at least this size are gzipped for callers that accept it; zero turns this off.
    pub gzip_above: Bytes,
    /// How long to go on accepting after the end was asked for, so that balancers notice.
    pub drain_delay: Millis,
    /// How long requests in work may take to finish after that.
    pub drain_limit: Millis,
}

/// The status of a shed bid request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum ShedStatus {
    /// 204: to the caller a no-bid.
    #[default]
    NoContent,
    /// 503 with `Retry-After: 1`.
    Unavailable,
}

impl ShedStatus {
    /// As HTTP writes it.
    #[must_use]
    pub const fn code(self) -> StatusCode {
        match self {
            Self::NoContent => StatusCode::NO_CONTENT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl TryFrom<u16> for ShedStatus {
    type Error = &'static str;
    fn try_from(code: u16) -> Result<Self, Self::Error> {
        match code {
            204 => Ok(Self::NoContent),
            503 => Ok(Self::Unavailable),
            _ => Err("must be 204 or 503"),
        }
    }
}

impl From<ShedStatus> for u16 {
    fn from(status: ShedStatus) -> Self {
        status.code().as_u16()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: Bytes(256 * 1024),
            max_inflated: Bytes(1024 * 1024),
            max_ratio: 100,
            max_head: Bytes(16 * 1024),
            max_headers: 100,
            header_timeout: Millis(Duration::from_secs(8)),
            body_timeout: Millis(Duration::from_secs(2)),
            idle_timeout: Millis(Duration::from_secs(75)),
            max_connections: 10_000,
            max_arriving: Bytes(64 * 1024 * 1024),
            max_in_flight: 2_048,
            queue_target: Millis(Duration::from_millis(2)),
            shed_status: ShedStatus::NoContent,
            gzip_above: Bytes(4 * 1024),
            drain_delay: Millis(Duration::from_secs(2)),
            drain_limit: Millis(Duration::from_secs(7)),
        }
    }
}
