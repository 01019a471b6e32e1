//! Why each line item would or would not bid: `POST /explain`, and beside an answer of `/bid`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bidder_core::choose::Limits;
use bidder_core::decide::{Decision, Instant as At, Scratch};
use bidder_core::explain::{Explanation, Question, Shading, Situation, explain};
use bidder_core::market::Market;
use bidder_core::no_bid::NoBid;
use bidder_core::opportunity::Opportunity;
use bidder_core::record::{Funds, SeenUser};
use bidder_core::respond::{Source, refuse};
use bidder_core::shading::ShadingView;
use bidder_core::surroundings::Around;
use contracts::catalog::Quarantined;
use openrtb::BidRequest;
use serde::Deserialize;
use serde_json::{Value, json};
use service::Problem;
use service::config::ConfigFault;
use service::http::{Request, Response, StatusCode, json as answer_json};
use units::{LeaseId, Nanos};

use crate::bid::Basis;
use crate::duplicates::Claims;
use crate::shared::Shared;
use crate::worker::Worker;
use crate::{access, bid, leases, profiles};

/// How much is explained.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct ExplainConfig {
    pub line_items: usize,
    pub imps: usize,
    pub at_once: usize,
}

impl ExplainConfig {
    /// What no type can say.
    pub(crate) fn faults(&self, faults: &mut Vec<ConfigFault>) {
        let keys = [
            ("explain.line_items", self.line_items, 10_000),
            ("explain.imps", self.imps, 100),
            ("explain.at_once", self.at_once, 64),
        ];
        for (key, value, most) in keys {
            if value == 0 || value > most {
                let why = format!("expected 1 to {most}");
                faults.push(ConfigFault::in_key(key, &why));
            }
        }
    }
}

/// What a caller may ask for beside the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Why each line item would or would not bid, in `ext.gavel` of the answer.
    pub(crate) explain: bool,
    /// A record of the decision, for `gavel replay`.
    pub(crate) record: bool,
}

impl Wishes {
    /// Whether an operator asks for a record of a request that cannot be read any further.
    pub(crate) fn record_alone(worker: &Worker, request: &Request) -> bool {
        request.query.is_some()
            && request.query_param("record").as_deref() == Some("1")
            && access::operator(&worker.shared, request).is_ok()
    }

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
    around: Around,
    at: At,
    seed: u128,
    /// What the decision itself holds: it counts as free, as it was when the decision looked.
    held: Vec<(LeaseId, Nanos)>,
    limits: Limits,
    /// What first-price bids are lowered by.
    shading: Arc<ShadingView>,
    /// Imps on whose opportunity another request has bid, by their place in the request.
    claimed: Vec<usize>,
    /// Name of the caller; absent for an operator who asks in nobody's name.
    source: Option<String>,
    /// The same, where it shows only creatives that it has approved itself.
    reviewer: Option<String>,
}

impl Trail {
    pub(crate) fn of(
        worker: &Worker,
        basis: &Basis<'_>,
        opportunity: &Opportunity<'_>,
        decision: &Decision<'_>,
        source: &Source,
    ) -> Self {
        let choices = decision.imps.iter().flat_map(|it| &it.ranked);
        let held = choices.map(|choice| {
            let reservation = &choice.reservation;
            (reservation.id().lease, reservation.cost())
        });
        Self {
            held: held.collect(),
            limits: basis.limits,
            shading: worker.shared.shading.view.load_full(),
            claimed: Claims::of_others(worker, opportunity, basis.at.boot),
            reviewer: source.reviewer().map(str::to_owned),
            market: Arc::clone(&basis.market),
            user: basis.found.seen(),
            around: basis.around.clone(),
            at: basis.at,
            seed: basis.seed,
            source: Some(source.name.clone()),
        }
    }

