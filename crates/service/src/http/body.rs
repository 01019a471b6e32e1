//! Reading a request's body under its limits (C-6, C-7, R38, R41).

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::{
    Limits,
    inflate::{InflateError, inflate},
};

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// Larger than allowed as it arrived or once inflated.
    TooLarge,
    /// Not all of it arrived in time.
    TooSlow,
    /// The connection or the chunked framing broke.
    Broken,
    /// Not the gzip that it claims to be.
    NotGzip,
}

/// Reads the whole body; refuses it as soon as it is known to be too large.
pub(super) async fn read(body: Incoming, limits: &Limits) -> Result<Bytes, BodyFault> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let wait = limits.body_timeout.0;
    match tokio::time::timeout(wait, gather(body, limits.max_body.as_usize())).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(GatherFault::TooLarge)) => Err(BodyFault::TooLarge),
        Ok(Err(GatherFault::Broken(_))) => Err(BodyFault::Broken),
        Err(_elapsed) => Err(BodyFault::TooSlow),
    }
}

/// Why a body could not be gathered.
#[derive(Debug)]
pub(crate) enum GatherFault {
    /// More bytes than allowed.
    TooLarge,
    /// The connection or the chunked framing broke.
    Broken(hyper::Error),
}

/// Reads a body, in either direction, of at most `max` bytes.
pub(crate) async fn gather(mut body: Incoming, max: usize) -> Result<Bytes, GatherFault> {
    let declared = body.size_hint().lower();
    // Before anything is read: `Content-Length: 10GB` costs nothing (R31).
    let declared = match usize::try_from(declared) {
        Ok(length) if length <= max => length,
        Ok(_) | Err(_) => return Err(GatherFault::TooLarge),
    };
    // Most bodies arrive in one piece and are passed on without a copy.
    let mut only = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(GatherFault::Broken)?.into_data() else {
            continue;
        };
        if only.len() + whole.len() + data.len() > max {
            return Err(GatherFault::TooLarge);
        }
        if only.is_empty() && whole.is_empty() {
            only = data;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(declared.max(only.len() + data.len()));
        }
        whole.extend_from_slice(&std::mem::take(&mut only));
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() {
        only
    } else {
        whole.freeze()
    })
}

/// Reads and forgets what is left of a body, so that a refusal keeps its connection usable (C-4).
/// Whether that was all of it: if not, the connection cannot be used again.
pub(super) async fn discard(mut body: Incoming, max: usize, wait: std::time::Duration) -> bool {
    if body.is_end_stream() {
        return true;
    }
    let read = async {
        let mut left = max;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(less) => left = less,
                None => return false,
            }
        }
        true
    };
    tokio::time::timeout(wait, read).await.unwrap_or(false)
}

/// A request's body as it was before it was packed.
pub(super) fn inflate_request(packed: &[u8], limits: &Limits) -> Result<Bytes, BodyFault> {
    match inflate(packed, limits.max_inflated.as_usize(), limits.max_ratio) {
        Ok(body) => Ok(Bytes::from(body)),
        Err(InflateError::TooLarge) => Err(BodyFault::TooLarge),
        Err(InflateError::Invalid) => Err(BodyFault::NotGzip),
    }
}
