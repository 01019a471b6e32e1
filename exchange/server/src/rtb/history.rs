//! What operators look at: records and statistics.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use service::Problem;
use service::client::OutRequest;
use service::http::{self as answers, Request, Response};
use units::AuctionId;

use super::context::AuctionContext;
use super::recorded;
use crate::exchange::within;

/// `GET /auction/{id}`: from memory, older ones through the control plane, and what that was not told from the record on disk.
pub(super) async fn by_id(context: &AuctionContext, id: &str) -> Response {
    let Some(id) = AuctionId::parse(id) else {
        let says = "this is no id of an auction: those are UUIDs, the x-gavel-auction-id and bidid of our answers. By the id of a \
            request ask /auction?request_id=";
        return Problem::not_found().detail(says).into_response();
    };
    if let Some(document) = context.exchange.records.by_id(id) {
        return answers::json(StatusCode::OK, document);
    }
    let older = older(context, id).await;
    if older.status() == StatusCode::OK {
        return older;
    }
    match recorded(context, id).await {
        Some(document) => answers::json(StatusCode::OK, document),
        None => older,
    }
}

/// From its record, one at a time: it is looked for through all files.
async fn recorded(context: &AuctionContext, id: AuctionId) -> Option<Vec<u8>> {
    let _alone = context.exchange.lookup.acquire().await.ok()?;
    let data_dir = context.exchange.config.data_dir.clone();
    let looking = tokio::task::spawn_blocking(move || recorded::document(&data_dir, id));
    looking.await.ok()?
}

/// `GET /auction?request_id=`: the newest auction of that request.
pub(super) fn by_request(context: &AuctionContext, request: &Request) -> Response {
    let found = request
        .query_param("request_id")
        .and_then(|id| context.exchange.records.by_request(&id));
    match found {
        Some(document) => answers::json(StatusCode::OK, document),
        None => unknown_request(context.exchange.config.records),
    }
}

fn unknown_request(kept: usize) -> Response {
    let says = format!(
        "none of the newest {kept} auctions of this exchange was of that request: it was never here, or with another exchange, or \
         has left memory since. By the x-gavel-auction-id or bidid of our answer /auction/ID tells of older ones, too"
    );
    Problem::not_found().detail(says).into_response()
}

fn unknown_auction() -> Response {
    let says = "neither memory, the control plane nor the records on disk have it: it was never here, or was with another exchange \
        and is not told yet, or nobody won it and only a share of such auctions is kept ([exchange] records, record_one_in, \
        [exchange.auction_records] one_in, keep)";
    Problem::not_found().detail(says).into_response()
}

async fn older(context: &AuctionContext, id: AuctionId) -> Response {
    const LIMIT: Duration = Duration::from_secs(2);
    let Some(target) = context
        .exchange
        .control_plane(&format!("/internal/auctions/{id}"))
    else {
        return unknown_auction();
    };
    let mut headers = HeaderMap::new();
    let token = context.exchange.config.service_token.expose();
    if let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {token}")) {
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
    }
    let request = OutRequest {
        method: Method::GET,
        target: &target,
        headers,
        body: Bytes::new(),
    };
    match context.upstream.own().send(request, within(LIMIT)).await {
        Ok(answer) if answer.status == StatusCode::OK => {
            answers::json(StatusCode::OK, answer.body.to_vec())
        }
        Ok(answer) if answer.status == StatusCode::NOT_FOUND => unknown_auction(),
        Ok(_) | Err(_) => Problem::unavailable(1)
            .detail("older auctions are with the control plane, which does not answer")
            .into_response(),
    }
}

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 1_000;

/// `GET /auction-history?limit=&cursor=`, newest first.
pub(super) fn list(context: &AuctionContext, request: &Request) -> Response {
    let fault = |name: &str| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_query",
            "A query parameter is wrong",
        )
        .detail(format!("{name} must be a number"))
        .into_response()
    };
    let limit = match request
        .query_param("limit")
        .map(|text| text.parse::<usize>())
    {
        None => DEFAULT_LIMIT,
        Some(Ok(limit)) => limit.clamp(1, MOST),
        Some(Err(_)) => return fault("limit"),
    };
    let cursor = match request
        .query_param("cursor")
        .map(|text| text.parse::<u64>())
    {
        None => None,
        Some(Ok(cursor)) => Some(cursor),
        Some(Err(_)) => return fault("cursor"),
    };
    let (items, next) = context.exchange.records.history(limit, cursor);
    let next = next.map(|next| next.to_string());
    document(&json!({ "items": items, "next_cursor": next }))
}

/// `GET /stats`.
pub(super) fn stats(context: &AuctionContext) -> Response {
    let in_force = context.exchange.in_force();
    let partners = in_force.as_deref().map_or(&[][..], |now| &now.partners);
    let dsps: Vec<Value> = partners
        .iter()
        .map(|partner| partner.stats.document(partner.id.as_str()))
        .collect();
    document(&context.exchange.stats.document(&dsps))
}

fn document(value: &Value) -> Response {
    answers::json(StatusCode::OK, value.to_string().into_bytes())
}
