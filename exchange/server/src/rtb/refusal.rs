//! Requests that come to no auction, though they can be read.

use exchange_core::intake::Intake;

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
    let mut document = summary::without_auction(arrived, Outcome::NoBid, words.to_owned());
    document.request_id.clone_from(&request_id);
    context.finish(Outcome::NoBid, arrived.arrival, document);
    AuctionResult::NoBid { reason, request_id }
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
    let document = summary::turned_away(arrived, in_force.catalog.version, intake, words);
    context.finish(Outcome::NoBid, arrived.arrival, document);
    Some(AuctionResult::NoBid {
        reason: Some(nbr),
        request_id: request.id().to_owned(),
    })
}
