//! `/impression`, `/click`, `/view`, `/video/{event}`: what pages and players report of an ad. Durable before it
//! is acknowledged; an impression is then billed by the outbox.

use contracts::event::DeliveryFact;
use contracts::notice::{SellClaims, SellKind};
use eventlog::EventLogError;
use http::header;
use openrtb::vast::QUARTILES;
use serde_json::json;
use service::http::{self as answers, Method, Request, Response, StatusCode};
use service::{Problem, clock};

use super::Ssp;
use crate::delivery::{self, NotTaken, Taken, label};
use crate::fields;
use crate::rtb::later::News;
use crate::rtb::records::NoticeRecord;
use crate::rtb::refused;

/// When to try again while the log is away, in seconds.
const RETRY_AFTER: u32 = 1;
/// The event of a player that cannot play.
pub(super) const ERROR: &str = "error";

/// Answers what reports `kind`: a pixel, a link or a token in JSON.
pub(super) async fn handle(ssp: &Ssp, request: &Request, kind: SellKind) -> Response {
    let answered = match request.method {
        Method::GET | Method::HEAD if kind == SellKind::Click => clicked(ssp, request).await,
        Method::GET => pixel(ssp, request, kind).await,
        Method::HEAD => ssp
            .claims(request.query_param("t").as_deref(), kind)
            .map(|_| answers::gif()),
        Method::POST => posted(ssp, request, kind).await,
        _ => return answers::method_not_allowed("GET, HEAD, POST"),
    };
    answered.unwrap_or_else(|refused| refused.into_response())
}

/// An event of a video, or its error: counted only, since nothing is billed by it.
pub(super) fn video(ssp: &Ssp, request: &Request, event: &str) -> Response {
    if !request.is_get() {
        return answers::method_not_allowed("GET, HEAD");
    }
    let known = QUARTILES.into_iter().chain([ERROR]);
    let Some(event) = known.into_iter().find(|known| *known == event) else {
        let problem = Problem::not_found().detail("no such event of a video");
        return problem.into_response();
    };
    if let Err(refused) = ssp.claims(request.query_param("t").as_deref(), SellKind::View) {
        return refused.into_response();
    }
    if !request.is_head() && !is_filtered(request) {
        ssp.auctions.exchange.metrics.video_event(event);
    }
    answers::gif()
}

async fn pixel(ssp: &Ssp, request: &Request, kind: SellKind) -> Result<Response, Box<Problem>> {
    let claims = ssp.claims(request.query_param("t").as_deref(), kind)?;
    ssp.record(claims, is_filtered(request)).await?;
    Ok(answers::gif())
}

/// A click: recorded, then on to the ad's own landing page, which its token names, and nowhere else; with
/// `redirect=0`, where the click leads elsewhere by itself, a pixel.
///
/// The visitor is sent on also when the click comes late or cannot be recorded: it moves no money.
async fn clicked(ssp: &Ssp, request: &Request) -> Result<Response, Box<Problem>> {
    let token = request.query_param("t");
    let in_force = ssp.in_force()?;
    let claims = delivery::genuine(token.as_deref(), &in_force.keys.0);
    let claims = claims
        .and_then(|claims| only(SellKind::Click, claims))
        .map_err(|not_taken| refused(&ssp.auctions, label(SellKind::Click), not_taken))?;
    let landing_page = claims.url.clone();
    let stays = landing_page.is_empty() || request.query_param("redirect").as_deref() == Some("0");
    let is_late = claims.expires < clock::now();
    if is_late {
        let late = refused(&ssp.auctions, label(SellKind::Click), NotTaken::Expired);
        if stays {
            return Err(late.into());
        }
    } else if !request.is_head() {
        let recorded = ssp.record(claims, is_filtered(request)).await;
        if stays {
            recorded?;
        }
    }
    Ok(if stays {
        answers::gif()
    } else {
        answers::redirect(&landing_page)
    })
}

