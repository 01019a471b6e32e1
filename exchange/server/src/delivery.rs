//! The one durable step of what is reported with our tokens: to the delivery log, and of what is billed to the
//! outbox, once, in one call.

use std::time::Duration;

use contracts::event::{DELIVERY_STREAM, DeliveryEvent, DeliveryFact, NoticeEnd, OUTBOX_STREAM};
use contracts::notice::{KeyRing, SellClaims, SellKind, TokenError};
use eventlog::{Appended, EventLog, EventLogError};
use exchange_core::notices;
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

/// The name of a notice in metrics and records.
pub(crate) const fn label(kind: SellKind) -> &'static str {
    match kind {
        SellKind::Win => "win",
        SellKind::Bill => "bill",
        SellKind::Loss => "loss",
        SellKind::Impression => "impression",
        SellKind::Click => "click",
        SellKind::View => "view",
    }
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
    let claims = genuine(token, ring)?;
    if claims.expires < now {
        return Err(NotTaken::Expired);
    }
    Ok(claims)
}

/// Opens a token, however old it is.
///
/// # Errors
/// [`NotTaken::Unreadable`] and [`NotTaken::Forged`].
pub(crate) fn genuine(token: Option<&str>, ring: &KeyRing) -> Result<SellClaims, NotTaken> {
    let token = token.ok_or(NotTaken::Unreadable)?;
    SellClaims::open(token, ring).map_err(|error| match error {
        TokenError::Unreadable => NotTaken::Unreadable,
        TokenError::Forged => NotTaken::Forged,
    })
}

/// The claims of a billable event, with the time of the display in the URL that its DSP is told by.
pub(crate) fn shown_at(claims: SellClaims, at: UnixMillis) -> SellClaims {
    let is_billable = matches!(claims.kind, SellKind::Impression | SellKind::Bill);
    if !is_billable || !notices::tells_display_time(&claims.url) {
        return claims;
    }
    SellClaims {
        url: notices::with_display_time(&claims.url, at),
        ..claims
    }
}

/// What tells the reports of one ad apart from those of all others. That of an imp's first ad is what it was
/// before ads were numbered, so that what was reported then is known.
pub(crate) fn once(what: &str, claims: &SellClaims) -> String {
    let SellClaims {
        auction,
        partner,
        imp,
        ad,
        ..
    } = claims;
    match ad {
        0 => format!("{what}:{auction}:{partner}:{imp}"),
        ad => format!("{what}.{ad}:{auction}:{partner}:{imp}"),
    }
}

/// Records what a token reports, and of a billable event that its DSP is to be told, before anybody is told
/// that it was taken. An impression and a billing notice of the same ad are the same delivery; what a crawler
/// reported is another, so that a person's report after it still counts.
///
/// # Errors
/// [`EventLogError`]: not known to be durable, so the caller has to repeat.
pub(crate) async fn record(
    log: &EventLog,
    claims: SellClaims,
    fact: DeliveryFact,
    now: UnixMillis,
) -> Result<Taken, EventLogError> {
    // A test auction is run and never billed.
    if claims.test {
        return Ok(Taken::Accepted);
    }
    let is_billable = matches!(claims.kind, SellKind::Impression | SellKind::Bill);
    let what = match (fact, is_billable) {
        (DeliveryFact::Happened, true) => "delivery",
        (DeliveryFact::Happened, false) => label(claims.kind),
        (DeliveryFact::Filtered, _) => match claims.kind {
            SellKind::Click => "filtered-click",
            SellKind::View => "filtered-view",
            SellKind::Win | SellKind::Bill | SellKind::Loss | SellKind::Impression => "filtered",
        },
        (DeliveryFact::Notified(_), _) => "notified",
    };
    let once = once(what, &claims);
    let left = claims.expires.since(now).0.max(0);
    // Remembered until the token can no longer be accepted by any clock of ours.
    let ttl = Duration::from_millis(u64::try_from(left).unwrap_or(0)) + Duration::from_secs(600);
    let is_billed = is_billable && fact == DeliveryFact::Happened;
    let streams: &[&str] = if is_billed && !claims.url.is_empty() {
        &[DELIVERY_STREAM, OUTBOX_STREAM]
    } else {
        &[DELIVERY_STREAM]
    };
    let event = DeliveryEvent {
        claims,
        at: now,
        fact,
    };
    let payload = serde_json::to_vec(&event).unwrap_or_default();
    match log.append_once(streams, &once, ttl, &payload).await? {
        Appended::Stored => Ok(Taken::Accepted),
        Appended::Duplicate | Appended::Expired => Ok(Taken::Duplicate),
    }
}

/// Records how the billing notice of a delivery ended, for the reconciliation with its DSP.
///
/// # Errors
/// [`EventLogError`]: not known to be durable.
pub(crate) async fn record_end(
    log: &EventLog,
    claims: SellClaims,
    end: NoticeEnd,
    now: UnixMillis,
) -> Result<(), EventLogError> {
    record(log, claims, DeliveryFact::Notified(end), now).await?;
    Ok(())
}
