//! `/bid`: read → user → decide → confirm caps → respond. At most two waits.

use std::sync::Arc;
use std::time::Instant;

use bidder_core::choose::Limits;
use bidder_core::decide::{Decision, Instant as At, Terms, decide_with};
use bidder_core::eligibility::Ineligible;
use bidder_core::market::Market;
use bidder_core::no_bid::NoBid;
use bidder_core::opportunity::{Opportunity, leaves_no_time};
use bidder_core::random::Random;
use bidder_core::record::{Funds, SeenList, TurnedAway};
use bidder_core::respond::{Accepted, Dialect, Reply, Source, refuse, respond};
use bidder_core::shading::shade;
use bidder_core::surroundings::Around;
use contracts::access::AUCTION_ID_HEADER;
use openrtb::{BidRequest, ReadError};
use service::Problem;
use service::http::{
    HeaderName, HeaderValue, Request, Response, ShedReason, StatusCode, json, no_content, shed,
};
use service::trace::TraceId;
use units::{AuctionId, CpmMicros};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::duplicates::Claims;
use crate::explain::{Trail, Wishes};
use crate::profiles::{self, Found};
use crate::records::{Record, Refusal, Unsent};
use crate::refusals::{late, note_refusal};
use crate::time::{end_of_time, in_time, time_left};
use crate::worker::Worker;
use crate::{caps, explain, leases};

pub(crate) const VERSION_HEADER: HeaderName = HeaderName::from_static("x-openrtb-version");
const AUCTION_HEADER: HeaderName = HeaderName::from_static(AUCTION_ID_HEADER);
/// Why there is no bid, in one word: what a person looks for first.
const NO_BID_HEADER: HeaderName = HeaderName::from_static("x-gavel-no-bid");
const BODY_HINT: usize = 4_096;

/// Answers a bid request.
pub(crate) async fn handle(worker: &Worker, request: Request) -> Response {
    let received = request.received;
    let mut response = match worker.shared.sources.of(&request) {
        Ok(_) if !request.content_type_is_json() => {
            Problem::unsupported_media_type().into_response()
        }
        Ok(source) => answer(worker, &request, &source).await,
        Err(refused) => *refused,
    };
    response
        .headers_mut()
        .insert(VERSION_HEADER, HeaderValue::from_static("2.6"));
    worker.shared.metrics.duration.observe(received.elapsed());
    response
}

async fn answer(worker: &Worker, request: &Request, source: &Source) -> Response {
    let metrics = &worker.shared.metrics;
    let auction = auction_id(request);
    let read = BidRequest::read(&request.body, &worker.shared.config.request);
    let bid_request = match read {
        Ok((bid_request, repairs)) => {
            metrics.repaired(&source.name, &repairs);
            bid_request
        }
        Err(error) => {
            metrics.invalid.inc();
            let why = TurnedAway {
                reason: NoBid::InvalidRequest.label().to_owned(),
                detail: Some(error.to_string()),
            };
            let wanted = Wishes::record_alone(worker, request);
            note_refusal(
                worker,
                request,
                source,
                auction,
                wanted,
                Refusal::TurnedAway(why),
            );
            return with_auction(malformed(&error), auction);
        }
    };
    // Waiting has used up the caller's time: nothing of it is worth computing (R22). Where it gave none, that is a no-bid
    // as any other (B-31).
    let deadline = deadline(worker, request, &bid_request);
    if !leaves_no_time(&bid_request) && in_time(deadline).is_err() {
        metrics.refused(NoBid::TooLittleTime);
        worker.shared.ops.shed(ShedReason::Deadline);
        let why = late("its time was over before it was begun");
        let wanted = Wishes::record_alone(worker, request);
        note_refusal(
            worker,
            request,
            source,
            auction,
            wanted,
            Refusal::TurnedAway(why),
        );
        let response = shed(
            worker.shared.config.limits.shed_status,
            ShedReason::Deadline,
        );
        return with_auction(response, auction);
    }
    let wishes = match Wishes::of(worker, request, &bid_request, source) {
        Ok(wishes) => wishes,
        Err(refused) => return with_auction(*refused, auction),
    };
    let call = Call {
        request,
        bid_request: &bid_request,
        source,
        auction,
        deadline,
        wishes,
    };
    let mut trail = None;
    let outcome = bid(worker, &call, &mut trail).await;
    if TraceId(*auction.as_bytes()).is_sampled(worker.shared.config.trace_sample_percent) {
        tracing::info!(
            trace_id = %trace(auction),
            source = source.name,
            outcome = outcome.as_ref().err().map_or("bid", |reason| reason.label()),
            duration_us = u64::try_from(request.received.elapsed().as_micros()).unwrap_or(u64::MAX),
            "bid request"
        );
    }
    match &outcome {
        Ok(_) => metrics.bid.inc(),
        Err(reason) => metrics.refused(*reason),
    }
    let response = if wishes.explain {
        explain::answer(worker, request, &bid_request, outcome, trail).await
    } else {
        match outcome {
            Ok(body) => json(StatusCode::OK, body),
            Err(reason) => no_bid(worker, &bid_request, reason),
        }
    };
    with_auction(response, auction)
}