async fn posted(ssp: &Ssp, request: &Request, kind: SellKind) -> Result<Response, Box<Problem>> {
    if !request.content_type_is_json() {
        return Err(Problem::unsupported_media_type().into());
    }
    let body = fields::json(&request.body)?;
    let token = body.get("token").and_then(serde_json::Value::as_str);
    let claims = ssp.claims(token, kind)?;
    let auction = claims.auction;
    let status = match ssp.record(claims, is_filtered(request)).await? {
        Taken::Accepted => "confirmed",
        Taken::Duplicate => "duplicate",
    };
    let body = json!({"status": status, "auction_id": auction});
    Ok(answers::json(StatusCode::OK, body.to_string().into_bytes()))
}

/// A crawler, or a browser that loads what nobody may ever see (MRC, invalid traffic).
fn is_filtered(request: &Request) -> bool {
    let is_ahead = ["sec-purpose", "purpose", "x-moz"].into_iter().any(|name| {
        let told = request.header(name).unwrap_or_default();
        told.contains("prefetch") || told.contains("prerender")
    });
    let agent = request.known_header(&header::USER_AGENT);
    is_ahead || agent.is_some_and(|ua| openrtb::is_crawler(ua) || lookup::is_crawler(ua))
}

/// A token of another notice is good for that notice only.
fn only(kind: SellKind, claims: SellClaims) -> Result<SellClaims, NotTaken> {
    if claims.kind == kind {
        Ok(claims)
    } else {
        Err(NotTaken::WrongKind)
    }
}

impl Ssp {
    fn claims(&self, token: Option<&str>, kind: SellKind) -> Result<SellClaims, Box<Problem>> {
        let in_force = self.in_force()?;
        delivery::open(token, &in_force.keys.0, clock::now())
            .and_then(|claims| only(kind, claims))
            .map_err(|not_taken| refused(&self.auctions, label(kind), not_taken).into())
    }

    async fn record(&self, claims: SellClaims, is_filtered: bool) -> Result<Taken, Box<Problem>> {
        let exchange = &self.auctions.exchange;
        let kind = label(claims.kind);
        let fact = if is_filtered {
            DeliveryFact::Filtered
        } else {
            DeliveryFact::Happened
        };
        let now = clock::now();
        let (log, told) = (self.auctions.log.clone(), claims.clone());
        let told = delivery::shown_at(told, now);
        // A browser that leaves its page drops the call; what it reports has still happened.
        let durable = tokio::spawn(async move { delivery::record(&log, told, fact, now).await });
        let taken = match durable.await {
            Ok(Ok(recorded)) => recorded.taken,
            Ok(Err(error)) => return Err(self.away(kind, &error).into()),
            Err(error) => return Err(self.away(kind, &error).into()),
        };
        let is_news = taken == Taken::Accepted;
        let outcome = match (is_filtered, is_news) {
            (true, true) => "filtered",
            (false, true) | (_, false) => taken.label(),
        };
        exchange.metrics.notice(kind, outcome);
        if !is_news {
            return Ok(taken);
        }
        if claims.kind == SellKind::Impression && !is_filtered && !claims.test {
            let gross = u64::try_from(claims.gross.0).unwrap_or(0);
            exchange.metrics.shown.add(gross);
            exchange.records.hear(&claims, News::Billed);
        }
        exchange.records.note(
            claims.auction,
            &NoticeRecord {
                kind,
                dsp: claims.partner.as_str(),
                imp: &claims.imp,
                outcome: if is_filtered { "filtered" } else { "received" },
                at: clock::now(),
            },
        );
        Ok(taken)
    }

    fn away(&self, kind: &'static str, error: &(dyn std::error::Error + 'static)) -> Problem {
        tracing::error!(%error, kind, "what a page reports could not be made durable");
        self.auctions.exchange.metrics.notice(kind, "unavailable");
        let says = error.downcast_ref().map_or_else(
            || "the event log does not answer".into(),
            EventLogError::to_the_sender,
        );
        Problem::unavailable(RETRY_AFTER).detail(says)
    }
}
