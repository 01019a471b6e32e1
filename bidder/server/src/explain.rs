//! Why each line item would or would not bid: `POST /explain`, and beside an answer of `/bid`.

use std::sync::Arc;

use bidder_core::decide::{Decision, Instant as At, Scratch};
use bidder_core::explain::{Explanation, explain};
use bidder_core::market::Market;
use bidder_core::no_bid::NoBid;
use bidder_core::opportunity::Opportunity;
use bidder_core::random::Random;
use bidder_core::record::{Funds, SeenUser};
use bidder_core::respond::{Source, refuse};
use bidder_core::surroundings::Surroundings;
use openrtb::{BidRequest, Limits};
use serde_json::{Value, json};
use service::Problem;
use service::http::{Bytes, Request, Response, StatusCode, json as answer_json};
use units::{LineItemId, Nanos};

use crate::bid::Basis;
use crate::worker::Worker;
use crate::{access, bid, leases, profiles};

/// What a caller may ask for beside the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Why each line item would or would not bid, in `ext.gavel` of the answer.
    pub(crate) explain: bool,
    /// A record of the decision, for `gavel replay`.
    pub(crate) record: bool,
}

impl Wishes {
    /// `?explain=1` and `?record=1` of an operator; `ext.gavel.debug` of an operator's token, or of a source
    /// that may.
    ///
    /// # Errors
    /// 401 or 403 for the parameters from anybody else. The member of the request is ignored then: others
    /// pass on what their callers sent.
    pub(crate) fn of(
        worker: &Worker,
        request: &Request,
        bid_request: &BidRequest<'_>,
        source: &Source,
    ) -> Result<Self, Box<Response>> {
        let mut wishes = Self::default();
        if request.query.is_some() {
            let is_set = |name| request.query_param(name).as_deref() == Some("1");
            wishes.explain = is_set("explain");
            wishes.record = is_set("record");
            if wishes.explain || wishes.record {
                access::operator(&worker.shared, request)?;
            }
        }
        if asks_for_debug(bid_request) && may_debug(worker, request, source) {
            wishes.explain = true;
            wishes.record = true;
        }
        Ok(wishes)
    }
}

/// `ext.gavel.debug`: `true` or 1.
fn asks_for_debug(request: &BidRequest<'_>) -> bool {
    let debug = request.ext.and_then(|ext| ext.path(&["gavel", "debug"]));
    debug.is_some_and(|it| matches!(it.as_str(), "true" | "1"))
}

/// Loopback alone does not count here: an exchange on this machine passes on what a stranger wrote.
fn may_debug(worker: &Worker, request: &Request, source: &Source) -> bool {
    let configured = worker.shared.config.sources.get(&source.name);
    configured.is_some_and(|it| it.debug) || access::has_operator_token(&worker.shared, request)
}

/// What a decision was made by, kept to explain it afterwards.
pub(crate) struct Trail {
    market: Arc<Market>,
    user: SeenUser,
    at: At,
    seed: u128,
    /// What the decision itself holds: it counts as free, as it was when the decision looked.
    held: Vec<(LineItemId, Nanos)>,
    /// Name of the caller; absent for an operator who asks in nobody's name.
    source: Option<String>,
    /// The same, where it shows only creatives that it has approved itself.
    reviewer: Option<String>,
}

impl Trail {
    pub(crate) fn of(basis: &Basis, decision: &Decision<'_>, source: &Source) -> Self {
        let choices = decision.imps.iter().flat_map(|it| &it.ranked);
        let held = choices.filter_map(|choice| {
            let item = basis.market.items.get(choice.candidate.item)?;
            Some((item.id.clone(), choice.reservation.cost()))
        });
        Self {
            held: held.collect(),
            reviewer: source.reviewer().map(str::to_owned),
            market: Arc::clone(&basis.market),
            user: basis.found.seen(),
            at: basis.at,
            seed: basis.seed,
            source: Some(source.name.clone()),
        }
    }