/// One bid request, who sent it, and what it may take and ask for.
#[derive(Clone, Copy)]
struct Call<'a> {
    request: &'a Request,
    bid_request: &'a BidRequest<'a>,
    source: &'a Source,
    auction: AuctionId,
    deadline: Option<Instant>,
    wishes: Wishes,
}

/// The bids, written; or why there are none. What was decided by is left in `trail` where it is wished for.
async fn bid(
    worker: &Worker,
    call: &Call<'_>,
    trail: &mut Option<Trail>,
) -> Result<Vec<u8>, NoBid> {
    let Call {
        request,
        bid_request,
        source,
        auction,
        deadline,
        wishes,
    } = *call;
    let note = |refusal| note_refusal(worker, request, source, auction, wishes.record, refusal);
    let Some(market) = worker.shared.market.load_full() else {
        let why = TurnedAway {
            reason: NoBid::NotReady.label().to_owned(),
            detail: None,
        };
        note(Refusal::TurnedAway(why));
        return Err(NoBid::NotReady);
    };
    let opportunity = match Opportunity::read(bid_request, &market.rates) {
        Ok(opportunity) => opportunity,
        Err(reason) => {
            note(Refusal::Request(bid_request, &request.body, reason));
            return Err(reason);
        }
    };
    let visible = opportunity.visible(&request.body, market.index.terms());
    let finder = &worker.shared.finder;
    let around = finder.find(bid_request, opportunity.identity);
    let mut opportunity = opportunity.within(around.of(Some(&source.name), &visible));
    opportunity.reviewed_by = source.reviewer();
    let found = profiles::read(worker, &market, bid_request, opportunity.identity).await;
    let limits = worker.shared.config.bids;
    let limits = match time_left(deadline) {
        Ok(left) => limits.within(left),
        Err(reason) => {
            let why = late("reading the user took its time");
            note(Refusal::TurnedAway(why));
            return Err(reason);
        }
    };
    let seed = u128::from_le_bytes(service::clock::random_bytes());
    let is_noted = wishes.record || worker.shared.config.records.is_due(seed);
    let mut basis = Basis {
        market: Arc::clone(&market),
        found,
        around: &around,
        at: At {
            now: service::clock::now(),
            boot: leases::boot_now(),
        },
        seed,
        limits,
        funds: if is_noted {
            Funds::noted()
        } else {
            Funds::LIVE
        },
        shades: Vec::new(),
        lists: Vec::new(),
    };
    let mut refusals = Vec::new();
    let (mut decision, lists) = decide_here(worker, &basis, &opportunity, &mut refusals);
    basis.lists = lists;
    shade_here(worker, &mut basis, &opportunity, source, &mut decision);
    let key = basis.found.key.as_deref();
    let claims = Claims::make(worker, bid_request, &decision, basis.at.boot);
    let places = if in_time(deadline).is_ok() {
        let at = caps::Asked {
            now: basis.at.now,
            test: opportunity.test,
        };
        caps::confirm(worker, &market, &decision, &claims, key, at).await
    } else {
        vec![None; decision.imps.len()]
    };
    let is_late = in_time(deadline).is_err();
    let reply = Reply {
        opportunity: &opportunity,
        market: &market,
        source,
        auction,
        user: key,
        dialect: dialect(request),
    };
    if wishes.explain {
        *trail = Some(Trail::of(worker, &basis, &opportunity, &decision, source));
    }
    let draft = is_noted.then(|| {
        let body = &request.body;
        let unsent = Unsent {
            duplicate: claims.deny_all(),
            late: is_late,
        };
        Record::of(&reply, body, &basis, &decision, &refusals, &places, unsent)
    });
    let sent = match decision.no_bid {
        Some(reason) => Err(reason),
        None if is_late => Err(NoBid::TooLittleTime),
        None => send(worker, &reply, decision, &claims, &places),
    };
    claims.keep(worker, if sent.is_ok() { &places } else { &[] });
    if let Some(draft) = draft {
        let records = &worker.shared.records;
        records.keep(&draft.answered(basis.funds, &sent));
    }
    sent
}

