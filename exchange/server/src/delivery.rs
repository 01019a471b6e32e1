//! The one durable step of what is reported with our tokens: to the delivery log, and of what is billed to the
//! outbox, once, in one call.

use std::time::Duration;

use contracts::event::{DELIVERY_STREAM, DeliveryEvent, DeliveryFact, NoticeEnd, OUTBOX_STREAM};
use contracts::notice::{KeyRing, SellClaims, SellKind, TokenError};
use eventlog::{EventLog, EventLogError, News};
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
    /// 403: not ours.
    #[error("the token's signature is not ours")]
    Forged,
    /// 403: ours, for another path.
    #[error("the token is ours, and for another kind of notice: call the URL that it came in")]
    WrongKind,
    /// 410: too late.
    #[error("the token has expired")]
    Expired,
    /// 409: nothing was shown that could be billed.
    #[error(
        "this bid's markup comes with its win notice, which was not called or brought none: the win is forfeit"
    )]
    Unserved,
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

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) taken: Taken,
    /// It is the first word of an SSP that the bid won there.
    pub(crate) tells_win: bool,
}

impl From<News> for Recorded {
    fn from(news: News) -> Self {
        Self {
            taken: if news.is_stored {
                Taken::Accepted
            } else {
                Taken::Duplicate
            },
            tells_win: news.is_first,
        }
    }
}

/// How long a report is remembered: until its token can no longer be accepted by any clock of ours.
fn remembered(claims: &SellClaims, now: UnixMillis) -> Duration {
    left(claims.expires, now) + Duration::from_secs(600)
}

/// What is left until then.
pub(crate) fn left(until: UnixMillis, now: UnixMillis) -> Duration {
    Duration::from_millis(u64::try_from(until.since(now).0).unwrap_or(0))
}

/// The name under which a bid's win is known, whichever notice tells of it first: of those that win here for
/// good it is known already.
fn win_of(claims: &SellClaims) -> Option<String> {
    let tells = matches!(claims.kind, SellKind::Win | SellKind::Bill);
    let is_due = tells && claims.provisional && !claims.test;
    is_due.then(|| once("won", claims))
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
) -> Result<Recorded, EventLogError> {
    let is_billable = matches!(claims.kind, SellKind::Impression | SellKind::Bill);
    let what = match (fact, is_billable) {
        (DeliveryFact::Happened, true) => DELIVERY,
        (DeliveryFact::Happened, false) => label(claims.kind),
        (DeliveryFact::Filtered, _) => match claims.kind {
            SellKind::Click => "filtered-click",
            SellKind::View => "filtered-view",
            SellKind::Win | SellKind::Bill | SellKind::Loss | SellKind::Impression => "filtered",
        },
        (DeliveryFact::Notified(_), _) => "notified",
    };
    let is_billed = is_billable && fact == DeliveryFact::Happened;
    let streams: &[&str] = match (claims.test, is_billed && !claims.url.is_empty()) {
        // A test auction is run and never billed.
        (true, _) => &[],
        (false, true) => &[DELIVERY_STREAM, OUTBOX_STREAM],
        (false, false) => &[DELIVERY_STREAM],
    };
    let win = win_of(&claims).filter(|_| is_billed);
    report(log, streams, what, win, claims, fact, now).await
}

/// Takes a notice that moves no money, to be passed on through the outbox where its DSP gave a URL for it.
///
/// # Errors
/// [`EventLogError`]: not known to be durable, so the caller has to repeat.
pub(crate) async fn pass_on(
    log: &EventLog,
    claims: SellClaims,
    now: UnixMillis,
) -> Result<Recorded, EventLogError> {
    let streams: &[&str] = if claims.url.is_empty() {
        &[]
    } else {
        &[OUTBOX_STREAM]
    };
    let win = win_of(&claims);
    let what = label(claims.kind);
    report(log, streams, what, win, claims, DeliveryFact::Happened, now).await
}

/// Whether what a token is about was shown or billed already, for a test as well.
///
/// # Errors
/// [`EventLogError`]: not known, so the caller has to repeat.
pub(crate) async fn is_billed(log: &EventLog, claims: &SellClaims) -> Result<bool, EventLogError> {
    log.is_reported(&once(DELIVERY, claims)).await
}

/// What a billable event is known by.
const DELIVERY: &str = "delivery";

/// Takes the call that fetches a bid's markup, for the first caller alone.
///
/// # Errors
/// [`EventLogError`]: not known to be durable, so the caller has to repeat.
pub(crate) async fn fetch(
    log: &EventLog,
    claims: &SellClaims,
    now: UnixMillis,
) -> Result<Recorded, EventLogError> {
    let (what, win) = (once(MARKUP, claims), win_of(claims));
    let kept = remembered(claims, now);
    let news = log.report_once(&[], &what, win.as_deref(), kept, b"");
    news.await.map(Recorded::from)
}

/// What a bid's markup is known by.
pub(crate) const MARKUP: &str = "markup";

async fn report(
    log: &EventLog,
    streams: &[&str],
    what: &str,
    win: Option<String>,
    claims: SellClaims,
    fact: DeliveryFact,
    now: UnixMillis,
) -> Result<Recorded, EventLogError> {
    let once = once(what, &claims);
    let kept = remembered(&claims, now);
    let event = DeliveryEvent {
        claims,
        at: now,
        fact,
    };
    let payload = if streams.is_empty() {
        Vec::new()
    } else {
        serde_json::to_vec(&event).unwrap_or_default()
    };
    let news = log.report_once(streams, &once, win.as_deref(), kept, &payload);
    news.await.map(Recorded::from)
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
