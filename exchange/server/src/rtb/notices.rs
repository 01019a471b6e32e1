//! `/notice/{win,bill,loss}`: what the `nurl`, `burl` and `lurl` in our answers point to.

use contracts::event::DeliveryFact;
use contracts::notice::{SellClaims, SellKind};
use eventlog::EventLogError;
use exchange_core::notices;
use http::{Method, StatusCode};
use serde::Deserialize;
use service::http::{self as answers, Request, Response};
use service::{Problem, clock};
use units::UnixMillis;

use super::context::AuctionContext;
use super::later::News;
use super::records::NoticeRecord;
use super::served;
use crate::delivery::{self, NotTaken, Recorded, Taken, label};

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
        Ok(_) => return refused(context, name, NotTaken::WrongKind).into_response(),
        Err(not_taken) => return refused(context, name, not_taken).into_response(),
    };
    if request.is_head() {
        return accepted(Taken::Accepted);
    }
    // Whichever way it is called: the DSP is asked once.
    if kind == SellKind::Win && claims.serves_on_win {
        return served::serve(context, &in_force, &claims).await;
    }
    if kind == SellKind::Bill {
        match served::may_bill(context, &claims).await {
            Ok(true) => {}
            Ok(false) => return refused(context, name, NotTaken::Unserved).into_response(),
            Err(error) => return unavailable(context, name, &error).into_response(),
        }
    }
    if kind == SellKind::Loss {
        match delivery::is_billed(&context.log, &claims).await {
            Ok(false) => {}
            Ok(true) => return after_billing(context, claims, told.loss, now).await,
            Err(error) => return unavailable(context, name, &error).into_response(),
        }
    }
    let about = claims.clone();
    let recorded = match kind {
        SellKind::Bill => {
            let claims = delivery::shown_at(claims, told.display(now));
            delivery::record(&context.log, claims, DeliveryFact::Happened, now).await
        }
        SellKind::Win
        | SellKind::Loss
        | SellKind::Impression
        | SellKind::Click
        | SellKind::View => {
            delivery::pass_on(&context.log, with_reason(claims, told.loss), now).await
        }
    };
    match recorded {
        Ok(recorded) => {
            let news = match kind {
                SellKind::Bill if !about.test => Some(News::Billed),
                SellKind::Loss => Some(News::Loss(told.loss)),
                SellKind::Bill
                | SellKind::Win
                | SellKind::Impression
                | SellKind::Click
                | SellKind::View => None,
            };
            if let Some(news) = news.filter(|_| recorded.taken == Taken::Accepted) {
                context.exchange.records.hear(&about, news);
            }
            count(context, &about, recorded, now);
            accepted(recorded.taken)
        }
        Err(error) => unavailable(context, name, &error).into_response(),
    }
}

/// A loss that is told of what was billed: what is paid stays paid, and its DSP, which was told to pay, hears nothing.
const AFTER_BILLING: &str = "after_billing";

/// Takes such a loss, and notes it.
async fn after_billing(
    context: &AuctionContext,
    claims: SellClaims,
    reason: Option<i32>,
    now: UnixMillis,
) -> Response {
    let name = label(SellKind::Loss);
    let untold = SellClaims {
        url: String::new(),
        ..claims
    };
    let about = untold.clone();
    match delivery::pass_on(&context.log, untold, now).await {
        Ok(recorded) if recorded.taken == Taken::Duplicate => {
            count(context, &about, recorded, now);
            accepted(recorded.taken)
        }
        Ok(_) => {
            let exchange = &context.exchange;
            exchange.metrics.notice(name, AFTER_BILLING);
            exchange.records.hear(&about, News::Loss(reason));
            note(context, &about, name, AFTER_BILLING);
            answered(AFTER_BILLING)
        }
        Err(error) => unavailable(context, name, &error).into_response(),
    }
}

/// A notice of an SSP that is not known to be durable.
pub(super) fn unavailable(
    context: &AuctionContext,
    kind: &'static str,
    error: &EventLogError,
) -> Problem {
    tracing::warn!(%error, kind, "a notice could not be made durable");
    context.exchange.metrics.notice(kind, "unavailable");
    Problem::unavailable(1).detail(error.to_the_sender())
}

/// Counts and records what an SSP told; a repetition is no news.
pub(super) fn count(
    context: &AuctionContext,
    claims: &SellClaims,
    recorded: Recorded,
    now: UnixMillis,
) {
    let exchange = &context.exchange;
    let kind = label(claims.kind);
    exchange.metrics.notice(kind, recorded.taken.label());
    if recorded.taken == Taken::Duplicate {
        return;
    }
    if recorded.tells_win {
        exchange.tallies.won(&claims.partner, now);
    }
    if claims.kind == SellKind::Bill && !claims.test {
        let gross = u64::try_from(claims.gross.0).unwrap_or(0);
        exchange.metrics.billed.add(gross);
    }
    note(context, claims, kind, "received");
}

/// Notes what became of a notice in its auction's record.
pub(super) fn note(
    context: &AuctionContext,
    claims: &SellClaims,
    kind: &'static str,
    outcome: &'static str,
) {
    let notice = NoticeRecord {
        kind,
        dsp: claims.partner.as_str(),
        imp: &claims.imp,
        outcome,
        at: clock::now(),
    };
    context.exchange.records.note(claims.auction, &notice);
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

/// The claims of a loss with the SSP's reason in the URL that its DSP is told by.
fn with_reason(claims: SellClaims, reason: Option<i32>) -> SellClaims {
    if claims.kind != SellKind::Loss {
        return claims;
    }
    SellClaims {
        url: notices::with_reason(&claims.url, reason),
        ..claims
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
        NotTaken::WrongKind => (StatusCode::FORBIDDEN, "wrong_kind", "wrong_kind"),
        NotTaken::Expired => (StatusCode::GONE, "expired", "expired"),
        NotTaken::Unserved => (StatusCode::CONFLICT, "unserved", "unserved"),
    };
    context.exchange.metrics.notice(kind, outcome);
    Problem::new(status, code, "The notice is not accepted").detail(not_taken.to_string())
}

fn accepted(taken: Taken) -> Response {
    answered(taken.label())
}

fn answered(status: &str) -> Response {
    let body = format!(r#"{{"status":"{status}"}}"#);
    answers::json(StatusCode::OK, body.into_bytes())
}
