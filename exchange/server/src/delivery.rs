//! The one durable step of an impression: to the delivery log and the outbox, once, in one call.

use std::time::Duration;

use contracts::event::{DELIVERY_STREAM, DeliveryEvent, OUTBOX_STREAM};
use contracts::notice::{KeyRing, SellClaims, TokenError};
use eventlog::{Appended, EventLog, EventLogError};
use units::UnixMillis;

/// What a call with a token of ours is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Durable now.
    Accepted,
    /// It was before.
    Duplicate,
}

impl Taken {
    /// The word in answers and metrics.
    #[must_use]
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
        }
    }
}

/// Why a call with a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTaken {
    /// 401: no token, or one that cannot be read.
    #[error("the token is missing or cannot be read")]
    Unreadable,
    /// 403: not ours, or for another path.
    #[error("the token's signature is not ours")]
    Forged,
    /// 410: too late.
    #[error("the token has expired")]
    Expired,
}

/// Opens a token and judges its age.
///
/// # Errors
/// [`NotTaken`].
pub(crate) fn open(
    token: Option<&str>,
    ring: &KeyRing,
    now: UnixMillis,
) -> Result<SellClaims, NotTaken> {
    let token = token.ok_or(NotTaken::Unreadable)?;
    let claims = SellClaims::open(token, ring).map_err(|error| match error {
        TokenError::Unreadable => NotTaken::Unreadable,
        TokenError::Forged => NotTaken::Forged,
    })?;
    if claims.expires < now {
        return Err(NotTaken::Expired);
    }
    Ok(claims)
}

/// Records that an impression was delivered, and that its DSP is to be told, before anybody is told that
/// it was taken. An impression and a billing notice of the same imp are the same delivery.
///
/// # Errors
/// [`EventLogError`]: not known to be durable, so the caller has to repeat.
pub(crate) async fn confirm(
    log: &EventLog,
    claims: SellClaims,
    now: UnixMillis,
) -> Result<Taken, EventLogError> {
    // A test auction is run and never billed.
    if claims.test {
        return Ok(Taken::Accepted);
    }
    let once = format!(
        "delivery:{}:{}:{}",
        claims.auction, claims.partner, claims.imp
    );
    let left = claims.expires.since(now).0.max(0);
    // Remembered until the token can no longer be accepted by any clock of ours.
    let ttl = Duration::from_millis(u64::try_from(left).unwrap_or(0)) + Duration::from_secs(600);
    let streams: &[&str] = if claims.url.is_empty() {
        &[DELIVERY_STREAM]
    } else {
        &[DELIVERY_STREAM, OUTBOX_STREAM]
    };
    let event = DeliveryEvent { claims, at: now };
    let payload = serde_json::to_vec(&event).unwrap_or_default();
    match log.append_once(streams, &once, ttl, &payload).await? {
        Appended::Stored => Ok(Taken::Accepted),
        Appended::Duplicate | Appended::Expired => Ok(Taken::Duplicate),
    }
}
