//! One auction over given answers, as the server runs it.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    reason = "tests and benches end where they cannot go on"
)]

pub(crate) mod loaded;
pub(crate) mod one_bid;

use std::collections::BTreeMap;

use contracts::catalog::DemandPartner;
use contracts::matches::Matches;
use exchange_core::auction::{
    Plan, Reach, Reached, Reply, Seller, Settlement, Terms, plan, settle,
};
use exchange_core::intake::{self, Additions, Bounds, Intake, Pages};
use exchange_core::routing::Pretargets;
use exchange_core::{Conditions, Market};
use units::{AuctionId, CpmMicros, Currency, RateTable, UnixMillis};

/// The bodies of example NN, by the beginning of their file names.
pub(crate) fn example(name: &str) -> (String, String) {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../crates/testkit/fixtures/openrtb"
    );
    let read = |kind: &str| {
        let path = format!("{folder}/{name}.{kind}.json");
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    (read("request"), read("response"))
}

pub(crate) fn partner(id: &str) -> DemandPartner {
    let text = format!(
        r#"{{"id":"{id}","name":"{id}","endpoint":"http://127.0.0.1:9/bid","active":true}}"#
    );
    serde_json::from_str(&text).unwrap()
}

/// A market of these partners, with the seed's currencies.
pub(crate) fn market(partners: &[DemandPartner]) -> Market {
    let per_usd: BTreeMap<Currency, i64> = [
        ("EUR", 920_000_000),
        ("GBP", 790_000_000),
        ("JPY", 150_000_000_000),
    ]
    .into_iter()
    .map(|(code, rate)| (Currency::parse(code).unwrap(), rate))
    .collect();
    Market {
        partners: partners.to_vec(),
        rates: RateTable { id: 1, per_usd },
        increment: CpmMicros::CENT,
        pretargets: Pretargets::compile(partners),
        domain: "exchange.example".to_owned(),
        ..Market::default()
    }
}

/// When requests arrive: some minutes before the display of example 11.
pub(crate) const AT: UnixMillis = UnixMillis(1_793_390_000_000);

pub(crate) fn auction_id(seed: u8) -> AuctionId {
    AuctionId::new(UnixMillis(1_790_000_000_000), [seed; 10])
}

/// Reads a request to which there is nothing to add; what it is written anew in lives as long as the test.
pub(crate) fn intake(body: &str) -> Intake<'_> {
    let pages = Box::leak(Box::default());
    taken_in(body, pages, &Additions::default())
}

pub(crate) fn taken_in<'a>(
    body: &'a str,
    pages: &'a mut Pages,
    additions: &Additions<'_>,
) -> Intake<'a> {
    intake::read(body.as_bytes(), pages, additions, &Bounds::default()).unwrap()
}

pub(crate) fn planned<'a>(intake: &'a Intake<'a>, market: &Market, seed: u8) -> Plan<'a> {
    let terms = Terms {
        auction: auction_id(seed),
        request_id: intake.request.id(),
        remaining_ms: 90,
        seller: Seller {
            sid: "ssp-1",
            is_owner: false,
        },
        matches: &Matches::default(),
        at: AT,
    };
    plan(intake, market, &terms, |_| Ok(Reach::default()))
}

/// Settles with one answer per ask, in the given order.
pub(crate) fn settled<'b>(
    plan: &Plan<'_>,
    market: &Market,
    answers: &[(usize, &'b str)],
) -> Settlement<'b> {
    settled_under(plan, market, &Conditions::default(), answers)
}

/// The same under a seller's own conditions.
pub(crate) fn settled_under<'b>(
    plan: &Plan<'_>,
    market: &Market,
    conditions: &Conditions<'_>,
    answers: &[(usize, &'b str)],
) -> Settlement<'b> {
    let replies: Vec<Reply<'b>> = answers
        .iter()
        .map(|(ask, body)| Reply {
            ask: *ask,
            reached: Reached::Body(body.as_bytes()),
        })
        .collect();
    settle(plan, market, conditions, &replies)
}

/// `bid id → what became of it`: `won PRICE CUR` or the loss's code.
pub(crate) fn fates(settlement: &Settlement<'_>) -> Vec<(String, String)> {
    settlement
        .bids
        .iter()
        .map(|judged| {
            let fate = match (judged.win(), judged.loss()) {
                (Some(win), _) => format!("won {} {}", win.price, judged.currency),
                (None, Some(loss)) => loss.code().to_string(),
                (None, None) => String::new(),
            };
            (judged.bid.id().to_owned(), fate)
        })
        .collect()
}

pub(crate) fn cpm(text: &str) -> CpmMicros {
    CpmMicros::parse(text).unwrap()
}