/// What a decision is made by, beside the request.
pub(crate) struct Basis<'a> {
    pub(crate) market: Arc<Market>,
    pub(crate) found: Found,
    pub(crate) around: &'a Around,
    pub(crate) at: At,
    pub(crate) seed: u128,
    pub(crate) limits: Limits,
    pub(crate) funds: Funds,
    /// What the shading table answered, where that is noted.
    pub(crate) shades: Vec<Option<CpmMicros>>,
    /// What was read of shared lists, where that is noted.
    pub(crate) lists: Vec<SeenList>,
}

/// Decides; of a decision that is to be recorded the refusals are left in `refusals`, and what was read of
/// shared lists is answered.
fn decide_here<'a>(
    worker: &Worker,
    basis: &Basis<'_>,
    opportunity: &'a Opportunity<'a>,
    refusals: &mut Vec<(usize, Ineligible)>,
) -> (Decision<'a>, Vec<SeenList>) {
    let mut random = Random::new(basis.seed);
    let mut scratch = worker.scratch.borrow_mut();
    let mut counts = worker.counts.borrow_mut();
    counts.enter(&worker.shared, &basis.market, &mut scratch);
    scratch.counts_floors = !basis.funds.is_noted();
    let decision = decide_with(
        opportunity,
        &basis.market,
        &basis.found.user(),
        Terms {
            at: basis.at,
            limits: basis.limits,
            funds: &basis.funds,
        },
        &mut random,
        &mut scratch,
    );
    let mut lists = Vec::new();
    if basis.funds.is_noted() {
        refusals.clone_from(&scratch.refusals);
        lists = scratch.lists_seen(&basis.market);
    }
    counts.take(&mut scratch);
    (decision, lists)
}

/// Lowers bids of first-price auctions, by what has been learned so far.
fn shade_here(
    worker: &Worker,
    basis: &mut Basis,
    opportunity: &Opportunity<'_>,
    source: &Source,
    decision: &mut Decision<'_>,
) {
    let view = worker.shared.shading.view.load();
    let Basis {
        market,
        at,
        funds,
        shades,
        ..
    } = basis;
    shade(decision, opportunity, market, &source.name, |question| {
        let answer = view.answer(question, at.now);
        if funds.is_noted() {
            shades.push(answer);
        }
        answer
    });
}