    /// Explains off the worker's thread: with a large catalog it takes longer than any bid may wait. `None`
    /// when enough others are at it, or the request offers nothing.
    async fn explain(self, worker: &Worker, request: &Request) -> Option<Explanation> {
        let asked = Asked::of(worker, request);
        let limits = worker.shared.config.request;
        let body = request.body.clone();
        let turn = Turn::take(Arc::clone(&worker.shared))?;
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let (request, _repairs) = BidRequest::read(&body, &limits).ok()?;
            let opportunity = Opportunity::read(&request, &self.market.rates).ok()?;
            let visible = opportunity.visible(&body, self.market.index.terms());
            let around = self.around.of(self.source.as_deref(), &visible);
            let mut opportunity = opportunity.within(around);
            opportunity.reviewed_by = self.reviewer.as_deref();
            let shading = self.source.as_deref().map(|source| Shading {
                view: &self.shading,
                source,
            });
            let situation = Situation {
                opportunity: &opportunity,
                market: &self.market,
                user: &self.user.user(),
                at: self.at,
                funds: &Funds::looking(self.held),
                seed: self.seed,
                limits: self.limits,
                shading,
            };
            Some(explain(
                &situation,
                &asked.question(&self.claimed),
                &mut Scratch::default(),
            ))
        });
        let mut explanation = task.await.ok().flatten()?;
        name_quarantined(worker, &mut explanation);
        Some(explanation)
    }
}

/// A record that could not be read is not in the catalog; what was wrong with it is known here.
fn name_quarantined(worker: &Worker, explanation: &mut Explanation) {
    let quarantined = worker.shared.catalog.quarantined.load();
    for absent in &mut explanation.absent {
        let is_it = |record: &&Quarantined| {
            let id = match record.list.as_str() {
                "line_items" => &absent.line_item,
                "campaigns" => &absent.campaign,
                _ => return false,
            };
            id.as_ref() == Some(&record.id)
        };
        if let Some(record) = quarantined.iter().find(is_it) {
            absent.why = format!("quarantined: {}", record.why);
        }
    }
}

/// What is asked for: `?line_item=` and `?campaign=`.
struct Asked {
    line_item: Option<String>,
    campaign: Option<String>,
    config: ExplainConfig,
}

impl Asked {
    fn of(worker: &Worker, request: &Request) -> Self {
        let named = |name| request.query_param(name).map(std::borrow::Cow::into_owned);
        Self {
            line_item: named("line_item"),
            campaign: named("campaign"),
            config: worker.shared.config.explain,
        }
    }

    fn question<'q>(&'q self, claimed: &'q [usize]) -> Question<'q> {
        Question {
            line_item: self.line_item.as_deref(),
            campaign: self.campaign.as_deref(),
            most: self.config.line_items,
            imps: self.config.imps,
            claimed,
        }
    }
}

/// One of the few explanations that are worked on at once.
struct Turn(Arc<Shared>);

impl Turn {
    fn take(shared: Arc<Shared>) -> Option<Self> {
        let most = shared.config.explain.at_once;
        let taken = shared
            .explaining
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| {
                (now < most).then_some(now + 1)
            });
        taken.is_ok().then(|| Self(shared))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.explaining.fetch_sub(1, Ordering::AcqRel);
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
    let sources = &worker.shared.sources;
    let source = match request.query_param("source") {
        Some(name) => match sources.by_name(&name) {
            Some(source) => Some(source),
            None => {
                return Problem::not_found()
                    .detail("?source= names none of the configured sources")
                    .into_response();
            }
        },
        None => sources.everybody(),
    };
    let boot = leases::boot_now();
    let (identity, claimed) = match Opportunity::read(&bid_request, &market.rates) {
        Ok(opportunity) => (
            opportunity.identity,
            Claims::of_others(worker, &opportunity, boot),
        ),
        Err(reason) => {
            let mut body = Vec::new();
            let id = bid_request.id.as_deref().unwrap_or_default();
            refuse(id, reason, &mut body);
            return answer_json(StatusCode::OK, body);
        }
    };
    let found = profiles::read(worker, &market, &bid_request, identity).await;
    let trail = Trail {
        market,
        user: found.seen(),
        around: worker.shared.finder.find(&bid_request, identity),
        at: At {
            now: service::clock::now(),
            boot,
        },
        seed: u128::from_le_bytes(service::clock::random_bytes()),
        held: Vec::new(),
        limits: worker.shared.config.bids,
        shading: worker.shared.shading.view.load_full(),
        claimed,
        source: source.map(|it| it.name.clone()),
        reviewer: source.and_then(Source::reviewer).map(str::to_owned),
    };
    let explained = trail.explain(worker, request).await;
    match explained.and_then(|it| serde_json::to_vec(&it).ok()) {
        Some(body) => answer_json(StatusCode::OK, body),
        None => Problem::unavailable(1)
            .detail("as many explanations as explain.at_once allows are being worked on")
            .into_response(),
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
        Some(trail) => trail.explain(worker, request).await,
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
