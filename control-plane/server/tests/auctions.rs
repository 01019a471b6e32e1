//! Auctions at the control plane: records and the notices that came after them (X-113).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod money;

use contracts::event::{NOTICE_STREAM, RECORD_STREAM};
use contracts::record::{AuctionNotice, AuctionNotices};
use money::Bank;
use units::{AuctionId, UnixMillis};
use uuid::Uuid;

#[tokio::test]
async fn auction_records_are_kept_for_seven_days_as_they_came() {
    let bank = Bank::open().await;
    let now = bank.ledger.now().await.unwrap();
    let document = r#"{"b":1.50,"a":"\u0000"}"#;
    // X-113: a record comes again with the notices that it got since.
    let young = r#"{"notices":[]}"#;
    for (id, request, age_s, document) in [
        (1, "r\\u00001", 0, young),
        (1, "r\\u00001", 0, document),
        (2, "r2", 8 * 86_400, document),
    ] {
        let at = now.0 - age_s * 1_000;
        let id = Uuid::from_u128(id);
        let record = format!(
            r#"{{"id":"{id}","request_id":"{request}","at":{at},"outcome":"won","document":{document}}}"#
        );
        bank.log
            .push(RECORD_STREAM, 1_000, record.as_bytes())
            .await
            .unwrap();
    }
    while bank.ingest.apply_records().await.unwrap() > 0 {}
    let auction = async |id| {
        bank.ledger
            .auction(AuctionId(Uuid::from_u128(id)))
            .await
            .unwrap()
    };
    assert_eq!(auction(1).await.as_deref(), Some(document));
    let by_request = bank.ledger.auction_of_request("r2").await.unwrap();
    assert_eq!(by_request.as_deref(), Some(document));
    // X-113: what came later stands beside what had left; both are read together, and forgotten together.
    let notice = |auction: u128, kind: &'static str, at: i64| AuctionNotice {
        auction: AuctionId(Uuid::from_u128(auction)),
        kind: kind.into(),
        dsp: "rival".into(),
        imp: "1\0".into(),
        outcome: "sent".into(),
        at: UnixMillis(at),
    };
    let notices = vec![
        notice(1, "bill", now.0 + 1),
        notice(1, "win", now.0),
        notice(2, "win", now.0 - 8 * 86_400_000),
    ];
    let batch = serde_json::to_vec(&AuctionNotices { notices }).unwrap();
    for _ in 0..2 {
        // A log that is read again repeats none.
        bank.log.push(NOTICE_STREAM, 1_000, &batch).await.unwrap();
    }
    while bank.ingest.apply_notices().await.unwrap() > 0 {}
    let whole = auction(1).await.unwrap();
    assert!(whole.starts_with(r#"{"b":1.50,"a":"\u0000","notices":["#));
    let whole: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let noted = whole["notices"].as_array().unwrap();
    let kinds: Vec<_> = noted
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["win", "bill"], "in their order");
    assert_eq!(noted[0]["at"], now.to_rfc3339());
    assert_eq!(bank.ingest.forget_auctions().await.unwrap(), 2);
    assert_eq!(auction(2).await, None);
    assert!(auction(1).await.is_some());
    assert_eq!(bank.number("SELECT count(*) FROM auction_notices").await, 2);
}