/// Writes the bids that caps accepted. From here on their money is committed, but for a test's: its tokens say so,
/// and can never be charged.
fn send(
    worker: &Worker,
    reply: &Reply<'_>,
    decision: Decision<'_>,
    claims: &Claims,
    places: &[Option<usize>],
) -> Result<Vec<u8>, NoBid> {
    let mut counts = worker.counts.borrow_mut();
    let mut accepted = Vec::with_capacity(places.len());
    for (at, (chosen, place)) in decision.imps.iter().zip(places).enumerate() {
        match place.and_then(|place| chosen.ranked.get(place)) {
            Some(choice) => {
                counts.bid(&worker.shared, reply.market, choice.candidate.item);
                accepted.push(Accepted {
                    imp: chosen.imp,
                    choice,
                });
            }
            None => {
                let reason = if claims.denies(at) {
                    Ineligible::DuplicateOpportunity
                } else {
                    Ineligible::CapMet
                };
                for choice in &chosen.ranked {
                    counts.refuse(&worker.shared, reply.market, choice.candidate.item, reason);
                }
            }
        }
    }
    if accepted.is_empty() {
        return Err(if claims.deny_all() {
            NoBid::DuplicateOpportunity
        } else {
            NoBid::Capped
        });
    }
    let mut out = Vec::with_capacity(BODY_HINT);
    respond(reply, &accepted, &mut worker.pages.borrow_mut(), &mut out);
    drop(accepted);
    for (chosen, place) in decision.imps.into_iter().zip(places) {
        let sent = place.and_then(|place| chosen.ranked.into_iter().nth(place));
        if let Some(choice) = sent.filter(|_| !reply.opportunity.test) {
            choice.reservation.sent();
        }
    }
    Ok(out)
}

/// The end of the time that the caller leaves us; `None` when it does not say.
fn deadline(worker: &Worker, request: &Request, bid_request: &BidRequest<'_>) -> Option<Instant> {
    let margin = worker.shared.config.answer_margin.0;
    end_of_time(request.received, bid_request.tmax?, margin)
}

/// The caller's trace id names the auction; without one we make it.
fn auction_id(request: &Request) -> AuctionId {
    match &request.trace {
        Some(parent) => AuctionId(Uuid::from_bytes(parent.trace_id.0)),
        None => new_auction(),
    }
}

/// An auction id as a trace id: thirty-two digits.
pub(crate) fn trace(auction: AuctionId) -> uuid::fmt::Simple {
    auction.0.simple()
}

pub(crate) fn dialect(request: &Request) -> Dialect {
    dialect_of(request.header(VERSION_HEADER))
}

pub(crate) fn dialect_of(version: Option<&str>) -> Dialect {
    match version {
        Some("2.5") => Dialect::V25,
        Some(_) | None => Dialect::V26,
    }
}

fn with_auction(mut response: Response, auction: AuctionId) -> Response {
    put_auction(&mut response, auction);
    response
}

fn put_auction(response: &mut Response, auction: AuctionId) {
    let mut text = [0; Hyphenated::LENGTH];
    let text = Hyphenated::from_uuid(auction.0).encode_lower(&mut text);
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(AUCTION_HEADER, value);
    }
}

fn new_auction() -> AuctionId {
    AuctionId::new(service::clock::now(), service::clock::random_bytes())
}

/// 204; with `nbr` in a body where the caller did something wrong, or asked to be told (B-40).
/// The reason's name stands in a header either way.
pub(crate) fn no_bid(worker: &Worker, request: &BidRequest<'_>, reason: NoBid) -> Response {
    let mut response = if reason.is_told() || worker.shared.config.tell_reasons {
        let mut body = Vec::new();
        refuse(request.id.as_deref().unwrap_or_default(), reason, &mut body);
        json(StatusCode::OK, body)
    } else {
        no_content()
    };
    name_reason(&mut response, reason);
    response
}

/// Tells the reason's name in a header.
pub(crate) fn name_reason(response: &mut Response, reason: NoBid) {
    let label = HeaderValue::from_static(reason.label());
    response.headers_mut().insert(NO_BID_HEADER, label);
}

/// 400 with a pointer to the fault.
pub(crate) fn malformed(error: &ReadError) -> Response {
    let problem = match error {
        ReadError::Malformed { .. } => Problem::new(
            StatusCode::BAD_REQUEST,
            "not_json",
            "The body is not a JSON object",
        ),
        ReadError::Invalid { .. } => Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "The bid request is invalid",
        ),
    };
    problem
        .detail(error.to_string())
        .pointer(error.pointer())
        .nbr(NoBid::InvalidRequest.code())
        .into_response()
}