    /// Explains off the worker's thread: with a large catalog it takes longer than any bid may wait.
    async fn explain(self, body: Bytes, limits: Limits) -> Option<Explanation> {
        let task = tokio::task::spawn_blocking(move || {
            let (request, _repairs) = BidRequest::read(&body, &limits).ok()?;
            let surroundings = Surroundings {
                source: self.source.as_deref(),
                body: Some(&body),
                ..Surroundings::default()
            };
            let mut opportunity = Opportunity::read(&request, &self.market.rates)
                .ok()?
                .within(surroundings);
            opportunity.reviewed_by = self.reviewer.as_deref();
            Some(explain(
                &opportunity,
                &self.market,
                &self.user.user(),
                self.at,
                &Funds::looking(self.held),
                &mut Random::new(self.seed),
                &mut Scratch::default(),
            ))
        });
        task.await.ok().flatten()
    }
}

/// `POST /explain`: answers an operator; nothing is reserved and nothing is counted.
pub(crate) async fn handle(worker: &Worker, request: &Request) -> Response {
    if let Err(refused) = access::operator(&worker.shared, request) {
        return *refused;
    }
    if !request.content_type_is_json() {
        return Problem::unsupported_media_type().into_response();
    }
    let limits = worker.shared.config.request;
    let bid_request = match BidRequest::read(&request.body, &limits) {
        Ok((bid_request, _repairs)) => bid_request,
        Err(error) => return bid::malformed(&error),
    };
    let Some(market) = worker.shared.market.load_full() else {
        return Problem::unavailable(1)
            .detail("no catalog has arrived yet")
            .into_response();
    };
    let identity = match Opportunity::read(&bid_request, &market.rates) {
        Ok(opportunity) => opportunity.identity,
        Err(reason) => {
            let mut body = Vec::new();
            let id = bid_request.id.as_deref().unwrap_or_default();
            refuse(id, reason, &mut body);
            return answer_json(StatusCode::OK, body);
        }
    };
    let found = profiles::read(worker, &bid_request, identity).await;
    let trail = Trail {
        market,
        user: found.seen(),
        at: At {
            now: service::clock::now(),
            boot: leases::boot_now(),
        },
        seed: u128::from_le_bytes(service::clock::random_bytes()),
        held: Vec::new(),
        source: None,
        reviewer: None,
    };
    let explained = trail.explain(request.body.clone(), limits).await;
    match explained.and_then(|it| serde_json::to_vec(&it).ok()) {
        Some(body) => answer_json(StatusCode::OK, body),
        None => Problem::unavailable(1).into_response(),
    }
}

/// The answer of `/bid` with the explanation in `ext.gavel`; a no-bid is 200 with its reason, too.
pub(crate) async fn answer(
    worker: &Worker,
    request: &Request,
    bid_request: &BidRequest<'_>,
    outcome: Result<Vec<u8>, NoBid>,
    trail: Option<Trail>,
) -> Response {
    let explained = match trail {
        Some(trail) => {
            let limits = worker.shared.config.request;
            trail.explain(request.body.clone(), limits).await
        }
        // It was refused before any line item was looked at.
        None => None,
    };
    let reason = outcome.as_ref().err().copied();
    let gavel = json!({
        "no_bid": reason.map(NoBid::label),
        "explanation": explained,
    });
    let mut body = outcome.unwrap_or_else(|reason| {
        let mut body = Vec::new();
        let id = bid_request.id.as_deref().unwrap_or_default();
        refuse(id, reason, &mut body);
        body
    });
    add_ext(&mut body, &gavel);
    let mut response = answer_json(StatusCode::OK, body);
    if let Some(reason) = reason {
        bid::name_reason(&mut response, reason);
    }
    response
}

/// Adds `ext.gavel` as the last member of an answer, which has none of its own.
fn add_ext(body: &mut Vec<u8>, gavel: &Value) {
    if body.pop() == Some(b'}') {
        body.extend_from_slice(b",\"ext\":{\"gavel\":");
        body.extend_from_slice(gavel.to_string().as_bytes());
        body.extend_from_slice(b"}}");
    }
}
