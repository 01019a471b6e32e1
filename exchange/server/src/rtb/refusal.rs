//! Requests that come to no auction, though they can be read.

use exchange_core::intake::Intake;
use service::http::ShedReason;

use super::context::AuctionContext;
use super::sale::AuctionResult;
use super::summary::{self, Arrived};
use crate::exchange::InForce;
use crate::metrics::Outcome;

/// Ends an auction before anybody is asked, with its record.
pub(super) fn refused(
    context: &AuctionContext,
    arrived: &Arrived<'_>,
    request_id: String,
    reason: Option<i32>,
    words: &str,
) -> AuctionResult {
    let memory = context.recorder.memory();
    let facts = summary::without_auction(memory, arrived, Outcome::NoBid, &request_id, words);
    context.finish(Outcome::NoBid, arrived.arrival, facts);
    AuctionResult::NoBid { reason, request_id }
}

/// Ends an auction whose time waiting has used up before it was planned: it is shed, and counted as such (R22).
pub(super) fn out_of_time(
    context: &AuctionContext,
    in_force: &InForce,
    arrived: &Arrived<'_>,
    intake: &Intake<'_>,
) -> AuctionResult {
    let reason = ShedReason::Deadline;
    context.ops.shed(reason);
    let memory = context.recorder.memory();
    let version = in_force.catalog.version;
    let outcome = Outcome::Shed;
    let words = reason.label();
    let facts = summary::turned_away(memory, arrived, version, intake, outcome, words);
    context.finish(outcome, arrived.arrival, facts);
    AuctionResult::Shed {
        reason,
        request_id: intake.request.id().to_owned(),
    }
}

/// What nobody is asked about: traffic that no person makes, and inventory whose owner did not let
/// the seller sell it.
pub(super) fn turned_away(
    context: &AuctionContext,
    in_force: &InForce,
    arrived: &Arrived<'_>,
    intake: &Intake<'_>,
) -> Option<AuctionResult> {
    let exchange = &context.exchange;
    let request = &intake.request;
    let (nbr, words) = if let Some(invalid) = exchange.traffic.suspects(request) {
        exchange.metrics.invalid_traffic(invalid);
        (invalid.nbr(), invalid.label())
    } else {
        let account = arrived.source.account()?;
        let verdicts = &in_force.verdicts;
        let domain = &exchange.config.domain;
        let unauthorised = verdicts
            .admit(request, account.ads_txt, domain, &account.id)
            .err()?;
        exchange.metrics.unauthorised(unauthorised);
        (unauthorised.nbr(), unauthorised.label())
    };
    let memory = context.recorder.memory();
    let version = in_force.catalog.version;
    let outcome = Outcome::NoBid;
    let facts = summary::turned_away(memory, arrived, version, intake, outcome, words);
    context.finish(outcome, arrived.arrival, facts);
    Some(AuctionResult::NoBid {
        reason: Some(nbr),
        request_id: request.id().to_owned(),
    })
}
