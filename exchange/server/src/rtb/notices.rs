//! `/notice/{win,bill,loss}`: what the `nurl`, `burl` and `lurl` in our answers point to.

use std::time::Duration;

use bytes::Bytes;
use contracts::event::{DeliveryEvent, DeliveryFact, OUTBOX_STREAM};
use contracts::notice::{SellClaims, SellKind};
use eventlog::Appended;
use exchange_core::notices;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use service::client::{OutRequest, Target};
use service::http::{self as answers, Request, Response};
use service::{Problem, clock};
use units::UnixMillis;

use super::context::AuctionContext;
use super::records::NoticeRecord;
use crate::delivery::{self, NotTaken, Taken, label};
use crate::exchange::within;

/// The body of a POST; everything may be in the query instead.
#[derive(Debug, Default, Deserialize)]
struct Told {
    token: Option<String>,
    loss: Option<i32>,
    ts: Option<i64>,
}

impl Told {
    /// When the display was, as far as it is told: now, where it is not, or not yet over.
    fn display(&self, now: UnixMillis) -> UnixMillis {
        let told = self.ts.filter(|ts| (1..=now.0).contains(ts));
        told.map_or(now, UnixMillis)
    }
}

/// Takes a notice of the kind that the path names: durable before it is acknowledged.
pub(super) async fn take(context: &AuctionContext, request: &Request, kind: SellKind) -> Response {
    if !request.is_get() && request.method != Method::POST {
        return answers::method_not_allowed("GET, HEAD, POST");
    }
    let Some(told) = told(request) else {
        return Problem::new(StatusCode::BAD_REQUEST, "malformed", "Not a notice")
            .detail("expected {\"token\": …}")
            .into_response();
    };
    let Some(in_force) = context.exchange.in_force() else {
        return Problem::unavailable(1).into_response();
    };
    let name = label(kind);
    let now = clock::now();
    let claims = match delivery::open(told.token.as_deref(), &in_force.keys.0, now) {
        Ok(claims) if claims.kind == kind => claims,
        Ok(_) => return refused(context, name, NotTaken::Forged).into_response(),
        Err(not_taken) => return refused(context, name, not_taken).into_response(),
    };
    if request.is_head() {
        return accepted(Taken::Accepted);
    }
    if kind == SellKind::Win && request.query_param("markup").as_deref() == Some("1") {
        return serve_markup(context, &claims).await;
    }
    let gross = claims.gross;
    let (auction, dsp, imp) = (claims.auction, claims.partner.clone(), claims.imp.clone());
    let test = claims.test;
    let billable = kind == SellKind::Bill && !test;
    let taken = match kind {
        SellKind::Bill => {
            let claims = delivery::shown_at(claims, told.display(now));
            delivery::record(&context.log, claims, DeliveryFact::Happened, now).await
        }
        SellKind::Win
        | SellKind::Loss
        | SellKind::Impression
        | SellKind::Click
        | SellKind::View => pass_on(context, claims, told.loss).await,
    };
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => {
            tracing::warn!(%error, kind = name, "a notice could not be made durable");
            context.exchange.metrics.notice(name, "unavailable");
            return Problem::unavailable(1)
                .detail(error.to_the_sender())
                .into_response();
        }
    };
    context.exchange.metrics.notice(name, taken.label());
    if taken == Taken::Accepted {
        if kind == SellKind::Win && !test {
            context.exchange.tallies.won(&dsp, now);
        }
        if billable {
            let gross = u64::try_from(gross.0).unwrap_or(0);
            context.exchange.metrics.revenue_nanos.add(gross);
        }
        let notice = NoticeRecord {
            kind: name,
            dsp: dsp.as_str().to_owned(),
            imp,
            outcome: "received",
            at: now.to_rfc3339(),
        };
        context.exchange.records.note(auction, notice);
    }
    accepted(taken)
}

fn told(request: &Request) -> Option<Told> {
    let mut told = if request.method == Method::POST && !request.body.is_empty() {
        serde_json::from_slice(&request.body).ok()?
    } else {
        Told::default()
    };
    if told.token.is_none() {
        told.token = request.query_param("t").map(std::borrow::Cow::into_owned);
    }
    if told.loss.is_none() {
        // An SSP that does not know the macro sends it as it is.
        told.loss = request
            .query_param("loss")
            .and_then(|text| text.parse().ok());
    }
    if told.ts.is_none() {
        told.ts = request.query_param("ts").and_then(|text| text.parse().ok());
    }
    Some(told)
}

/// Win and loss notices move no money; they are passed on through the same outbox, once.
async fn pass_on(
    context: &AuctionContext,
    mut claims: SellClaims,
    reason: Option<i32>,
) -> Result<Taken, eventlog::EventLogError> {
    if claims.kind == SellKind::Loss {
        claims.url = notices::with_reason(&claims.url, reason);
    }
    if claims.url.is_empty() {
        return Ok(Taken::Accepted);
    }
    let once = delivery::once(label(claims.kind), &claims);
    let now = clock::now();
    let left = u64::try_from(claims.expires.since(now).0).unwrap_or(0);
    let ttl = Duration::from_millis(left) + Duration::from_secs(600);
    let event = DeliveryEvent {
        claims,
        at: now,
        fact: DeliveryFact::Happened,
    };
    let payload = serde_json::to_vec(&event).unwrap_or_default();
    let appended = context
        .log
        .append_once(&[OUTBOX_STREAM], &once, ttl, &payload)
        .await?;
    Ok(match appended {
        Appended::Stored => Taken::Accepted,
        Appended::Duplicate | Appended::Expired => Taken::Duplicate,
    })
}

/// A bid without markup serves on its win notice: the DSP's answer is the markup (X-93).
async fn serve_markup(context: &AuctionContext, claims: &SellClaims) -> Response {
    let timeout = context.exchange.config.notice_timeout.0;
    let Ok(target) = Target::parse(&claims.url) else {
        return answers::no_content();
    };
    let request = OutRequest {
        method: Method::GET,
        target: &target,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    let in_force = context.exchange.in_force();
    let partner = in_force
        .as_deref()
        .and_then(|now| now.partner(&claims.partner));
    let client = context.upstream.of(partner);
    match client.send(request, within(timeout)).await {
        Ok(answer) if answer.status == StatusCode::OK && !answer.body.is_empty() => {
            answers::with_type(StatusCode::OK, "text/plain; charset=utf-8", answer.body)
        }
        // Anything else is a forfeit.
        Ok(_) | Err(_) => answers::no_content(),
    }
}

/// Counts a refused token, and says why.
pub(crate) fn refused(
    context: &AuctionContext,
    kind: &'static str,
    not_taken: NotTaken,
) -> Problem {
    let (status, code, outcome) = match not_taken {
        NotTaken::Unreadable => (StatusCode::UNAUTHORIZED, "no_token", "unreadable"),
        NotTaken::Forged => (StatusCode::FORBIDDEN, "forged", "forged"),
        NotTaken::Expired => (StatusCode::GONE, "expired", "expired"),
    };
    context.exchange.metrics.notice(kind, outcome);
    Problem::new(status, code, "The notice is not accepted").detail(not_taken.to_string())
}

fn accepted(taken: Taken) -> Response {
    let body = format!(r#"{{"status":"{}"}}"#, taken.label());
    answers::json(StatusCode::OK, body.into_bytes())
}
