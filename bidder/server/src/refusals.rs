//! Requests that are refused before any line item is looked at: recorded as decisions are.

use bidder_core::no_bid::NoBid;
use bidder_core::record::TurnedAway;
use bidder_core::respond::Source;
use contracts::access::AUCTION_ID_HEADER;
use service::http::{HeaderMap, HeaderValue, Request, Response, header};
use units::AuctionId;

use crate::bid::{VERSION_HEADER, dialect, dialect_of};
use crate::records::{Asked, Record, Refusal};
use crate::worker::Worker;

const SHED_HEADER: &str = "x-shed-reason";

/// Its time was over.
pub(crate) fn late(detail: &str) -> TurnedAway {
    TurnedAway {
        reason: NoBid::TooLittleTime.label().to_owned(),
        detail: Some(detail.to_owned()),
    }
}

/// Records a request that was refused before any line item was looked at, where it is one of the share or
/// `wanted`.
pub(crate) fn note_refusal(
    worker: &Worker,
    request: &Request,
    source: &Source,
    auction: AuctionId,
    wanted: bool,
    refusal: Refusal<'_>,
) {
    let shared = &worker.shared;
    let seed = u128::from_le_bytes(service::clock::random_bytes());
    if wanted || shared.config.records.is_due(seed) {
        let asked = Asked {
            auction,
            source,
            dialect: dialect(request),
            seed,
        };
        shared
            .records
            .keep(&Record::refused(shared, &asked, refusal));
    }
}

/// Gives an answer that was made before any auction the id that every answer has; of bid requests a share is
/// recorded, with what the caller can be known by.
pub(crate) fn name_shed(worker: &Worker, headers: &HeaderMap, response: &mut Response) {
    let auction = AuctionId::new(service::clock::now(), service::clock::random_bytes());
    if let Ok(value) = HeaderValue::try_from(auction.to_string()) {
        response.headers_mut().insert(AUCTION_ID_HEADER, value);
    }
    let shared = &worker.shared;
    let seed = u128::from_le_bytes(service::clock::random_bytes());
    // Others than bid requests are told so in a body.
    let is_bid = !response.headers().contains_key(header::CONTENT_TYPE);
    if !is_bid || !shared.config.records.is_due(seed) {
        return;
    }
    let text = |map: &HeaderMap, name: &str| {
        let value = map.get(name).and_then(|it| it.to_str().ok());
        value.map(str::to_owned)
    };
    let reason = text(response.headers(), SHED_HEADER).unwrap_or_default();
    let asked = Asked {
        auction,
        source: &shared.sources.named_by(headers),
        dialect: dialect_of(text(headers, VERSION_HEADER.as_str()).as_deref()),
        seed,
    };
    let why = TurnedAway {
        reason,
        detail: None,
    };
    let record = Record::refused(shared, &asked, Refusal::TurnedAway(why));
    shared.records.keep(&record);
}
