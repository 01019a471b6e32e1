//! Reading a request's body under its limits (C-6, C-7, R38, R41).

use std::io::Read;

use bytes::{Bytes, BytesMut};
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::Limits;

/// Inflated bytes below which the ratio is not looked at: a small text may pack very well.
const RATIO_FREE: usize = 64 * 1024;

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

/// Why a compressed body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// More bytes than allowed, or too many per compressed byte.
    #[error("inflates beyond the limit")]
    TooLarge,
    /// Not gzip, truncated, or followed by something else.
    #[error("not valid gzip")]
    Invalid,
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

/// Inflates gzip, at most `max` bytes and at most `max_ratio` times its size beyond the first 64 KiB.
///
/// # Errors
/// [`InflateError::TooLarge`] as soon as a limit is passed, [`InflateError::Invalid`] for what is not
/// whole, valid gzip.
pub fn inflate(packed: &[u8], max: usize, max_ratio: u32) -> Result<Vec<u8>, InflateError> {
    let ratio = usize::try_from(max_ratio).unwrap_or(usize::MAX);
    let by_ratio = packed.len().saturating_mul(ratio).max(RATIO_FREE);
    let limit = max.min(by_ratio);
    let mut inflated = Vec::with_capacity(packed.len().saturating_mul(3).min(limit));
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed)
        .take(one_more)
        .read_to_end(&mut inflated)
        .map_err(|_invalid| InflateError::Invalid)?;
    if inflated.len() > limit {
        return Err(InflateError::TooLarge);
    }
    Ok(inflated)
}

/// The same for a request's body.
pub(super) fn inflate_request(packed: &[u8], limits: &Limits) -> Result<Bytes, BodyFault> {
    match inflate(packed, limits.max_inflated.as_usize(), limits.max_ratio) {
        Ok(body) => Ok(Bytes::from(body)),
        Err(InflateError::TooLarge) => Err(BodyFault::TooLarge),
        Err(InflateError::Invalid) => Err(BodyFault::NotGzip),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn r_31_and_c_7_what_inflates_and_what_does_not() {
        let text = br#"{"id":"1"}"#;
        let good = packed(text);
        assert_eq!(inflate(&good, 1_000, 100).as_deref(), Ok(text.as_slice()));
        assert_eq!(
            inflate(&good, 9, 100),
            Err(InflateError::TooLarge),
            "by size"
        );

        let bomb = packed(&vec![b' '; 8 << 20]);
        assert_eq!(
            inflate(&bomb, usize::MAX, 100),
            Err(InflateError::TooLarge),
            "by ratio"
        );
        assert_eq!(inflate(&bomb, 1 << 20, 10_000), Err(InflateError::TooLarge));

        let small_but_dense = packed(&vec![b' '; 60 * 1024]);
        assert!(
            inflate(&small_but_dense, 1 << 20, 100).is_ok(),
            "free below 64 KiB"
        );

        assert_eq!(
            inflate(&good[..good.len() - 4], 1_000, 100),
            Err(InflateError::Invalid)
        );
        assert_eq!(inflate(b"plain", 1_000, 100), Err(InflateError::Invalid));
        let mut trailed = good.clone();
        trailed.extend_from_slice(b"tail");
        assert_eq!(inflate(&trailed, 1_000, 100), Err(InflateError::Invalid));
        let twice = [good.clone(), good].concat();
        assert_eq!(
            inflate(&twice, 1_000, 100).unwrap().len(),
            20,
            "members follow one another"
        );
    }

    proptest::proptest! {
        #[test]
        fn r_42_inflating_anything_never_panics_and_keeps_its_limit(bytes: Vec<u8>, max in 0_usize..10_000) {
            if let Ok(out) = inflate(&bytes, max, 100) {
                proptest::prop_assert!(out.len() <= max);
            }
        }
    }
}
