//! `POST /explain`, and `?explain=1` on `/bid`: why each line item would or would not bid.

use bidder_core::decide::Instant as At;
use bidder_core::explain::explain;
use bidder_core::opportunity::Opportunity;
use bidder_core::random::Random;
use bidder_core::respond::refuse;
use openrtb::BidRequest;
use service::Problem;
use service::http::{Request, Response, StatusCode, json};

use crate::worker::Worker;
use crate::{access, bid, leases, profiles};

/// Answers an operator; nothing is reserved and nothing is counted.
pub(crate) async fn handle(worker: &Worker, request: &Request) -> Response {
    if let Err(refused) = access::operator(&worker.shared, request) {
        return *refused;
    }
    if !request.content_type_is_json() {
        return Problem::unsupported_media_type().into_response();
    }
    let bid_request = match BidRequest::read(&request.body, &worker.shared.config.request) {
        Ok((bid_request, _repairs)) => bid_request,
        Err(error) => return bid::malformed(&error),
    };
    let Some(market) = worker.shared.market.load_full() else {
        return Problem::unavailable(1)
            .detail("no catalog has arrived yet")
            .into_response();
    };
    let opportunity = match Opportunity::read(&bid_request, &market.rates) {
        Ok(opportunity) => opportunity,
        Err(reason) => {
            let mut body = Vec::new();
            refuse(
                bid_request.id.as_deref().unwrap_or_default(),
                reason,
                &mut body,
            );
            return json(StatusCode::OK, body);
        }
    };
    let found = profiles::read(worker, &bid_request, opportunity.identity).await;
    let at = At {
        now: service::clock::now(),
        boot: leases::boot_now(),
    };
    let mut random = Random::new(0);
    let mut scratch = bidder_core::decide::Scratch::default();
    let explanation = explain(
        &opportunity,
        &market,
        &found.user(),
        at,
        &mut random,
        &mut scratch,
    );
    match serde_json::to_vec(&explanation) {
        Ok(body) => json(StatusCode::OK, body),
        Err(_) => Problem::unavailable(1).into_response(),
    }
}
