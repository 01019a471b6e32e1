//! `POST /openrtb2/auction`: an SSP's or a browser's request, answered in OpenRTB.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use openrtb::ReadError;
use service::http::{self as answers, Request, Response};
use service::{Problem, access, cors};
use units::AuctionId;

use super::answer;
use super::run::{AuctionContext, run_auction};
use super::sale::{AuctionInput, AuctionResult, Source};

const AUCTION_ID: HeaderName = HeaderName::from_static("x-gavel-auction-id");
const VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");

/// Answers one request; CORS on every answer, refusals included, so that pages can read them.
pub(super) async fn auction(context: &AuctionContext, request: &Request) -> Response {
    if let Some(preflight) = cors::preflight(&request.method, &request.headers, "POST, OPTIONS") {
        return preflight;
    }
    let mut response = match admit(context, request) {
        Ok(account) => answer(context, request, account).await,
        Err(refused) => *refused,
    };
    cors::allow(&request.headers, &mut response);
    response
}

/// Who calls, and whether it is a call at all.
fn admit(context: &AuctionContext, request: &Request) -> Result<Option<String>, Box<Response>> {
    if request.method != Method::POST {
        return Err(Box::new(answers::method_not_allowed("POST, OPTIONS")));
    }
    let spoken = request.content_type().is_none_or(|kind| {
        // A browser's client sends text/plain to spare itself the preflight.
        kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case("text/plain")
    });
    if !spoken {
        return Err(Box::new(Problem::unsupported_media_type().into_response()));
    }
    let accounts = &context.exchange.config.accounts;
    if accounts.is_empty() {
        return Ok(None);
    }
    let told = request.header(contracts::access::PARTNER_KEY_HEADER);
    let key = told.map(Into::into).or_else(|| request.query_param("key"));
    let key = key.unwrap_or_default();
    // Every key is compared, so that time does not tell which account exists.
    let mut found = None;
    for (name, account) in accounts {
        if access::is_same_secret(&key, account.key.expose()) {
            found = Some(name.clone());
        }
    }
    match found {
        Some(name) => Ok(Some(name)),
        None => Err(Box::new(answers::status(StatusCode::UNAUTHORIZED))),
    }
}

async fn answer(context: &AuctionContext, request: &Request, account: Option<String>) -> Response {
    let browser = request.headers.contains_key(header::ORIGIN);
    let speaks_25 = request.header(VERSION) == Some("2.5");
    let input = AuctionInput {
        body: request.body.clone(),
        source: Source::Ssp {
            account,
            browser,
            speaks_25,
        },
        peer: Some(caller(context, request)),
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
    let peer = request.peer.ip().to_canonical();
    if !context.exchange.config.trusted_proxies.contains(&peer) {
        return peer;
    }
    let forwarded = request.header("x-forwarded-for").unwrap_or_default();
    // The last hop that is not one of ours: earlier ones are the caller's own word.
    forwarded
        .rsplit(',')
        .filter_map(|text| text.trim().parse::<IpAddr>().ok())
        .find(|address| !context.exchange.config.trusted_proxies.contains(address))
        .unwrap_or(peer)
}
