//! `GET /stats`: what this bidder did since its start.

use std::collections::BTreeMap;

use bidder_core::no_bid::NoBid;
use serde::Serialize;
use service::Problem;
use service::http::{Request, Response, StatusCode, json};
use units::Nanos;

use crate::access;
use crate::worker::Worker;

#[derive(Serialize)]
struct Stats {
    requests: u64,
    bids: u64,
    no_bids: BTreeMap<&'static str, u64>,
    wins: u64,
    impressions: u64,
    #[serde(with = "units::json::nanos")]
    spend: Nanos,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    since: String,
}

/// Answers an operator. `spend` is what this process accepted, in USD; the ledger's word counts.
pub(crate) fn handle(worker: &Worker, request: &Request) -> Response {
    if let Err(refused) = access::operator(&worker.shared, request) {
        return *refused;
    }
    let metrics = &worker.shared.metrics;
    let reasons = NoBid::ALL.iter().zip(&metrics.reasons);
    let millis = |q| {
        metrics
            .duration
            .quantile(q)
            .map(|seconds| (seconds * 1e6).round() / 1e3)
    };
    let stats = Stats {
        requests: metrics.bid.get() + metrics.no_bid.get() + metrics.invalid.get(),
        bids: metrics.bid.get(),
        no_bids: reasons
            .map(|(reason, count)| (reason.label(), count.get()))
            .filter(|(_, count)| *count > 0)
            .collect(),
        wins: metrics.wins.get(),
        impressions: metrics.impressions.get(),
        spend: Nanos(i64::try_from(metrics.spend_nanos.get()).unwrap_or(i64::MAX)),
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
        since: worker.shared.since.to_rfc3339(),
    };
    match serde_json::to_vec(&stats) {
        Ok(body) => json(StatusCode::OK, body),
        Err(_) => Problem::unavailable(1).into_response(),
    }
}
