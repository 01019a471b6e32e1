//! A recorded auction planned and settled again, and compared with what was recorded.

use std::borrow::Cow;
use std::path::Path;

use contracts::catalog::Catalog;
use exchange_core::Market;
use exchange_core::auction::{Plan, Reached, Reply, Seller, Settlement, Terms, plan, settle};
use exchange_core::intake::Intake;
use exchange_core::routing::NotAsked;
use openrtb::{BidRequest, Limits, ReadError};
use recording::{Differences, FindError, sha256, unhex, xxh3};
use units::AuctionId;

use super::{Outcome, Recorded, Said, Seen};
use crate::records::auctions::Auctions;
use crate::records::seen::Admission;

/// A record, and how the auction compares that was settled again from it.
pub type Again = recording::Again<Seen<'static>, Outcome<'static>>;

/// Why an auction could not be settled again.
pub type AgainError = recording::AgainError<Unreplayable>;

/// Finds the record of an auction in an exchange's data directory, plans and settles again, and compares.
///
/// # Errors
/// [`AgainError`]: there is nothing to settle again from.
pub fn again(data_dir: &Path, id: AuctionId) -> Result<Again, AgainError> {
    recording::again::<Auctions, _>(data_dir, id, compare)
}

fn compare(recorded: &Recorded, differences: &mut Differences) -> Result<(), AgainError> {
    let text = recorded.catalog::<Auctions>()?;
    differences.catalog(&text);
    let version = text.version;
    let (catalog, _) =
        Catalog::read(&text.text).map_err(|error| FindError::Catalog { version, error })?;
    let digest = if recorded.is_older { sha256 } else { xxh3 };
    let compared = replay(&recorded.seen, &catalog, digest, |settled| {
        differences.compare("/outcome", &recorded.outcome_there, &settled)
    });
    compared.map_err(AgainError::Unreplayable)??;
    Ok(())
}

/// Why a record cannot be settled again.
#[derive(Debug, thiserror::Error)]
pub enum Unreplayable {
    /// Its request cannot be read.
    #[error("the recorded request cannot be read: {0}")]
    Request(#[from] ReadError),
    /// The catalog is of another version than the record's.
    #[error("the record was settled by catalog version {recorded}, and this is version {given}")]
    OtherVersion {
        /// The record's.
        recorded: u64,
        /// The catalog's.
        given: u64,
    },
    /// A recorded body is damaged.
    #[error("the recorded answer to ask {0} cannot be read")]
    Answer(usize),
}

/// Plans and settles again, by the same functions, from what was seen, and hands over what came of it, with
/// this digest of what was sent.
///
/// # Errors
/// [`Unreplayable`]: the catalog is of another version, or the record not readable.
pub fn replay<T>(
    seen: &Seen<'_>,
    catalog: &Catalog,
    digest: fn(&[u8]) -> String,
    take: impl FnOnce(Outcome<'_>) -> T,
) -> Result<T, Unreplayable> {
    settle_again(seen, catalog, |market, plan, settlement| {
        let share = seen.seller.share();
        let outcome = Outcome::of(market, plan, settlement, share, &seen.forfeits);
        take(if seen.is_whole {
            outcome.with_bodies(&plan.bodies, digest)
        } else {
            outcome
        })
    })
}

/// Plans and settles again, by the same functions, from what was seen.
///
/// # Errors
/// [`Unreplayable`]: the catalog is of another version, or the record not readable.
pub(crate) fn settle_again<T>(
    seen: &Seen<'_>,
    catalog: &Catalog,
    take: impl FnOnce(&Market, &Plan<'_>, &Settlement<'_>) -> T,
) -> Result<T, Unreplayable> {
    if seen.catalog != catalog.version {
        return Err(Unreplayable::OtherVersion {
            recorded: seen.catalog,
            given: catalog.version,
        });
    }
    let body = seen.request.bytes();
    let (request, repairs) = BidRequest::read(body, &Limits::MEASURED)?;
    let intake = Intake {
        body,
        request,
        repairs,
        tmax_ms: seen.tmax_ms,
    };
    let market = seen.settings.market(catalog);
    let request_id = seen.auction.to_string();
    let terms = Terms {
        auction: seen.auction,
        request_id: &request_id,
        remaining_ms: seen.remaining_ms,
        seller: Seller {
            sid: &seen.seller.sid,
            is_owner: seen.seller.is_owner,
        },
        matches: &seen.matches,
        at: seen.at,
    };
    let plan = plan(&intake, &market, &terms, |candidate| {
        let mut admissions = seen.admissions.iter();
        let found = admissions.find(|it| it.partner == candidate.index);
        found.map_or(Err(NotAsked::Unreachable), Admission::said)
    });
    let bytes = seen.answers.iter().map(|answer| match &answer.said {
        Said::Body(body) => Ok(Cow::Borrowed(body.bytes())),
        Said::Bytes(text) => {
            let bytes = unhex(text).ok_or(Unreplayable::Answer(answer.ask))?;
            Ok(Cow::Owned(bytes))
        }
        Said::NoContent | Said::TimedOut | Said::Shed | Said::Failed => Ok(Cow::default()),
    });
    let bytes: Vec<Cow<'_, [u8]>> = bytes.collect::<Result<_, Unreplayable>>()?;
    let answers = seen.answers.iter().zip(&bytes);
    let replies = answers.map(|(answer, bytes)| Reply {
        ask: answer.ask,
        reached: match answer.said {
            Said::Body(_) | Said::Bytes(_) => Reached::Body(bytes),
            Said::NoContent => Reached::NoContent,
            Said::TimedOut => Reached::TimedOut,
            Said::Shed => Reached::Shed,
            Said::Failed => Reached::Failed,
        },
    });
    let replies: Vec<Reply<'_>> = replies.collect();
    let conditions = seen.seller.conditions(catalog);
    let settlement = settle(&plan, &market, &conditions, &replies);
    Ok(take(&market, &plan, &settlement))
}
