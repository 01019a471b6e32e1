//! Reading a request's body under its limits (C-6, C-7, R38, R41).

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::{
    Limits,
    gate::Arriving,
    inflate::{InflateError, inflate},
};

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// Larger than allowed as it arrived or once inflated.
    TooLarge,
    /// Not all of it arrived in time.
    TooSlow,
    /// Its rest would have to be waited for, and too much is kept of such bodies.
    Crowded,
    /// The connection or the chunked framing broke.
    Broken,
    /// Not the gzip that it claims to be.
    NotGzip,
}

impl From<GatherFault> for BodyFault {
    fn from(fault: GatherFault) -> Self {
        match fault {
            GatherFault::TooLarge => Self::TooLarge,
            GatherFault::Broken(_) => Self::Broken,
        }
    }
}

/// Reads the whole body; refuses it as soon as it is known to be too large, or to want more room than there is while
/// it arrives.
pub(super) async fn read(
    body: Incoming,
    limits: &Limits,
    mut arriving: Arriving,
) -> Result<Bytes, BodyFault> {
    let keep = |kept| {
        let is_room = arriving.keep(kept, limits);
        is_room.then_some(()).ok_or(BodyFault::Crowded)
    };
    let whole = gather(body, limits.max_body.as_usize(), keep);
    let in_time = tokio::time::timeout(limits.body_timeout.0, whole).await;
    in_time.unwrap_or(Err(BodyFault::TooSlow))
}

/// Why a body could not be gathered.
#[derive(Debug)]
pub(crate) enum GatherFault {
    /// More bytes than allowed.
    TooLarge,
    /// The connection or the chunked framing broke.
    Broken(hyper::Error),
}

/// Reads a body, in either direction, of at most `max` bytes; `keep` is told of how many are kept before more is waited
/// for.
pub(crate) async fn gather<F: From<GatherFault>>(
    mut body: Incoming,
    max: usize,
    mut keep: impl FnMut(usize) -> Result<(), F>,
) -> Result<Bytes, F> {
    let declared = body.size_hint().lower();
    // Before anything is read: `Content-Length: 10GB` costs nothing (R31).
    let declared = match usize::try_from(declared) {
        Ok(length) if length <= max => length,
        Ok(_) | Err(_) => return Err(GatherFault::TooLarge.into()),
    };
    // Most bodies arrive in one piece and are passed on without a copy.
    let mut only = Bytes::new();
    let mut whole = BytesMut::new();
    loop {
        let frame = match body.frame().now_or_never() {
            Some(frame) => frame,
            None => {
                keep(only.len() + whole.capacity())?;
                body.frame().await
            }
        };
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(GatherFault::Broken)?.into_data() else {
            continue;
        };
        if only.len() + whole.len() + data.len() > max {
            return Err(GatherFault::TooLarge.into());
        }
        if only.is_empty() && whole.is_empty() {
            only = data;
            continue;
        }
        if whole.is_empty() {
            let come = only.len() + data.len();
            // What was declared need not come: its room is not kept before.
            whole.reserve(declared.clamp(come, come.saturating_mul(4)));
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
