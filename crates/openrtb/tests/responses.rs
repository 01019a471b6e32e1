//! Responses: every form of no-bid, and bids that stand each for itself.

use openrtb::{BadBidReason, BidResponse, Limits, Price, ReadError};

fn read(body: &str) -> Result<BidResponse<'_>, ReadError> {
    BidResponse::read(body.as_bytes(), &Limits::RESPONSE).map(|(response, _)| response)
}

#[test]
fn polite_no_bids() {
    // C-131
    let forms = [
        ("", None),
        (" \n", None),
        ("{}", None),
        (r#"{"id":"1"}"#, None),
        (r#"{"id":"1","seatbid":[]}"#, None),
        (r#"{"id":"1","seatbid":null}"#, None),
        (r#"{"id":"1","seatbid":[{"bid":[]}],"nbr":2}"#, Some(2)),
        (r#"{"id":"1","nbr":"8"}"#, Some(8)),
        (r#"{"nbr":4711}"#, Some(4711)),
    ];
    for (body, nbr) in forms {
        let response = read(body).unwrap();
        assert!(response.is_no_bid(), "{body}");
        assert_eq!(response.nbr.map(|nbr| nbr.0), nbr, "{body}");
    }
    for body in ["no bid", "null", "[]", "\"\"", "{\"id\":", "{}{}"] {
        assert!(
            matches!(read(body), Err(ReadError::Malformed { .. })),
            "C-131 an error: {body}"
        );
    }
}

#[test]
fn one_bad_bid_leaves_the_others() {
    // C-32, C-130
    let body = r#"{"id":"1","seatbid":[{"seat":"s","bid":[
        {"id":"1","impid":"a","price":1.5},
        {"id":"2","price":2,"lurl":"https://l"},
        17,
        {"impid":"a","price":3},
        {"id":5,"impid":6,"price":"4.25"}
    ]},{"bid":{"id":"6","impid":"a","price":1}},"x"]}"#;
    let response = read(body).unwrap();
    let seen: Vec<_> = response
        .bids()
        .map(|(seat, bid)| match bid {
            Ok(bid) => (
                seat.seat.as_deref(),
                Ok((bid.id(), bid.price.cpm().unwrap().to_string())),
            ),
            Err(bad) => (seat.seat.as_deref(), Err((bad.reason, bad.id.as_deref()))),
        })
        .collect();
    let ok = |id, price: &str| Ok((id, price.to_owned()));
    let want = [
        (Some("s"), ok("1", "1.5")),
        (Some("s"), Err((BadBidReason::MissingImpId, Some("2")))),
        (Some("s"), Err((BadBidReason::NotAnObject, None))),
        (Some("s"), Err((BadBidReason::MissingId, None))),
        (Some("s"), ok("5", "4.25")),
        (None, ok("6", "1")),
    ];
    assert_eq!(seen, want);
    let lurl = response
        .bids()
        .find_map(|(_, bid)| bid.as_ref().err()?.lurl.clone());
    assert_eq!(lurl.as_deref(), Some("https://l"));
}

#[test]
fn prices_are_exact_or_visibly_none() {
    // X-53, C-27, R35
    let rows = [
        ("1.375", "1.375"),
        ("\"2.5\"", "2.5"),
        ("0.1000001", "0.1"),
        ("0", "0"),
        ("-1", "invalid"),
        ("1e999", "beyond"),
        ("1000001", "beyond"),
        ("-1e999", "invalid"),
        ("\"NaN\"", "invalid"),
        ("true", "invalid"),
        ("[1]", "invalid"),
        ("null", "absent"),
    ];
    for (json, want) in rows {
        let body =
            format!(r#"{{"seatbid":[{{"bid":[{{"id":"1","impid":"a","price":{json}}}]}}]}}"#);
        let response = read(&body).unwrap();
        let bid = response.seatbid[0].bid[0].as_ref().unwrap();
        let price = match bid.price {
            Price::Absent => "absent".to_owned(),
            Price::Invalid => "invalid".to_owned(),
            Price::Beyond => "beyond".to_owned(),
            Price::Cpm(price) => price.to_string(),
        };
        assert_eq!(price, want, "{json}");
        let positive = !["absent", "invalid", "beyond", "0"].contains(&want);
        assert_eq!(bid.price.positive().is_some(), positive, "{json}");
    }
}

#[test]
fn a_doubled_key_marks_its_bid_alone() {
    // C-31, R36
    for key in ["id", "impid", "price", "dealid", "adm"] {
        let body = format!(
            r#"{{"seatbid":[{{"bid":[{{"id":"1","impid":"a","price":1,"dealid":"d","adm":"m","{key}":"9"}},{{"id":"2","impid":"a","price":1,"crid":"a","crid":"b"}}]}}]}}"#
        );
        let response = read(&body).unwrap();
        let marked: Vec<bool> = response
            .bids()
            .map(|(_, bid)| bid.as_ref().unwrap().has_duplicate_key())
            .collect();
        assert_eq!(marked, [true, false], "{key}");
        let last = response.seatbid[0].bid[1].as_ref().unwrap();
        assert_eq!(last.crid.as_deref(), Some("b"), "the last wins");
    }
}

#[test]
fn a_currency_that_is_none_voids_the_response() {
    assert!(matches!(
        read(r#"{"cur":"dollars","seatbid":[]}"#),
        Err(ReadError::Invalid { .. })
    ));
    assert_eq!(
        read(r#"{"cur":"eur"}"#).unwrap().cur().as_str(),
        "EUR",
        "C-28"
    );
    assert_eq!(read("{}").unwrap().cur().as_str(), "USD", "C-62");
}

#[test]
fn markup_may_be_an_object() {
    // C-91, C-133
    let response = read(
        r#"{"seatbid":[{"bid":[{"id":"1","impid":"a","price":1,"adm":{"native":{"link":{"url":"u"}}},"api":7,"ext":{"mtype":4}}]}]}"#,
    )
    .unwrap();
    let bid = response.seatbid[0].bid[0].as_ref().unwrap();
    assert_eq!(
        bid.native().unwrap().link.unwrap().url.as_deref(),
        Some("u")
    );
    assert_eq!(bid.apis().map(|api| api.0).collect::<Vec<_>>(), [7]);
    assert_eq!(bid.mtype().map(|mtype| mtype.0), Some(4));
}
