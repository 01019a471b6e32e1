//! `POST /openrtb2/auction`: an SSP's or a browser's request, answered in OpenRTB.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use openrtb::ReadError;
use service::http::{self as answers, Request, Response, ShedReason, ShedStatus};
use service::{Problem, cors};
use units::AuctionId;

use super::answer;
use super::context::AuctionContext;
use super::run::run_auction;
use super::sale::{AuctionInput, AuctionResult, Source};
use crate::caller;

const AUCTION_ID: HeaderName = HeaderName::from_static("x-gavel-auction-id");
const VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");

/// Answers one request; CORS on every answer, refusals included, so that pages can read them.
pub(super) async fn auction(context: &AuctionContext, request: &Request) -> Response {
    if let Some(preflight) = cors::preflight(&request.method, &request.headers, "POST, OPTIONS") {
        return preflight;
    }
    let mut response = match speaks(request) {
        Ok(()) => answer(context, request).await,
        Err(refused) => *refused,
    };
    cors::allow(&request.headers, &mut response);
    response
}

/// Whether it is a call at all. Who calls was found out before its body was read.
fn speaks(request: &Request) -> Result<(), Box<Response>> {
    if request.method != Method::POST {
        return Err(Box::new(answers::method_not_allowed("POST, OPTIONS")));
    }
    let spoken = request.content_type().is_none_or(|kind| {
        // A browser's client sends text/plain to spare itself the preflight.
        kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case("text/plain")
    });
    if spoken {
        Ok(())
    } else {
        Err(Box::new(Problem::unsupported_media_type().into_response()))
    }
}

async fn answer(context: &AuctionContext, request: &Request) -> Response {
    let browser = request.headers.contains_key(header::ORIGIN);
    let speaks_25 = request.header(VERSION) == Some("2.5");
    let input = AuctionInput {
        body: request.body.clone(),
        source: Source::Ssp {
            account: context.exchange.accounts.of(request.caller),
            browser,
            speaks_25,
        },
        // What they say of a server that calls is not of the device.
        peer: browser.then(|| caller(context, request)),
        user_agent: request
            .known_header(&header::USER_AGENT)
            .filter(|_| browser)
            .map(str::to_owned),
        visitor: context
            .identity
            .visitors
            .known(&request.headers)
            .map(str::to_owned),
        gpc: sends_gpc(&request.headers),
        arrival: request.received,
    };
    let outcome = run_auction(context, &input).await;
    let mut response = match outcome.result {
        AuctionResult::Won {
            answer: Some(body), ..
        } => answers::json(StatusCode::OK, body),
        AuctionResult::Won { answer: None, .. } => answers::no_content(),
        AuctionResult::NoBid { reason, request_id } if browser => {
            answers::json(StatusCode::OK, answer::no_bid(&request_id, reason))
        }
        AuctionResult::NoBid { .. } => answers::no_content(),
        AuctionResult::Shed { reason, request_id } => {
            let form = context.exchange.config.limits.shed_status;
            shed(form, reason, browser.then_some(&request_id))
        }
        AuctionResult::Invalid(error) => refusal(&error).into_response(),
    };
    let headers = response.headers_mut();
    if let Some(id) = id_header(outcome.auction) {
        headers.insert(AUCTION_ID, id);
    }
    let version = if speaks_25 { "2.5" } else { "2.6" };
    headers.insert(VERSION, HeaderValue::from_static(version));
    response
}

/// The answer to what was read and not computed. Where that is a no-bid, it has a body for a browser as every no-bid
/// has: its request's id and reason 15, insufficient time (B-31).
fn shed(form: ShedStatus, reason: ShedReason, browsers_request: Option<&str>) -> Response {
    let mut response = answers::shed(form, reason);
    if let (Some(id), ShedStatus::NoContent) = (browsers_request, form) {
        let headers = std::mem::take(response.headers_mut());
        response = answers::json(StatusCode::OK, answer::no_bid(id, Some(15)));
        response.headers_mut().extend(headers);
    }
    response
}

/// 400 with the pointer of the fault (C-3).
pub(crate) fn refusal(error: &ReadError) -> Problem {
    let (code, title) = match error {
        ReadError::Malformed { .. } => ("malformed", "Not a JSON document that can be read"),
        ReadError::Invalid { .. } => ("invalid", "Not a bid request that can be auctioned"),
    };
    Problem::new(StatusCode::BAD_REQUEST, code, title)
        .detail(error.to_string())
        .pointer(error.pointer())
        .nbr(2)
}

pub(super) fn id_header(auction: AuctionId) -> Option<HeaderValue> {
    HeaderValue::try_from(auction.to_string()).ok()
}

/// The device's side of the connection: what a trusted proxy says, else the peer.
pub(crate) fn caller(context: &AuctionContext, request: &Request) -> IpAddr {
    let trusted = &context.exchange.trusted_proxies;
    caller::address(request.peer.ip(), &request.headers, trusted)
}

/// Global Privacy Control, as browsers send it.
pub(crate) fn sends_gpc(headers: &HeaderMap) -> bool {
    headers.get("sec-gpc").is_some_and(|value| value == "1")
}
