//! `GET /campaigns`: what is loaded.

use bidder_core::market::Market;
use serde_json::json;
use service::Problem;
use service::http::{Request, Response, StatusCode, json as answer};

use crate::worker::Worker;
use crate::{access, leases};

const PAGE: usize = 100;
const MOST: usize = 1_000;

/// Answers an operator: campaigns by their place in the catalog, with their line items' money here.
pub(crate) fn handle(worker: &Worker, request: &Request) -> Response {
    if let Err(refused) = access::operator(&worker.shared, request) {
        return *refused;
    }
    let Some(market) = worker.shared.market.load_full() else {
        return Problem::unavailable(1)
            .detail("no catalog has arrived yet")
            .into_response();
    };
    let number = |name| {
        request
            .query_param(name)
            .and_then(|it| it.parse::<usize>().ok())
    };
    let from = number("cursor").unwrap_or(0);
    let limit = number("limit").unwrap_or(PAGE).clamp(1, MOST);
    let items: Vec<_> = market
        .campaigns
        .iter()
        .enumerate()
        .skip(from)
        .take(limit)
        .map(|(at, campaign)| campaign_shown(&market, at, campaign))
        .collect();
    let next = from + limit;
    let age_ms = service::clock::now().since(market.published_at).0.max(0);
    let confirmed = worker.shared.catalog.age().map(|age| age.as_secs());
    let quarantined = worker.shared.catalog.quarantined.load();
    let unreadable = quarantined
        .iter()
        .map(|it| json!({"list": it.list, "id": it.id, "why": it.why}));
    let unusable = market.left_out.iter().map(|it| {
        let id = &it.line_item;
        json!({"list": "line_items", "id": id, "line_item": id, "why": it.why})
    });
    let left_out: Vec<_> = unreadable.chain(unusable).take(MOST).collect();
    let body = json!({
        "catalog_version": market.version,
        "catalog_published_at": market.published_at.to_rfc3339(),
        "catalog_age_seconds": age_ms / 1_000,
        "catalog_confirmed_seconds_ago": confirmed,
        "left_out": left_out,
        "items": items,
        "next_cursor": (next < market.campaigns.len()).then(|| next.to_string()),
    });
    answer(StatusCode::OK, body.to_string().into_bytes())
}

fn campaign_shown(
    market: &Market,
    number: usize,
    campaign: &contracts::catalog::Campaign,
) -> serde_json::Value {
    let now = leases::boot_now();
    let line_items: Vec<_> = market
        .items
        .iter()
        .filter(|item| item.campaign_number == number)
        .map(|item| {
            let leased: serde_json::Value =
                serde_json::from_str(&item.account.free(now).to_string()).unwrap_or_default();
            json!({"id": item.id, "leased_free": leased, "creatives": item.creatives.len()})
        })
        .collect();
    json!({
        "id": campaign.id,
        "name": campaign.name,
        "advertiser_id": campaign.advertiser,
        "currency": campaign.currency,
        "line_items": line_items,
    })
}
